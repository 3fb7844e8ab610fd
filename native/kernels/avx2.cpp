// AVX2, FMA and F16C: eight floats at a time; int8 products by way of 16-bit pairs.
#define LANES 8
#define VIREO_INTEGER_STRIP "avx2-integer.inl"
#define VIREO_EXPAND_TILE
#include "vec.h"

namespace vireo {
namespace {

// Sixteen fp8 codes at a time: normal numbers keep their bits, four places up with the exponent
// rebased by 120; the eight subnormal magnitudes are looked up.
inline void expand_fp8(const uint8_t* from, uint16_t* to) {
  const __m256i small = _mm256_broadcastsi128_si256(
      _mm_setr_epi16(0, 0x3b00, 0x3b80, 0x3bc0, 0x3c00, 0x3c20, 0x3c40, 0x3c60));
  for (int i = 0; i < 512; i += 16) {
    const __m256i code = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i*)(from + i)));
    const __m256i magnitude = _mm256_and_si256(code, _mm256_set1_epi16(0x7f));
    const __m256i normal =
        _mm256_add_epi16(_mm256_slli_epi16(magnitude, 4), _mm256_set1_epi16(120 << 7));
    const __m256i bytes = _mm256_add_epi16(_mm256_mullo_epi16(magnitude, _mm256_set1_epi16(0x0202)),
                                           _mm256_set1_epi16(0x0100));
    const __m256i is_small = _mm256_cmpgt_epi16(_mm256_set1_epi16(8), magnitude);
    const __m256i value = _mm256_blendv_epi8(normal, _mm256_shuffle_epi8(small, bytes), is_small);
    const __m256i sign =
        _mm256_and_si256(_mm256_slli_epi16(code, 8), _mm256_set1_epi16((int16_t)0x8000));
    _mm256_storeu_si256((__m256i*)(to + i), _mm256_or_si256(value, sign));
  }
}

// Eight columns of one nibble each → float32: three bits choose the magnitude, the fourth is the
// sign.
inline __m256 e2m1(__m256i codes) {
  const __m256 values = _mm256_setr_ps(0, 0.5f, 1, 1.5f, 2, 3, 4, 6);
  const __m256i sign =
      _mm256_and_si256(_mm256_slli_epi32(codes, 28), _mm256_set1_epi32((int)0x80000000u));
  return _mm256_or_ps(_mm256_permutevar8x32_ps(values, codes), _mm256_castsi256_ps(sign));
}

inline void expand_nvfp4(const uint8_t* from, uint16_t* to) {
  for (int run = 0; run < 4; ++run)
    for (int half = 0; half < 2; ++half) {
      // as half precision, E4M3's bits shifted by 7 are its value · 2^-8; scales are never negative
      const __m128i bytes = _mm_loadl_epi64((const __m128i*)(from + 256 + run / 2 * 16 + half * 8));
      const __m128i halves = _mm_slli_epi16(_mm_cvtepu8_epi16(bytes), 7);
      const __m256 scale = _mm256_mul_ps(_mm256_cvtph_ps(halves), _mm256_set1_ps(256.0f));
      __m256i codes = _mm256_loadu_si256((const __m256i*)(from + run * 64 + half * 32));
      for (int pair = 0; pair < 4; ++pair, codes = _mm256_srli_epi32(codes, 8)) {
        const __m256i even = _mm256_castps_si256(_mm256_mul_ps(e2m1(codes), scale));
        const __m256i odd =
            _mm256_castps_si256(_mm256_mul_ps(e2m1(_mm256_srli_epi32(codes, 4)), scale));
        const __m256i both = _mm256_blend_epi16(_mm256_srli_epi32(even, 16), odd, 0xaa);
        _mm256_storeu_si256((__m256i*)(to + (run * 4 + pair) * 32 + half * 16), both);
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

vireo::KernelTable vireo::kernels_avx2() { return make_table("avx2"); }
