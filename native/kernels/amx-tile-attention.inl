// The vision tower's attention on AMX: keys and values of one head are laid out as bf16 tiles once,
// then 32 queries at a time go through scores, softmax and the weighted sum, all within the L2
// cache. Rows of scores and weights are an odd number of lines apart, so that they fall into all
// sets.
namespace vireo {
namespace {

struct HeadTiles {
  int64_t tokens, dim, kv, d_tiles, d_strips;  // kv: tokens rounded up to 32
  int64_t scores_stride, weights_stride;       // elements per row
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
  t.scores_stride = t.kv + 16;  // an odd number of lines, either way
  t.weights_stride = (t.kv / 32 | 1) * 32;
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
  t.scores = (float*)take(32 * t.scores_stride * 4);
  return t;
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

// Softmax numerators of row r into the weights; returns 1 / their sum.
inline float softmax_row(const HeadTiles& t, int64_t r, float scale) {
  const float* row = t.scores + r * t.scores_stride;
  uint16_t* to = t.weights + r * t.weights_stride;
  const int64_t whole = t.tokens / 16 * 16, rest = t.tokens % 16;
  const __mmask16 partial = (__mmask16)((1 << rest) - 1);
  __m512 top = _mm512_set1_ps(-__builtin_inff());
  for (int64_t j = 0; j < whole; j += 16) top = _mm512_max_ps(top, _mm512_load_ps(row + j));
  if (rest) top = _mm512_mask_max_ps(top, partial, top, _mm512_load_ps(row + whole));
  const __m512 shift = _mm512_set1_ps(_mm512_reduce_max_ps(top) * scale);
  const __m512 factor = _mm512_set1_ps(scale);
  __m512 total = _mm512_setzero_ps();
  for (int64_t j = 0; j < t.kv; j += 32) {
    __m512 p[2];
    for (int i = 0; i < 2; ++i) {
      const int64_t at = j + i * 16;
      p[i] = (__m512)vexp((vf)_mm512_fmsub_ps(_mm512_load_ps(row + at), factor, shift));
      if (at >= whole) p[i] = _mm512_maskz_mov_ps(at == whole ? partial : 0, p[i]);
      total = _mm512_add_ps(total, p[i]);
    }
    _mm512_storeu_si512(to + j, (__m512i)_mm512_cvtne2ps_pbh(p[1], p[0]));
  }
  return 1.0f / _mm512_reduce_add_ps(total);
}

// scores [32][kv] = queries · keysᵀ
inline void score_queries(const HeadTiles& t) {
  const uint8_t *q = (const uint8_t*)t.queries, *k = (const uint8_t*)t.keys;
  const int64_t stride = t.scores_stride * 4;
  for (int64_t s = 0; s < t.kv / 16; s += 2) {
    const uint8_t* k0 = k + s * t.d_tiles * 1024;
    zero_c<2, 2>();
    multiply<2, 2, false, false>(q, q + t.d_tiles * 1024, k0, k0 + t.d_tiles * 1024, t.d_tiles);
    float* to = t.scores + s * 16;
    _tile_stored(0, to, stride);
    _tile_stored(1, to + 16, stride);
    _tile_stored(2, to + 16 * t.scores_stride, stride);
    _tile_stored(3, to + 16 * t.scores_stride + 16, stride);
  }
  tiles_see_memory();
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
      score_queries(t);
      for (int64_t i = 0; i < 32; ++i) inverse[i] = softmax_row(t, i, a.scale);
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
