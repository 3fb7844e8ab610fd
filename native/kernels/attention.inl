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

// Scores of one query against a page, scaled; lines from `valid` on are −inf.
template <typename T>
inline void page_scores(const float* q, const T* k, int64_t dim, int valid, float scale,
                        float* scores) {
  for (int v = 0; v < kPageVecs; v += (kPageVecs < 4 ? kPageVecs : 4)) {
    constexpr int kStep = kPageVecs < 4 ? kPageVecs : 4;
    vf acc[kStep] = {};
    for (int64_t d = 0; d < dim; ++d)
      for (int i = 0; i < kStep; ++i)
        acc[i] = fma(q[d], load_cached(k + d * kPageRows + (v + i) * LANES), acc[i]);
    for (int i = 0; i < kStep; ++i) store(scores + (v + i) * LANES, acc[i] * scale);
  }
  for (int j = valid; j < kPageRows; ++j) scores[j] = -__builtin_inff();
}

// One query over all its pages, by the running softmax: out is rescaled whenever the maximum grows.
template <typename T>
inline void attend_row(const AttentionArgs& a, const float* q, int64_t kv_head,
                       const int32_t* pages, int tokens, float* out) {
  const int64_t dim = a.dim, page_values = dim * kPageRows;
  float scores[kPageRows], maximum = -__builtin_inff(), total = 0.0f;
  for (int64_t d = 0; d < dim; ++d) out[d] = 0.0f;
  for (int from = 0; from < tokens; from += kPageRows) {
    const int valid = tokens - from < kPageRows ? tokens - from : kPageRows;
    const int64_t at = ((int64_t)pages[from / kPageRows] * a.kv_heads + kv_head) * page_values;
    page_scores(q, (const T*)a.k_cache + at, dim, valid, a.scale, scores);
    vf top = splat(maximum);
    for (int j = 0; j < kPageRows; j += LANES) top = vmax(top, load(scores + j));
    const float grown = max_of(top), keep = exp1(maximum - grown);
    vf sums = {};
    for (int j = 0; j < kPageRows; j += LANES) {
      const vf p = vexp(load(scores + j) - grown);
      store(scores + j, p);
      sums += p;
    }
    total = total * keep + sum(sums);
    maximum = grown;
    const T* v = (const T*)a.v_cache + at;
    int64_t d = 0;
    for (; d + 4 * LANES <= dim; d += 4 * LANES) {
      vf acc[4];
      for (int i = 0; i < 4; ++i) acc[i] = load(out + d + i * LANES) * keep;
      for (int j = 0; j < valid; ++j)
        for (int i = 0; i < 4; ++i)
          acc[i] = fma(scores[j], load_cached(v + j * dim + d + i * LANES), acc[i]);
      for (int i = 0; i < 4; ++i) store(out + d + i * LANES, acc[i]);
    }
    for (; d + LANES <= dim; d += LANES) {
      vf acc = load(out + d) * keep;
      for (int j = 0; j < valid; ++j) acc = fma(scores[j], load_cached(v + j * dim + d), acc);
      store(out + d, acc);
    }
  }
  const float scale = 1.0f / total;
  for (int64_t d = 0; d < dim; ++d) out[d] *= scale;
}

void attention(const AttentionArgs& a, int part, int parts) {
  const int64_t per_kv = a.heads / a.kv_heads;
  int64_t index = 0;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    const int32_t* pages = a.batch.pages + span.page_begin;
    for (int64_t kv_head = 0; kv_head < a.kv_heads; ++kv_head)
      for (int t = 0; t < span.rows; ++t, ++index) {
        if (index % parts != part) continue;
        for (int64_t head = kv_head * per_kv; head < (kv_head + 1) * per_kv; ++head) {
          const float* q = a.q.data + (span.row + t) * a.q.stride + head * a.dim;
          float* out = a.y.data + (span.row + t) * a.y.stride + head * a.dim;
          const int tokens = span.position + t + 1;
          if (a.cache_f32) attend_row<float>(a, q, kv_head, pages, tokens, out);
          else attend_row<uint16_t>(a, q, kv_head, pages, tokens, out);
        }
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
