// What AVX-512 (F, BW, VL, DQ, VNNI) does in its own way; shared by the avx512 and amx sets.
#define LANES 16
#define VIREO_VNNI
#define VIREO_EXPAND_TILE
#include "vec.h"

namespace vireo {
namespace {

// One packed fp8 tile → bf16 tile.
inline void expand_fp8(const uint8_t* from, uint16_t* to) {
  // As half precision, E4M3's bits shifted by 7 are its value · 2^-8, subnormals included: the
  // conversion to float32 does the rest. The 32 results are exact in bf16.
  const __m512 rebias = _mm512_set1_ps(256.0f);
  for (int i = 0; i < 512; i += 32) {
    const __m512i wide = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const __m256i*)(from + i)));
    const __m512i half =
        _mm512_or_si512(_mm512_slli_epi16(_mm512_and_si512(wide, _mm512_set1_epi16(0x7f)), 7),
                        _mm512_slli_epi16(_mm512_and_si512(wide, _mm512_set1_epi16(0x80)), 8));
    const __m512 low = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_castsi512_si256(half)), rebias);
    const __m512 high = _mm512_mul_ps(_mm512_cvtph_ps(_mm512_extracti64x4_epi64(half, 1)), rebias);
    const __m256i low16 = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(low), 16));
    const __m256i high16 = _mm512_cvtepi32_epi16(_mm512_srli_epi32(_mm512_castps_si512(high), 16));
    _mm256_storeu_si256((__m256i*)(to + i), low16);
    _mm256_storeu_si256((__m256i*)(to + i + 16), high16);
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
