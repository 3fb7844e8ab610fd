namespace vireo {
namespace {

// New keys go in transposed, so that a vector holds one dimension of neighbouring tokens.
void attention_store(const AttentionArgs& a, int part, int parts) {
  const int64_t dim = a.dim, page_values = (int64_t)dim * kPageRows;
  int64_t index = 0;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    for (int t = 0; t < span.rows; ++t, ++index) {
      if (index % parts != part) continue;
      const int position = span.position + t, line = position % kPageRows;
      const int64_t page = a.batch.pages[span.page_begin + position / kPageRows];
      const float* k = a.k.data + (span.row + t) * a.k.stride;
      const float* v = a.v.data + (span.row + t) * a.v.stride;
      for (int64_t head = 0; head < a.kv_heads; ++head) {
        const int64_t at = (page * a.kv_heads + head) * page_values;
        for (int64_t d = 0; d < dim; ++d) {
          const int64_t key = at + d * kPageRows + line, value = at + line * dim + d;
          const float kd = k[head * dim + d], vd = v[head * dim + d];
          if (a.cache_f32) {
            ((float*)a.k_cache)[key] = kd;
            ((float*)a.v_cache)[value] = vd;
          } else {
            ((uint16_t*)a.k_cache)[key] = f32_to_bf16(kd);
            ((uint16_t*)a.v_cache)[value] = f32_to_bf16(vd);
          }
        }
      }
    }
  }
}

inline vf load_cached(const float* p) { return load(p); }
inline vf load_cached(const uint16_t* p) { return load_bf16(p); }

constexpr int kPageVecs = kPageRows / LANES;
constexpr int kVecsAtOnce = LANES == 16 ? 4 : LANES == 8 ? 2 : 1;
constexpr int kMaxRowsAtOnce =
    16;  // query rows that go over a page together, while it is in the L1 cache

// State of a query: the running maximum of its scores and the sum of their exponentials.
struct Softmax {
  float maximum, total;
};

// Q queries against one page. scores [Q][kPageRows]; lines from `valid` on get probability 0.
template <int Q, typename T>
inline void page_scores(const float* q, const T* k, int64_t dim, int valid, float scale,
                        float* scores) {
  for (int v = 0; v < kPageVecs; v += kVecsAtOnce) {
    vf acc[Q][kVecsAtOnce] = {};
    for (int64_t d = 0; d < dim; ++d)
      for (int i = 0; i < kVecsAtOnce; ++i) {
        const vf key = load_cached(k + d * kPageRows + (v + i) * LANES);
        for (int h = 0; h < Q; ++h) acc[h][i] = fma(q[h * dim + d], key, acc[h][i]);
      }
    for (int h = 0; h < Q; ++h)
      for (int i = 0; i < kVecsAtOnce; ++i)
        store(scores + h * kPageRows + (v + i) * LANES, acc[h][i] * scale);
  }
  for (int h = 0; h < Q; ++h)
    for (int j = valid; j < kPageRows; ++j) scores[h * kPageRows + j] = -__builtin_inff();
}

// Scores → probabilities relative to the grown maximum; returns what the sums so far shrink by.
inline float page_softmax(float* scores, Softmax& state) {
  vf top = splat(state.maximum), sums = {};
  for (int j = 0; j < kPageRows; j += LANES) top = vmax(top, load(scores + j));
  const float grown = max_of(top), keep = exp1(state.maximum - grown);
  for (int j = 0; j < kPageRows; j += LANES) {
    const vf p = vexp(load(scores + j) - grown);
    store(scores + j, p);
    sums += p;
  }
  state = {grown, state.total * keep + sum(sums)};
  return keep;
}

// out[h] = out[h] · keep[h] + probabilities · values.
template <int Q, typename T>
inline void page_values(const float* p, const T* v, int64_t dim, int valid, const float* keep,
                        float* out) {
  int64_t d = 0;
  for (; d + kVecsAtOnce * LANES <= dim; d += kVecsAtOnce * LANES) {
    vf acc[Q][kVecsAtOnce];
    for (int h = 0; h < Q; ++h)
      for (int i = 0; i < kVecsAtOnce; ++i)
        acc[h][i] = load(out + h * dim + d + i * LANES) * keep[h];
    for (int j = 0; j < valid; ++j)
      for (int i = 0; i < kVecsAtOnce; ++i) {
        const vf value = load_cached(v + j * dim + d + i * LANES);
        for (int h = 0; h < Q; ++h) acc[h][i] = fma(p[h * kPageRows + j], value, acc[h][i]);
      }
    for (int h = 0; h < Q; ++h)
      for (int i = 0; i < kVecsAtOnce; ++i) store(out + h * dim + d + i * LANES, acc[h][i]);
  }
  for (; d + LANES <= dim; d += LANES)
    for (int h = 0; h < Q; ++h) {
      vf acc = load(out + h * dim + d) * keep[h];
      for (int j = 0; j < valid; ++j)
        acc = fma(p[h * kPageRows + j], load_cached(v + j * dim + d), acc);
      store(out + h * dim + d, acc);
    }
}

template <int Q, typename T>
inline void page_heads(const float* q, const T* k, const T* v, int64_t dim, int valid, float scale,
                       Softmax* state, float* out) {
  float scores[Q * kPageRows], keep[Q];
  page_scores<Q>(q, k, dim, valid, scale, scores);
  for (int h = 0; h < Q; ++h) keep[h] = page_softmax(scores + h * kPageRows, state[h]);
  page_values<Q>(scores, v, dim, valid, keep, out);
}

// Rows [first, first + rows) of a span, all query heads of one kv head. The sums grow in y itself.
template <typename T>
inline void attend_rows(const AttentionArgs& a, const Span& span, int64_t kv_head, int first,
                        int rows) {
  const int64_t dim = a.dim, heads = a.heads / a.kv_heads, from = kv_head * heads * dim;
  const int32_t* pages = a.batch.pages + span.page_begin;
  Softmax state[kMaxRowsAtOnce][kMaxHeads];
  for (int r = 0; r < rows; ++r) {
    for (int h = 0; h < heads; ++h) state[r][h] = {-__builtin_inff(), 0.0f};
    memset(a.y.data + (span.row + first + r) * a.y.stride + from, 0, (size_t)(heads * dim) * 4);
  }
  const int all = span.position + span.rows;
  for (int begin = 0; begin < (a.bidirectional ? all : span.position + first + rows);
       begin += kPageRows) {
    const int64_t at = ((int64_t)pages[begin / kPageRows] * a.kv_heads + kv_head) * dim * kPageRows;
    const T *k = (const T*)a.k_cache + at, *v = (const T*)a.v_cache + at;
    for (int r = 0; r < rows; ++r) {
      const int seen = (a.bidirectional ? all : span.position + first + r + 1) - begin;
      if (seen <= 0) continue;
      const int valid = seen < kPageRows ? seen : kPageRows;
      const int64_t row = span.row + first + r;
      const float* q = a.q.data + row * a.q.stride + from;
      float* out = a.y.data + row * a.y.stride + from;
      int64_t h = 0;
      for (; h + 5 <= heads; h += 5)
        page_heads<5>(q + h * dim, k, v, dim, valid, a.scale, state[r] + h, out + h * dim);
      for (; h + 4 <= heads; h += 4)
        page_heads<4>(q + h * dim, k, v, dim, valid, a.scale, state[r] + h, out + h * dim);
      for (; h < heads; ++h)
        page_heads<1>(q + h * dim, k, v, dim, valid, a.scale, state[r] + h, out + h * dim);
    }
  }
  for (int r = 0; r < rows; ++r)
    for (int64_t h = 0; h < heads; ++h) {
      float* out = a.y.data + (span.row + first + r) * a.y.stride + from + h * dim;
      const float scale = 1.0f / state[r][h].total;
      for (int64_t d = 0; d < dim; ++d) out[d] *= scale;
    }
}

void attention(const AttentionArgs& a, int part, int parts) {
  int64_t index = 0;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    for (int64_t kv_head = 0; kv_head < a.kv_heads; ++kv_head)
      for (int first = 0; first < span.rows; first += kMaxRowsAtOnce, ++index) {
        if (index % parts != part) continue;
        const int left = span.rows - first, rows = left < kMaxRowsAtOnce ? left : kMaxRowsAtOnce;
        if (a.cache_f32) attend_rows<float>(a, span, kv_head, first, rows);
        else attend_rows<uint16_t>(a, span, kv_head, first, rows);
      }
  }
}

