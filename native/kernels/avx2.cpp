// AVX2, FMA and F16C: eight floats at a time; int8 products by way of 16-bit pairs.
#define LANES 8
#include "vec.h"

namespace vireo {
namespace {

// Products of signed bytes: vpmaddubsw would saturate at 16 bits, so both sides are widened first.
inline __m256i madd_wide(__m256i codes, __m256i x, __m256i total) {
  const __m256i low = _mm256_madd_epi16(_mm256_srai_epi16(_mm256_unpacklo_epi8(codes, codes), 8),
                                        _mm256_srai_epi16(_mm256_unpacklo_epi8(x, x), 8));
  const __m256i high = _mm256_madd_epi16(_mm256_srai_epi16(_mm256_unpackhi_epi8(codes, codes), 8),
                                         _mm256_srai_epi16(_mm256_unpackhi_epi8(x, x), 8));
  // each column's four products lie in two neighbouring sums
  return _mm256_add_epi32(total, _mm256_hadd_epi32(low, high));
}
// Four-bit codes are at most 15, so pairs of products fit 16 bits.
inline __m256i madd_small(__m256i codes, __m256i x, __m256i total) {
  return _mm256_add_epi32(total,
                          _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1)));
}
inline __m256i broadcast4(const int8_t* q) {
  int32_t word;
  memcpy(&word, q, 4);
  return _mm256_set1_epi32(word);
}

#define VIREO_DOT_TILE
inline void dot_tile(int format, const uint8_t* tile, const int8_t* q, const int32_t* sums,
                     int32_t* idot) {
  const __m256i nibble = _mm256_set1_epi8(15), word = _mm256_set1_epi32(15);
  for (int half = 0; half < 2; ++half) {
    __m256i total = _mm256_loadu_si256((const __m256i*)(idot + half * 8));
    if (format == kInt8) {
      for (int quad = 0; quad < 16; ++quad)
        total = madd_wide(_mm256_loadu_si256((const __m256i*)(tile + quad * 64 + half * 32)),
                          broadcast4(q + quad * 4), total);
    } else {
      const __m256i pair =
          _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)(tile + 512 + half * 8)));
      for (int g = 0; g < 2; ++g) {
        __m256i sum = _mm256_set1_epi32(-8 * sums[g]);
        for (int run = 0; run < 4; ++run) {
          const __m256i codes =
              _mm256_loadu_si256((const __m256i*)(tile + g * 256 + run * 64 + half * 32));
          const int8_t* x = q + g * 32 + run * 8;
          sum = madd_small(_mm256_and_si256(codes, nibble), broadcast4(x), sum);
          sum = madd_small(_mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble), broadcast4(x + 4),
                           sum);
        }
        const __m256i less_one = _mm256_and_si256(g ? _mm256_srli_epi32(pair, 4) : pair, word);
        total = _mm256_add_epi32(
            total, _mm256_mullo_epi32(sum, _mm256_add_epi32(less_one, _mm256_set1_epi32(1))));
      }
    }
    _mm256_storeu_si256((__m256i*)(idot + half * 8), total);
  }
}

}  // namespace
}  // namespace vireo

#include "table.inl"

vireo::KernelTable vireo::kernels_avx2() { return make_table("avx2"); }
