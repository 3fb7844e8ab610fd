// int8 and int4 products with VNNI (vpdpbusd: four u8·s8 products added to a 32-bit sum). Rows go
// through a strip of sixteen columns together, so that codes are unpacked once for up to four rows.
namespace vireo {
namespace {

inline __m512i broadcast4(const int8_t* q) {
  int32_t word;
  memcpy(&word, q, 4);
  return _mm512_set1_epi32(word);
}

// idot[r] += 64 k of R rows times a tile.
template <int R>
inline void int8_tile(const uint8_t* tile, const int8_t* const* q, const int32_t* const* sums,
                      __m512i* idot) {
  // vpdpbusd wants one side unsigned: the codes' sign bit is flipped (+128), and 128 · Σx taken off
  const __m512i flip = _mm512_set1_epi8((char)0x80);
  __m512i even[R], odd[R];
  for (int r = 0; r < R; ++r) {
    even[r] = _mm512_set1_epi32(-128 * (sums[r][0] + sums[r][1]));
    odd[r] = idot[r];
  }
  for (int quad = 0; quad < 16; quad += 2) {
    const __m512i first = _mm512_xor_si512(_mm512_loadu_si512(tile + quad * 64), flip);
    const __m512i second = _mm512_xor_si512(_mm512_loadu_si512(tile + quad * 64 + 64), flip);
    for (int r = 0; r < R; ++r) {
      even[r] = _mm512_dpbusd_epi32(even[r], first, broadcast4(q[r] + quad * 4));
      odd[r] = _mm512_dpbusd_epi32(odd[r], second, broadcast4(q[r] + quad * 4 + 4));
    }
  }
  for (int r = 0; r < R; ++r) idot[r] = _mm512_add_epi32(even[r], odd[r]);
}

template <int R>
inline void int4_tile(const uint8_t* tile, const int8_t* const* q, const int32_t* const* sums,
                      __m512i* idot) {
  const __m512i nibble = _mm512_set1_epi8(15), word = _mm512_set1_epi32(15),
                one = _mm512_set1_epi32(1);
  const __m512i pair = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(tile + 512)));
  for (int g = 0; g < 2; ++g) {
    __m512i low[R], high[R];
    for (int r = 0; r < R; ++r) {
      low[r] = _mm512_set1_epi32(-8 * sums[r][g]);
      high[r] = _mm512_setzero_si512();
    }
    for (int run = 0; run < 4; ++run) {
      const __m512i codes = _mm512_loadu_si512(tile + g * 256 + run * 64);
      const __m512i first = _mm512_and_si512(codes, nibble);
      const __m512i second = _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble);
      for (int r = 0; r < R; ++r) {
        low[r] = _mm512_dpbusd_epi32(low[r], first, broadcast4(q[r] + g * 32 + run * 8));
        high[r] = _mm512_dpbusd_epi32(high[r], second, broadcast4(q[r] + g * 32 + run * 8 + 4));
      }
    }
    // a group's sum fits 16 bits (32 · 8 · 127 = 32512) and the multiplier's upper half is zero, so
    // one 16-bit multiply-add scales and adds it
    const __m512i multiplier =
        _mm512_add_epi32(_mm512_and_si512(g ? _mm512_srli_epi32(pair, 4) : pair, word), one);
    for (int r = 0; r < R; ++r)
      idot[r] = _mm512_dpwssd_epi32(idot[r], _mm512_add_epi32(low[r], high[r]), multiplier);
  }
}

template <int R, int FORMAT>
inline void integer_rows(const Converted& c, const uint8_t* strip, int64_t row, float* acc) {
  const int64_t bytes = int_tile_bytes(FORMAT);
  __m512 total[R];
  const int8_t* q[R];
  const int32_t* sums[R];
  for (int r = 0; r < R; ++r) {
    total[r] = _mm512_setzero_ps();
    q[r] = c.q + (row + r) * c.kp;
    sums[r] = c.sums + (row + r) * c.groups;
  }
  for (int64_t b = 0; b < c.blocks; ++b) {
    __m512i idot[R];
    for (int r = 0; r < R; ++r) idot[r] = _mm512_setzero_si512();
    for (int64_t t = block_width(c, b) / kIntTileK; t > 0; --t, strip += bytes) {
      for (int64_t at = 0; at < bytes; at += 64)
        _mm_prefetch((const char*)strip + 16 * bytes + at, _MM_HINT_T1);
      if (FORMAT == kInt8) int8_tile<R>(strip, q, sums, idot);
      else int4_tile<R>(strip, q, sums, idot);
      for (int r = 0; r < R; ++r) q[r] += kIntTileK, sums[r] += 2;
    }
    const __m512 scale = _mm512_loadu_ps((const float*)strip);
    strip += kScaleBytes;
    for (int r = 0; r < R; ++r) {
      const __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(c.scale[(row + r) * c.blocks + b]));
      total[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(idot[r]), both, total[r]);
    }
  }
  for (int r = 0; r < R; ++r) _mm512_storeu_ps(acc + r * 16, total[r]);
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
