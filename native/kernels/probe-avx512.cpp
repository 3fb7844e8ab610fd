#include <immintrin.h>

#include "probe-loops.h"

namespace vireo {

double probe_avx512_f32(int64_t count) {
  __m512 a[12];
  const __m512 x = _mm512_set1_ps(1.0f), y = _mm512_set1_ps(1e-9f);
  for (__m512& v : a) v = x;
  for (int64_t i = 0; i < count; ++i)
    for (__m512& v : a) v = _mm512_fmadd_ps(v, x, y);
  __m512 sum = a[0];
  for (__m512& v : a) sum = _mm512_add_ps(sum, v);
  volatile float sink = _mm512_reduce_add_ps(sum);
  (void)sink;
  return (double)count * 12 * 32;
}

double probe_avx512_int8(int64_t count) {
  __m512i a[12];
  const __m512i x = _mm512_set1_epi8(1);
  for (__m512i& v : a) v = _mm512_setzero_si512();
  for (int64_t i = 0; i < count; ++i)
    for (__m512i& v : a) v = _mm512_dpbusd_epi32(v, x, x);
  __m512i sum = a[0];
  for (__m512i& v : a) sum = _mm512_add_epi32(sum, v);
  volatile int sink = _mm512_reduce_add_epi32(sum);
  (void)sink;
  return (double)count * 12 * 128;
}

}  // namespace vireo
