// Kernels that use AVX-512 (F, BW, VL, DQ, VNNI); shared by the avx512 and amx sets.
#define LANES 16
#define VIREO_INTEGER_STRIP "avx512-integer.inl"
#define VIREO_EXPAND_TILE
#define VIREO_DOT_STRIPS
#include "vec.h"

namespace vireo {
namespace {

// 32 fp8 codes → bf16. Normal numbers keep their bits, four places up with the exponent rebased by
// 120; the eight subnormal magnitudes are looked up.
inline __m512i fp8_to_bf16(const uint8_t* from) {
  const __m512i small = _mm512_broadcast_i32x4(
      _mm_setr_epi16(0, 0x3b00, 0x3b80, 0x3bc0, 0x3c00, 0x3c20, 0x3c40, 0x3c60));
  const __m512i magnitude_bits = _mm512_set1_epi16(0x7f),
                sign_bit = _mm512_set1_epi16((int16_t)0x8000);
  const __m512i code = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i*)from));
  const __m512i magnitude = _mm512_and_si512(code, magnitude_bits);
  const __m512i normal =
      _mm512_add_epi16(_mm512_slli_epi16(magnitude, 4), _mm512_set1_epi16(120 << 7));
  const __mmask32 is_small = _mm512_cmplt_epu16_mask(magnitude, _mm512_set1_epi16(8));
  const __m512i value = _mm512_mask_permutexvar_epi16(normal, is_small, magnitude, small);
  return _mm512_ternarylogic_epi32(value, _mm512_slli_epi16(code, 8), sign_bit, 0xf8);
}

inline void expand_fp8(const uint8_t* from, uint16_t* to) {
  for (int i = 0; i < 512; i += 32) _mm512_storeu_si512(to + i, fp8_to_bf16(from + i));
}

// Sixteen E4M3 scales (never negative) → float32.
inline __m512 expand_scales(const uint8_t* from) {
  const __m256i half =
      _mm256_slli_epi16(_mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i*)from)), 7);
  return _mm512_mul_ps(_mm512_cvtph_ps(half), _mm512_set1_ps(256.0f));
}

inline void expand_nvfp4(const uint8_t* from, uint16_t* to) {
  const __m512 values =
      _mm512_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6);
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000u);
  for (int run = 0; run < 4; ++run) {
    const __m512 scale = expand_scales(from + 256 + run / 2 * 16);
    __m512i codes = _mm512_loadu_si512(from + run * 64);
    for (int pair = 0; pair < 4;
         ++pair) {  // a permutation reads only the low four bits of each word
      const __m512 even = _mm512_mul_ps(_mm512_permutexvar_ps(codes, values), scale);
      const __m512 odd =
          _mm512_mul_ps(_mm512_permutexvar_ps(_mm512_srli_epi32(codes, 4), values), scale);
      const __m512i both =
          _mm512_ternarylogic_epi32(_mm512_srli_epi32(_mm512_castps_si512(even), 16), upper,
                                    _mm512_castps_si512(odd), 0xf8);  // a | (b & c)
      _mm512_storeu_si512(to + (run * 4 + pair) * 32, both);
      codes = _mm512_srli_epi32(codes, 8);
    }
  }
}

// One tile times one row of x, widened in registers: even and odd k are summed apart, then added,
// as everywhere.
inline __m512 dot_nvfp4(const uint8_t* tile, const float* x) {
  const __m512 values =
      _mm512_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6, -0.0f, -0.5f, -1, -1.5f, -2, -3, -4, -6);
  __m512 even = _mm512_setzero_ps(), odd = even, scale = even;
  for (int run = 0; run < 4; ++run) {
    if (run % 2 == 0) scale = expand_scales(tile + 256 + run / 2 * 16);
    __m512i codes = _mm512_loadu_si512(tile + run * 64);
    for (int pair = 0; pair < 4; ++pair, x += 2) {
      const __m512 low = _mm512_mul_ps(_mm512_permutexvar_ps(codes, values), scale);
      codes = _mm512_srli_epi32(codes, 4);
      const __m512 high = _mm512_mul_ps(_mm512_permutexvar_ps(codes, values), scale);
      codes = _mm512_srli_epi32(codes, 4);
      even = _mm512_fmadd_ps(_mm512_set1_ps(x[0]), low, even);
      odd = _mm512_fmadd_ps(_mm512_set1_ps(x[1]), high, odd);
    }
  }
  return _mm512_add_ps(even, odd);
}

inline __m512 dot_fp8(const uint8_t* tile, const float* x) {
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000u);
  __m512 even = _mm512_setzero_ps(), odd = even;
  for (int pair = 0; pair < 16; ++pair, x += 2) {
    const __m512i both = fp8_to_bf16(tile + pair * 32);
    const __m512 low = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
    const __m512 high = _mm512_castsi512_ps(_mm512_and_si512(both, upper));
    even = _mm512_fmadd_ps(_mm512_set1_ps(x[0]), low, even);
    odd = _mm512_fmadd_ps(_mm512_set1_ps(x[1]), high, odd);
  }
  return _mm512_add_ps(even, odd);
}

// `count` strips times one row: acc [count][16]. Strips side by side hide each other's sums.
template <int FORMAT, int S>
inline void dot_strips(const uint8_t* strips, int64_t strip_size, int64_t tiles, const float* x,
                       float* acc, int64_t stride) {
  __m512 total[S];
  for (int s = 0; s < S; ++s) total[s] = _mm512_setzero_ps();
  for (int64_t t = 0; t < tiles; ++t, strips += kTileBytes[FORMAT], x += kTileK)
    for (int s = 0; s < S; ++s) {
      const uint8_t* tile = strips + s * strip_size;
      for (int at = 0; at < kTileBytes[FORMAT]; at += 64)
        _mm_prefetch((const char*)tile + 8192 + at, _MM_HINT_T1);
      total[s] = _mm512_add_ps(total[s], FORMAT == kFp8 ? dot_fp8(tile, x) : dot_nvfp4(tile, x));
    }
  for (int s = 0; s < S; ++s) _mm512_storeu_ps(acc + s * stride, total[s]);
}

inline void expand_tile(int format, const uint8_t* from, uint16_t* to) {
  if (format == kFp8) expand_fp8(from, to);
  else expand_nvfp4(from, to);
}

}  // namespace
}  // namespace vireo

#include "table.inl"
