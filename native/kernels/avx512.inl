// What AVX-512 (F, BW, VL, DQ, VNNI) does in its own way; shared by the avx512 and amx sets.
#define LANES 16
#define VIREO_VNNI
#define VIREO_EXPAND_TILE
#include "vec.h"

namespace vireo {
namespace {

// One packed fp8 tile → bf16 tile. Normal numbers keep their bits, four places up with the exponent
// rebased by 120; the eight subnormal magnitudes are looked up.
inline void expand_fp8(const uint8_t* from, uint16_t* to) {
  const __m512i small = _mm512_broadcast_i32x4(
      _mm_setr_epi16(0, 0x3b00, 0x3b80, 0x3bc0, 0x3c00, 0x3c20, 0x3c40, 0x3c60));
  const __m512i magnitude_bits = _mm512_set1_epi16(0x7f),
                sign_bit = _mm512_set1_epi16((int16_t)0x8000);
  for (int i = 0; i < 512; i += 32) {
    const __m512i code = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i*)(from + i)));
    const __m512i magnitude = _mm512_and_si512(code, magnitude_bits);
    const __m512i normal =
        _mm512_add_epi16(_mm512_slli_epi16(magnitude, 4), _mm512_set1_epi16(120 << 7));
    const __mmask32 is_small = _mm512_cmplt_epu16_mask(magnitude, _mm512_set1_epi16(8));
    const __m512i value = _mm512_mask_permutexvar_epi16(normal, is_small, magnitude, small);
    // value | (code << 8 & sign)
    _mm512_storeu_si512(
        to + i, _mm512_ternarylogic_epi32(value, _mm512_slli_epi16(code, 8), sign_bit, 0xf8));
  }
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

inline void expand_tile(int format, const uint8_t* from, uint16_t* to) {
  if (format == kFp8) expand_fp8(from, to);
  else expand_nvfp4(from, to);
}

}  // namespace
}  // namespace vireo

#include "table.inl"
