// int8 and int4 products with AVX2: up to four rows of x pass a strip together, eight columns at a
// time, so that a code is loaded and unpacked once for all of them.
//
// vpmaddubsw multiplies u8 by s8 and adds pairs in 16 bits, which no pair here overflows:
//   int8   |w| · sign(x, w): a pair is at most 2 · 128 · 127 = 32512
//   int4   codes are q + 8, from 0 to 15; eight pairs of a group of 32 k are at most
//          8 · 2 · 15 · 127 = 30480, so the sum of a group stays in 16 bits
namespace vireo {
namespace {

inline __m256i broadcast4(const int8_t* q) {
  int32_t word;
  memcpy(&word, q, 4);
  return _mm256_set1_epi32(word);
}
inline __m256i load8(const uint8_t* from) { return _mm256_loadu_si256((const __m256i*)from); }

// Eight columns of a tile: idot[r] += 64 k of R rows.
template <int R>
inline void int8_half_tile(const uint8_t* tile, const int8_t* const* q, __m256i* idot) {
  const __m256i ones = _mm256_set1_epi16(1);
  for (int quad = 0; quad < 16; ++quad) {
    const __m256i codes = load8(tile + quad * 64), magnitude = _mm256_abs_epi8(codes);
    for (int r = 0; r < R; ++r) {
      const __m256i x = _mm256_sign_epi8(broadcast4(q[r] + quad * 4), codes);
      const __m256i pairs = _mm256_maddubs_epi16(magnitude, x);
      idot[r] = _mm256_add_epi32(idot[r], _mm256_madd_epi16(pairs, ones));
    }
  }
}

// −8 · Σx in the lower 16 bits of each column: takes the codes' offset back. Together with that
// half's own products it is Σ q·x − 8 · Σ' x, which is at most 2 · 16 · 8 · 127 = 32512.
inline __m256i offset_of(int32_t sum) { return _mm256_set1_epi32((uint16_t)(-8 * sum)); }

// Multipliers of eight columns for group g, in both 16-bit halves.
inline __m256i multipliers_of(const uint8_t* nibbles, int g) {
  const __m256i both = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i*)nibbles));
  const __m256i less_one =
      _mm256_and_si256(g ? _mm256_srli_epi32(both, 4) : both, _mm256_set1_epi32(15));
  const __m256i low = _mm256_add_epi32(less_one, _mm256_set1_epi32(1));
  return _mm256_or_si256(low, _mm256_slli_epi32(low, 16));
}

template <int R>
inline void int4_half_tile(const uint8_t* tile, const uint8_t* nibbles, const int8_t* const* q,
                           const int32_t* const* sums, __m256i* idot) {
  const __m256i nibble = _mm256_set1_epi8(15);
  for (int g = 0; g < 2; ++g) {
    __m256i group[R];
    for (int r = 0; r < R; ++r) group[r] = offset_of(sums[r][g]);
    for (int run = 0; run < 4; ++run) {
      const __m256i codes = load8(tile + g * 256 + run * 64);
      const __m256i low = _mm256_and_si256(codes, nibble);
      const __m256i high = _mm256_and_si256(_mm256_srli_epi16(codes, 4), nibble);
      for (int r = 0; r < R; ++r) {
        const int8_t* x = q[r] + g * 32 + run * 8;
        group[r] = _mm256_add_epi16(group[r], _mm256_maddubs_epi16(low, broadcast4(x)));
        group[r] = _mm256_add_epi16(group[r], _mm256_maddubs_epi16(high, broadcast4(x + 4)));
      }
    }
    const __m256i multipliers = multipliers_of(nibbles, g);
    for (int r = 0; r < R; ++r)
      idot[r] = _mm256_add_epi32(idot[r], _mm256_madd_epi16(group[r], multipliers));
  }
}

// HALVES groups of eight columns of a strip, from `half` on, times R rows from `row` on:
// acc [R][16].
template <int R, int HALVES, int FORMAT>
inline void integer_columns(const Converted& c, const uint8_t* strip, int half, int64_t row,
                            float* acc) {
  const int64_t bytes = int_tile_bytes(FORMAT);
  __m256 total[HALVES][R];
  const int8_t* q[R];
  const int32_t* sums[R];
  for (int r = 0; r < R; ++r) {
    for (int h = 0; h < HALVES; ++h) total[h][r] = _mm256_setzero_ps();
    q[r] = c.q + (row + r) * c.kp;
    sums[r] = c.sums + (row + r) * c.groups;
  }
  for (int64_t b = 0; b < c.blocks; ++b) {
    __m256i idot[HALVES][R];
    for (int h = 0; h < HALVES; ++h)
      for (int r = 0; r < R; ++r) idot[h][r] = _mm256_setzero_si256();
    for (int64_t t = block_width(c, b) / kIntTileK; t > 0; --t, strip += bytes) {
      if constexpr (R == 1)
        for (int64_t at = 0; at < bytes; at += 64)
          _mm_prefetch((const char*)strip + 16 * bytes + at, _MM_HINT_T1);
      for (int h = 0; h < HALVES; ++h) {
        const uint8_t* tile = strip + (half + h) * 32;
        if (FORMAT == kInt8) int8_half_tile<R>(tile, q, idot[h]);
        else int4_half_tile<R>(tile, strip + 512 + (half + h) * 8, q, sums, idot[h]);
      }
      for (int r = 0; r < R; ++r) q[r] += kIntTileK, sums[r] += 2;
    }
    for (int h = 0; h < HALVES; ++h) {
      const __m256 scale = _mm256_loadu_ps((const float*)strip + (half + h) * 8);
      for (int r = 0; r < R; ++r) {
        const __m256 both = _mm256_mul_ps(scale, _mm256_set1_ps(c.scale[(row + r) * c.blocks + b]));
        total[h][r] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(idot[h][r]), both, total[h][r]);
      }
    }
    strip += kScaleBytes;
  }
  for (int h = 0; h < HALVES; ++h)
    for (int r = 0; r < R; ++r) _mm256_storeu_ps(acc + r * 16 + (half + h) * 8, total[h][r]);
}

// One row is bound by the reading of the strip, so it reads the strip once, in order. Several rows
// are bound by their products; half the columns at a time leaves registers for four of them.
template <int R, int FORMAT>
inline void integer_rows(const Converted& c, const uint8_t* strip, int64_t row, float* acc) {
  if constexpr (R == 1) {
    integer_columns<R, 2, FORMAT>(c, strip, 0, row, acc);
  } else {
    for (int half = 0; half < 2; ++half)
      integer_columns<R, 1, FORMAT>(c, strip, half, row, acc);
  }
}

template <int FORMAT>
inline void integer_strip_of(const Converted& c, int64_t rows, const uint8_t* strip, float* acc) {
  int64_t r = 0;
  for (; r + 4 <= rows; r += 4) integer_rows<4, FORMAT>(c, strip, r, acc + r * 16);
  for (; r + 2 <= rows; r += 2) integer_rows<2, FORMAT>(c, strip, r, acc + r * 16);
  for (; r < rows; ++r) integer_rows<1, FORMAT>(c, strip, r, acc + r * 16);
}

inline void integer_strip_blocked(const MatmulArgs& a, const Converted& c, const uint8_t* strip,
                                  float* acc) {
  if (a.w.format == kInt8) integer_strip_of<kInt8>(c, a.x.rows, strip, acc);
  else integer_strip_of<kInt4>(c, a.x.rows, strip, acc);
}

}  // namespace
}  // namespace vireo
