// The vision tower's attention on AMX: keys and values of one head are laid out as bf16 tiles once,
// then 32 queries at a time go through scores, softmax and the weighted sum, all within the L2
// cache. Scores never leave the L1 cache; rows of weights are an odd number of lines apart, so that
// they fall into all sets.
namespace vireo {
namespace {

struct HeadTiles {
  int64_t tokens, dim, kv, d_tiles, d_strips;  // kv: tokens rounded up to 32
  int64_t weights_stride;                      // elements per row
  uint16_t *keys, *values, *queries, *weights;
  float *scores, *out;
};

inline HeadTiles head_tiles(const TileAttentionArgs& a, int part) {
  HeadTiles t;
  t.tokens = a.tokens;
  t.dim = a.dim;
  t.kv = round_up(a.tokens, 32);
  t.d_tiles = round_up(a.dim, 32) / 32;
  t.d_strips = round_up(a.dim, 16) / 16;
  t.weights_stride = (t.kv / 32 | 1) * 32;  // an odd number of lines
  uint8_t* at = a.scratch + part * tile_attention_scratch_bytes(a.tokens, a.dim);
  at += (64 - (uintptr_t)at % 64) % 64;
  auto take = [&at](int64_t bytes) {
    uint8_t* from = at;
    at += round_up(bytes, 64);
    return from;
  };
  t.keys = (uint16_t*)take(t.kv * t.d_tiles * 64);     // [kv / 16][d tile] tiles
  t.values = (uint16_t*)take(t.kv * t.d_strips * 32);  // [d strip][kv / 32] tiles
  t.queries = (uint16_t*)take(2 * t.d_tiles * 1024);   // [2][d tile] tiles
  t.out = (float*)take(2 * t.d_strips * 1024);         // [d strip][2][16][16]
  t.weights = (uint16_t*)take(32 * t.weights_stride * 2);
  t.scores = (float*)take(2 * 32 * 32 * 4);  // two pairs of key strips
  return t;
}

// Which keys of a pair of strips there are.
inline __mmask32 keys_of(const HeadTiles& t, int64_t pair) {
  const int64_t left = t.tokens - pair * 32;
  return left >= 32 ? ~0u : (1u << left) - 1;
}

// Up to sixteen floats.
inline __m512 load_some(const float* p, int64_t count) {
  return count >= 16 ? _mm512_loadu_ps(p)
         : count > 0 ? _mm512_maskz_loadu_ps((__mmask16)((1 << count) - 1), p)
                     : _mm512_setzero_ps();
}
inline __m512i pair_bf16(const float* p, int64_t count) {  // 32 floats in order
  return (__m512i)_mm512_cvtne2ps_pbh(load_some(p + 16, count - 16), load_some(p, count));
}

// keys[kv strip][d tile] = [16 pairs of d][16 kv][2]; values[d strip][kv tile] = [16 pairs of
// kv][16 d][2].
inline void pack_head(const float* k, const float* v, int64_t stride, const HeadTiles& t) {
  const __m512i lines =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(16));
  for (int64_t j = 0; j < t.kv; ++j)
    for (int64_t d = 0; d < t.d_tiles; ++d) {
      const int64_t count = j < t.tokens ? t.dim - d * 32 : 0;
      int32_t* to = (int32_t*)(t.keys + (j / 16 * t.d_tiles + d) * 512) + j % 16;
      _mm512_i32scatter_epi32(to, lines, pair_bf16(k + j * stride + d * 32, count), 4);
    }
  for (int64_t j = 0; j < t.kv; j += 2)
    for (int64_t d = 0; d < t.d_strips; ++d) {
      const float* at = v + j * stride + d * 16;
      const __m512 even = load_some(at, j < t.tokens ? t.dim - d * 16 : 0);
      const __m512 odd = load_some(at + stride, j + 1 < t.tokens ? t.dim - d * 16 : 0);
      const __m512i low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
      const __m512i high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
      uint16_t* to = t.values + (d * (t.kv / 32) + j / 32) * 512 + j % 32 / 2 * 32;
      _mm512_storeu_si512(to, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
    }
}

inline void pack_queries(const float* q, int64_t stride, int64_t count, const HeadTiles& t) {
  for (int64_t r = 0; r < 32; ++r)
    for (int64_t d = 0; d < t.d_tiles; ++d) {
      uint16_t* to = t.queries + ((r / 16 * t.d_tiles + d) * 16 + r % 16) * 32;
      _mm512_storeu_si512(to, pair_bf16(q + r * stride + d * 32, r < count ? t.dim - d * 32 : 0));
    }
}

// Scores of 32 queries and 32 keys: tiles [query half][key half] of [16][16].
inline void score_pair(const HeadTiles& t, int64_t strip, float* scores) {
  const uint8_t *q = (const uint8_t*)t.queries,
                *k = (const uint8_t*)t.keys + strip * t.d_tiles * 1024;
  zero_c<2, 2>();
  multiply<2, 2, false, false>(q, q + t.d_tiles * 1024, k, k + t.d_tiles * 1024, t.d_tiles);
  _tile_stored(0, scores, 64);
  _tile_stored(1, scores + 256, 64);
  _tile_stored(2, scores + 512, 64);
  _tile_stored(3, scores + 768, 64);
  tiles_see_memory();
}
inline const float* score_row(const float* scores, int64_t r) {
  return scores + r / 16 * 512 + r % 16 * 16;
}

// The largest scores of the first `pairs` pairs of key strips, times the factor.
inline void largest_scores(const HeadTiles& t, int64_t pairs, float factor, float* shifts) {
  for (int r = 0; r < 32; ++r) shifts[r] = -__builtin_inff();
  for (int64_t pair = 0; pair < pairs; ++pair) {
    score_pair(t, pair * 2, t.scores);
    const __mmask32 valid = keys_of(t, pair);
    for (int r = 0; r < 32; ++r) {
      const float* row = score_row(t.scores, r);
      const float low = _mm512_mask_reduce_max_ps((__mmask16)valid, _mm512_load_ps(row));
      const float high =
          _mm512_mask_reduce_max_ps((__mmask16)(valid >> 16), _mm512_load_ps(row + 256));
      const float top = (low > high ? low : high) * factor;
      if (!(top <= shifts[r])) shifts[r] = top;
    }
  }
}

// Softmax numerators of one pair of key strips into the weights; adds them up by lane.
inline void weigh_pair(const HeadTiles& t, int64_t pair, const float* scores, float factor,
                       const float* shifts, __m512* totals) {
  const __mmask32 valid = keys_of(t, pair);
  const __m512 by = _mm512_set1_ps(factor);
  uint16_t* to = t.weights + pair * 32;
  for (int r = 0; r < 32; ++r, to += t.weights_stride) {
    const float* row = score_row(scores, r);
    const __m512 shift = _mm512_set1_ps(shifts[r]);
    __m512 low = (__m512)exp2_coarse((vf)_mm512_fmsub_ps(_mm512_load_ps(row), by, shift));
    __m512 high = (__m512)exp2_coarse((vf)_mm512_fmsub_ps(_mm512_load_ps(row + 256), by, shift));
    if (valid != ~0u) {
      low = _mm512_maskz_mov_ps((__mmask16)valid, low);
      high = _mm512_maskz_mov_ps((__mmask16)(valid >> 16), high);
    }
    totals[r] = _mm512_add_ps(totals[r], _mm512_add_ps(low, high));
    _mm512_store_si512(to, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

// Softmax of 32 queries over all keys: numerators into the weights, 1 / their sums into `inverse`.
// While one pair of strips is multiplied, the one before goes through the exponential.
// Returns whether all sums are numbers within range.
inline bool softmax(const HeadTiles& t, float factor, const float* shifts, float* inverse) {
  __m512 totals[32] = {};
  const int64_t pairs = t.kv / 32;
  score_pair(t, 0, t.scores);
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const float* scores = t.scores + pair % 2 * 1024;
    if (pair + 1 < pairs) score_pair(t, pair * 2 + 2, t.scores + (pair + 1) % 2 * 1024);
    weigh_pair(t, pair, scores, factor, shifts, totals);
  }
  bool in_range = true;
  for (int r = 0; r < 32; ++r) {
    const float total = _mm512_reduce_add_ps(totals[r]);
    in_range = in_range && total < 0x1p100f;
    inverse[r] = 1.0f / total;
  }
  return in_range;
}

// The numerators are e^(score − shift). Any shift gives the same weights as long as nothing
// overflows, so the largest of the first 32 scores will do; if a later score is larger by 69 or
// more, the largest of all is looked for.
inline void weigh_keys(const HeadTiles& t, float scale, float* inverse) {
  const float factor = scale * 1.44269504f;
  float shifts[32];
  largest_scores(t, 1, factor, shifts);
  if (softmax(t, factor, shifts, inverse)) return;
  largest_scores(t, t.kv / 32, factor, shifts);
  softmax(t, factor, shifts, inverse);
}

// out [d strip][2][16][16] = weights · values
inline void weigh_values(const HeadTiles& t) {
  const int64_t stride = t.weights_stride * 2, tiles = t.kv / 32;
  tiles_see_memory();
  for (int64_t s = 0; s < t.d_strips; s += 2) {
    const bool pair = s + 1 < t.d_strips;
    const uint16_t *v0 = t.values + s * tiles * 512, *v1 = pair ? v0 + tiles * 512 : v0;
    zero_c<2, 2>();
    for (int64_t j = 0; j < tiles; ++j) {
      _tile_loadd(4, t.weights + j * 32, stride);
      _tile_loadd(6, v0 + j * 512, 64);
      _tile_loadd(5, t.weights + 16 * t.weights_stride + j * 32, stride);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(2, 5, 6);
      if (!pair) continue;
      _tile_loadd(7, v1 + j * 512, 64);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(3, 5, 7);
    }
    if (pair) store_c<2, 2>(t.out + s * 512, t.out + s * 512 + 512);
    else store_c<2, 1>(t.out + s * 512, nullptr);
  }
}

void amx_tile_attention(const TileAttentionArgs& a, int part, int parts) {
  if (a.exact) return tile_attention(a, part, parts);
  const Tiles tiles_on;
  const HeadTiles t = head_tiles(a, part);
  const int64_t width = (int64_t)a.heads * a.dim;
  const Range items = share(a.y.rows / a.tokens * a.heads, part, parts);
  for (int64_t item = items.begin; item < items.end; ++item) {
    const int64_t tile = item / a.heads, head = item % a.heads;
    const float* base = a.qkv.data + tile * a.tokens * a.qkv.stride + head * a.dim;
    pack_head(base + width, base + 2 * width, a.qkv.stride, t);
    for (int64_t r = 0; r < a.tokens; r += 32) {
      const int64_t count = a.tokens - r < 32 ? a.tokens - r : 32;
      float inverse[32];
      pack_queries(base + r * a.qkv.stride, a.qkv.stride, count, t);
      weigh_keys(t, a.scale, inverse);
      weigh_values(t);
      for (int64_t i = 0; i < count; ++i) {
        float* y = a.y.data + (tile * a.tokens + r + i) * a.y.stride + head * a.dim;
        for (int64_t s = 0; s < t.d_strips; ++s) {
          const int64_t left = a.dim - s * 16;
          const __mmask16 mask = (__mmask16)(left >= 16 ? 0xffff : (1 << left) - 1);
          const __m512 o = _mm512_load_ps(t.out + s * 512 + i * 16);
          _mm512_mask_storeu_ps(y + s * 16, mask, _mm512_mul_ps(o, _mm512_set1_ps(inverse[i])));
        }
      }
    }
  }
}

}  // namespace
}  // namespace vireo