// Whole-tile attention: keys transposed once per head, then four queries at a time, all scores of a
// query in cache.
void tile_attention(const TileAttentionArgs& a, int part, int parts) {
  const int64_t tokens = a.tokens, dim = a.dim, padded = round_up(tokens, 64),
                dp = round_up(dim, 32);
  const int64_t width = (int64_t)a.heads * dim, tiles = a.y.rows / tokens;
  float* keys =
      (float*)(a.scratch + part * tile_attention_scratch_bytes(tokens, dim));  // [dim][padded]
  float* values = keys + dp * padded;                                          // [tokens][dp]
  float* scores = values + padded * dp;                                        // [4][padded]
  const Range items = share(tiles * a.heads, part, parts);
  for (int64_t item = items.begin; item < items.end; ++item) {
    const int64_t tile = item / a.heads, head = item % a.heads;
    const float* base = a.qkv.data + tile * tokens * a.qkv.stride + head * dim;
    memset(keys, 0, (size_t)(dp * padded) * 4);
    memset(values, 0, (size_t)(padded * dp) * 4);
    for (int64_t t = 0; t < tokens; ++t) {
      const float* k = base + t * a.qkv.stride + width;
      for (int64_t d = 0; d < dim; ++d) keys[d * padded + t] = k[d];
      memcpy(values + t * dp, k + width, (size_t)dim * 4);
    }
    for (int64_t t = 0; t < tokens; t += 4) {
      const int count = tokens - t < 4 ? (int)(tokens - t) : 4;
      const float* q[4];
      for (int r = 0; r < 4; ++r) q[r] = base + (t + (r < count ? r : 0)) * a.qkv.stride;
      for (int64_t j = 0; j < padded; j += 4 * LANES) {
        const int vecs = padded - j >= 4 * LANES ? 4 : (int)((padded - j) / LANES);
        for (int v = 0; v < vecs; ++v) {
          vf acc[4] = {};
          for (int64_t d = 0; d < dim; ++d) {
            const vf k = load(keys + d * padded + j + v * LANES);
            for (int r = 0; r < 4; ++r) acc[r] = fma(q[r][d], k, acc[r]);
          }
          for (int r = 0; r < 4; ++r) store(scores + r * padded + j + v * LANES, acc[r] * a.scale);
        }
      }
      float inverse[4];
      for (int r = 0; r < 4; ++r) {
        float* row = scores + r * padded;
        for (int64_t j = tokens; j < padded; ++j) row[j] = -__builtin_inff();
        vf top = splat(-__builtin_inff()), sums = {};
        for (int64_t j = 0; j < padded; j += LANES) top = vmax(top, load(row + j));
        const float maximum = max_of(top);
        for (int64_t j = 0; j < padded; j += LANES) {
          const vf p = vexp(load(row + j) - maximum);
          store(row + j, p);
          sums += p;
        }
        inverse[r] = 1.0f / sum(sums);
      }
      for (int64_t d = 0; d < dp; d += LANES) {
        vf acc[4] = {};
        for (int64_t j = 0; j < tokens; ++j) {
          const vf v = load(values + j * dp + d);
          for (int r = 0; r < 4; ++r) acc[r] = fma(scores[r * padded + j], v, acc[r]);
        }
        const int64_t left = dim - d < LANES ? dim - d : LANES;
        for (int r = 0; r < count && left > 0; ++r) {
          const vf y = acc[r] * inverse[r];
          memcpy(a.y.data + (tile * tokens + t + r) * a.y.stride + head * dim + d, &y,
                 (size_t)left * 4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace vireo
