// The vision tower's attention on AMX: keys and values of one head are laid out as bf16 tiles once,
// then 32 queries at a time go through scores, softmax and the weighted sum, all within the L2
// cache.
namespace vireo {
namespace {

struct HeadTiles {
  int64_t tokens, dim, kv, d_tiles, d_strips;  // kv: tokens rounded up to 32
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
  uint8_t* at = a.scratch + part * tile_attention_scratch_bytes(a.tokens, a.dim);
  at += (64 - (uintptr_t)at % 64) % 64;
  auto take = [&at](int64_t bytes) {
    uint8_t* from = at;
    at += round_up(bytes, 64);
    return from;
  };
  t.keys = (uint16_t*)take(t.kv * t.d_tiles * 64);     // [kv / 16][d tile] tiles
  t.values = (uint16_t*)take(t.kv * t.d_strips * 32);  // [d strip][kv / 32] tiles
  t.queries = (uint16_t*)take(2 * t.d_tiles * 1024);   // [2][d tile]
  t.weights = (uint16_t*)take(32 * t.kv * 2);          // [2][kv / 32]
  t.scores = (float*)take(32 * t.kv * 4);              // [kv / 16][32][16]
  t.out = (float*)take(2 * t.d_strips * 1024);         // [d strip][2][16][16]
  return t;
}

// keys[kv strip][d tile] = [16 pairs of d][16 kv][2]; values[d strip][kv tile] = [16 pairs of
// kv][16 d][2].
inline void pack_head(const float* k, const float* v, int64_t stride, const HeadTiles& t) {
  memset(t.keys, 0, (size_t)(t.kv * t.d_tiles * 64));
  memset(t.values, 0, (size_t)(t.kv * t.d_strips * 32));
  for (int64_t j = 0; j < t.tokens; ++j, k += stride, v += stride) {
    uint32_t* key = (uint32_t*)(t.keys + j / 16 * t.d_tiles * 512) + j % 16;
    for (int64_t d = 0; d < t.dim; d += 2)
      key[d / 2 * 16] =
          (uint32_t)f32_to_bf16(k[d]) | (d + 1 < t.dim ? (uint32_t)f32_to_bf16(k[d + 1]) << 16 : 0);
    uint16_t* value = t.values + j / 32 * 512 + j % 32 / 2 * 32 + j % 2;
    for (int64_t d = 0; d < t.dim; ++d)
      value[d / 16 * (t.kv / 32) * 512 + d % 16 * 2] = f32_to_bf16(v[d]);
  }
}

inline void pack_queries(const float* q, int64_t stride, int64_t count, const HeadTiles& t) {
  memset(t.queries, 0, (size_t)(2 * t.d_tiles * 1024));
  for (int64_t r = 0; r < count; ++r, q += stride)
    for (int64_t d = 0; d < t.dim; ++d)
      t.queries[((r / 16 * t.d_tiles + d / 32) * 16 + r % 16) * 32 + d % 32] = f32_to_bf16(q[d]);
}

// Softmax numerators of row r into the weights' tiles; returns 1 / their sum.
inline float softmax_row(const HeadTiles& t, int64_t r, float scale) {
  const float* row = t.scores + r * 16;
  const int64_t strips = t.kv / 16, whole = t.tokens / 16, rest = t.tokens % 16;
  const __mmask16 partial = (__mmask16)((1 << rest) - 1);
  const __m512 low = _mm512_set1_ps(-__builtin_inff());
  __m512 top = low;
  for (int64_t s = 0; s < whole; ++s) top = _mm512_max_ps(top, _mm512_load_ps(row + s * 512));
  if (rest) top = _mm512_mask_max_ps(top, partial, top, _mm512_load_ps(row + whole * 512));
  const float maximum = _mm512_reduce_max_ps(top) * scale;
  __m512 total = _mm512_setzero_ps();
  uint16_t* to = t.weights + r / 16 * (t.kv / 32) * 512 + r % 16 * 32;
  for (int64_t s = 0; s < strips; s += 2, to += 512) {
    __m512 p[2];
    for (int i = 0; i < 2; ++i) {
      const __m512 x = _mm512_fmsub_ps(_mm512_load_ps(row + (s + i) * 512), _mm512_set1_ps(scale),
                                       _mm512_set1_ps(maximum));
      p[i] = (__m512)vexp((vf)x);
      if (s + i >= whole)
        p[i] = s + i == whole && rest ? _mm512_maskz_mov_ps(partial, p[i]) : _mm512_setzero_ps();
      total = _mm512_add_ps(total, p[i]);
    }
    _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(p[1], p[0]));
  }
  return 1.0f / _mm512_reduce_add_ps(total);
}

void amx_tile_attention(const TileAttentionArgs& a, int part, int parts) {
  if (a.exact) return tile_attention(a, part, parts);
  const Tiles tiles_on;
  const HeadTiles t = head_tiles(a, part);
  const int64_t width = (int64_t)a.heads * a.dim, kv_tiles = t.kv / 32;
  const Range items = share(a.y.rows / a.tokens * a.heads, part, parts);
  for (int64_t item = items.begin; item < items.end; ++item) {
    const int64_t tile = item / a.heads, head = item % a.heads;
    const float* base = a.qkv.data + tile * a.tokens * a.qkv.stride + head * a.dim;
    pack_head(base + width, base + 2 * width, a.qkv.stride, t);
    for (int64_t r = 0; r < a.tokens; r += 32) {
      const int64_t count = a.tokens - r < 32 ? a.tokens - r : 32;
      pack_queries(base + r * a.qkv.stride, a.qkv.stride, count, t);
      const uint8_t *q = (const uint8_t*)t.queries, *k = (const uint8_t*)t.keys,
                    *p = (const uint8_t*)t.weights;
      for (int64_t s = 0; s < t.kv / 16; s += 2) {
        zero_c<2, 2>();
        const uint8_t* k0 = k + s * t.d_tiles * 1024;
        multiply<2, 2, false, false>(q, q + t.d_tiles * 1024, k0, k0 + t.d_tiles * 1024, t.d_tiles);
        store_c<2, 2>(t.scores + s * 512, t.scores + (s + 1) * 512);
      }
      float inverse[32];
      for (int64_t i = 0; i < 32; ++i) inverse[i] = softmax_row(t, i, a.scale);
      for (int64_t s = 0; s < t.d_strips; s += 2) {
        const uint8_t* v0 = (const uint8_t*)t.values + s * kv_tiles * 1024;
        float *o0 = t.out + s * 512, *o1 = o0 + 512;
        if (s + 1 < t.d_strips)
          float_block<2, 2>(p, kv_tiles * 1024, v0, v0 + kv_tiles * 1024, kv_tiles, o0, o1, true);
        else float_block<2, 1>(p, kv_tiles * 1024, v0, v0, kv_tiles, o0, o1, true);
      }
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
