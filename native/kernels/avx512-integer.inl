// int8 and int4 products with VNNI (vpdpbusd: four u8·s8 products added to a 32-bit sum). Rows go through a strip
// of sixteen columns together, so that codes are unpacked once for up to four rows.
namespace vireo {
namespace {

inline __m512i broadcast4(const int8_t* q) {
  int32_t word;
  memcpy(&word, q, 4);
  return _mm512_set1_epi32(word);
}

template <int R>
inline void int8_block(const uint8_t* block, const int8_t* const* q, const int32_t* const* sums, __m512i* idot) {
  // vpdpbusd wants one side unsigned: the codes' sign bit is flipped (+128), and 128 · Σx taken off at the start
  const __m512i flip = _mm512_set1_epi8((char)0x80);
  __m512i even[R], odd[R];
  for (int r = 0; r < R; ++r) {
    int32_t offset = 0;
    for (int g = 0; g < 8; ++g) offset += sums[r][g] * 128;
    even[r] = _mm512_set1_epi32(-offset);
    odd[r] = _mm512_setzero_si512();
  }
  for (int quad = 0; quad < 64; quad += 2) {
    const __m512i first = _mm512_xor_si512(_mm512_loadu_si512(block + quad * 64), flip);
    const __m512i second = _mm512_xor_si512(_mm512_loadu_si512(block + quad * 64 + 64), flip);
    for (int r = 0; r < R; ++r) {
      even[r] = _mm512_dpbusd_epi32(even[r], first, broadcast4(q[r] + quad * 4));
      odd[r] = _mm512_dpbusd_epi32(odd[r], second, broadcast4(q[r] + quad * 4 + 4));
    }
  }
  for (int r = 0; r < R; ++r) idot[r] = _mm512_add_epi32(even[r], odd[r]);
}

template <int R>
inline void int4_block(const uint8_t* block, const int8_t* const* q, const int32_t* const* sums, __m512i* idot) {
  const __m512i nibble = _mm512_set1_epi8(15), word = _mm512_set1_epi32(15), one = _mm512_set1_epi32(1);
  for (int r = 0; r < R; ++r) idot[r] = _mm512_setzero_si512();
  for (int g = 0; g < 8; ++g) {
    __m512i low[R], high[R];
    for (int r = 0; r < R; ++r) {
      low[r] = _mm512_set1_epi32(-8 * sums[r][g]);
      high[r] = _mm512_setzero_si512();
    }
    for (int run = 0; run < 4; ++run) {
      const __m512i codes = _mm512_loadu_si512(block + g * 256 + run * 64);
      const __m512i first = _mm512_and_si512(codes, nibble);
      const __m512i second = _mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble);
      for (int r = 0; r < R; ++r) {
        low[r] = _mm512_dpbusd_epi32(low[r], first, broadcast4(q[r] + g * 32 + run * 8));
        high[r] = _mm512_dpbusd_epi32(high[r], second, broadcast4(q[r] + g * 32 + run * 8 + 4));
      }
    }
    const __m512i pair = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(block + 2048 + g / 2 * 16)));
    const __m512i multiplier = _mm512_add_epi32(_mm512_and_si512(g % 2 ? _mm512_srli_epi32(pair, 4) : pair, word), one);
    // a group's sum fits 16 bits (32 · 8 · 127 = 32512) and the multiplier's upper half is zero, so one 16-bit
    // multiply-add scales and adds it
    for (int r = 0; r < R; ++r) {
      const __m512i sum = _mm512_add_epi32(low[r], high[r]);
      idot[r] = _mm512_dpwssd_epi32(idot[r], sum, multiplier);
    }
  }
}

template <int R>
inline void integer_rows(int format, const Converted& c, const uint8_t* strip, int64_t row, float* acc) {
  const int64_t bytes = format == kInt8 ? kInt8BlockBytes : kInt4BlockBytes;
  __m512 total[R];
  for (int r = 0; r < R; ++r) total[r] = _mm512_setzero_ps();
  for (int64_t b = 0; b < c.blocks; ++b, strip += bytes) {
    const int8_t* q[R];
    const int32_t* sums[R];
    __m512i idot[R];
    for (int r = 0; r < R; ++r) {
      q[r] = c.q + (row + r) * c.kp + b * kBlockK;
      sums[r] = c.sums + ((row + r) * c.blocks + b) * 8;
      _mm_prefetch((const char*)(strip + 2 * bytes), _MM_HINT_T0);
    }
    if (format == kInt8) int8_block<R>(strip, q, sums, idot);
    else int4_block<R>(strip, q, sums, idot);
    const __m512 scale = _mm512_loadu_ps((const float*)(strip + bytes - 64));
    for (int r = 0; r < R; ++r) {
      const __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(c.scale[(row + r) * c.blocks + b]));
      total[r] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(idot[r]), both, total[r]);
    }
  }
  for (int r = 0; r < R; ++r) _mm512_storeu_ps(acc + r * 16, total[r]);
}

inline void integer_strip_vnni(const MatmulArgs& a, const Converted& c, const uint8_t* strip, float* acc) {
  int64_t r = 0;
  for (; r + 4 <= a.x.rows; r += 4) integer_rows<4>(a.w.format, c, strip, r, acc + r * 16);
  for (; r < a.x.rows; ++r) integer_rows<1>(a.w.format, c, strip, r, acc + r * 16);
}

}  // namespace
}  // namespace vireo
