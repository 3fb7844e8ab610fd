// A vector of LANES floats and the few functions that kernels need. Each instruction set includes
// this with its own LANES and compiler flags; everything is static and no C++ library header is
// included, because an inline function compiled for AVX-512 may be the copy that the linker keeps
// for every CPU.
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#if LANES >= 8
#include <immintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

#include "../kernels.h"
#include "../layout.h"

#ifndef LANES
#error "define LANES before including vec.h"
#endif

namespace vireo {
namespace {

typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));
typedef uint32_t vu __attribute__((vector_size(LANES * 4)));
typedef uint16_t vh __attribute__((vector_size(LANES * 2)));

constexpr int kVecs = 16 / LANES;  // vectors in a run of sixteen floats

inline vf load(const float* p) {
  vf v;
  memcpy(&v, p, sizeof v);
  return v;
}
inline void store(float* p, vf v) { memcpy(p, &v, sizeof v); }
inline vu load_u(const void* p) {
  vu v;
  memcpy(&v, p, sizeof v);
  return v;
}
inline vf as_f(vu v) { return (vf)v; }
inline vf splat(float x) { return x - vf{}; }

// a·b + c. Contraction is off (-ffp-contract=off), so a product is fused with a sum here and
// nowhere else: the same expression rounds the same way wherever it stands, which bit-identical
// results rest on.
inline vf fma(vf a, vf b, vf c) {
#if LANES == 16
  return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif LANES == 8
  return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif LANES == 4 && defined(__ARM_NEON)
  return (vf)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
inline vf fma(float a, vf b, vf c) { return fma(splat(a), b, c); }
inline vf select(vi mask, vf a, vf b) { return mask ? a : b; }
// a > b ? a : b, so that a NaN on the right stays.
inline vf vmax(vf a, vf b) {
#if LANES == 16
  return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif LANES == 8
  return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
  return a > b ? a : b;
#endif
}
inline vf vmin(vf a, vf b) {
#if LANES == 16
  return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif LANES == 8
  return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
  return a < b ? a : b;
#endif
}
// 1 / x within 2 ulp.
inline vf reciprocal(vf x) {
#if LANES == 16
  const vf guess = (vf)_mm512_rcp14_ps((__m512)x);
  const vf better = fma(guess, fma(-x, guess, splat(1.0f)), guess);
  return select(better == better, better, guess);  // where x is 0 or infinite, the guess is right
#else
  return 1.0f / x;
#endif
}

inline vf load_bf16(const uint16_t* p) {
  vh v;
  memcpy(&v, p, sizeof v);
  return as_f(__builtin_convertvector(v, vu) << 16);
}
inline float bf16_to_f32(uint16_t x) {
  const uint32_t bits = (uint32_t)x << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}
// Nearest, ties to even; NaN stays NaN.
inline uint16_t f32_to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)((bits >> 16) | 0x40u);
  return (uint16_t)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
// The same rounding, kept as float32. NaN stays NaN; infinities stay.
inline vf round_bf16(vf x) {
  const vu bits = (vu)x;
  const vu rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  return select(x == x, as_f(rounded), x);
}

inline float sum(vf v) {
  float lane[LANES];
  memcpy(lane, &v, sizeof v);
  for (int width = LANES / 2; width > 0; width /= 2)
    for (int i = 0; i < width; ++i) lane[i] += lane[i + width];
  return lane[0];
}
inline float max_of(vf v) {
  float lane[LANES];
  memcpy(lane, &v, sizeof v);
  float m = lane[0];
  for (int i = 1; i < LANES; ++i) m = lane[i] > m ? lane[i] : m;
  return m;
}

// e^x within 2 ulp: 2^n · e^r, r in ±ln2/2, Taylor's series to the seventh power. Below −87.3 the
// result is 0, above 88.7 infinity; NaN stays NaN.
inline vf vexp(vf x) {
  const vf clamped = vmin(splat(89.0f), vmax(splat(-88.0f), x));
  const vf n = fma(1.44269504f, clamped, splat(12582912.0f)) - 12582912.0f;
  const vf r = fma(2.12194440e-4f, n, fma(-0.693359375f, n, clamped));
  vf p = splat(1.0f / 5040.0f);
  p = fma(p, r, splat(1.0f / 720.0f));
  p = fma(p, r, splat(1.0f / 120.0f));
  p = fma(p, r, splat(1.0f / 24.0f));
  p = fma(p, r, splat(1.0f / 6.0f));
  p = fma(p, r, splat(0.5f));
  p = fma(p, r, splat(1.0f));
  p = fma(p, r, splat(1.0f));
#if LANES == 16
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)n);  // subnormal results are flushed to 0
#else
  // two factors, so that neither leaves the range of normal numbers
  const vi exponent = __builtin_convertvector(n, vi), half = exponent >> 1;
  const vf y = p * (vf)((half + 127) << 23) * (vf)((exponent - half + 127) << 23);
  return select(x == x, select(x < -87.33654f, splat(0.0f), y), x);
#endif
}
inline float exp1(float x) {
  const vf y = vexp(splat(x));
  return y[0];
}

inline vf silu(vf x) { return x * reciprocal(1.0f + vexp(-x)); }

// 0.5·x·(1 + erf(x / √2)); erf by Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.
inline vf gelu(vf x) {
  const vf z = x * 0.70710678f;
  const vf a = vmax(z, -z);
  const vf t = reciprocal(fma(0.3275911f, a, splat(1.0f)));
  vf p = splat(1.061405429f);
  p = fma(p, t, splat(-1.453152027f));
  p = fma(p, t, splat(1.421413741f));
  p = fma(p, t, splat(-0.284496736f));
  p = fma(p, t, splat(0.254829592f));
  const vf erf = fma(-(p * t), vexp(-(a * a)), splat(1.0f));
  return 0.5f * x * (1.0f + select(z < 0.0f, -erf, erf));
}

// 2^x, off by less than 1e-4 of itself, a twentieth of what rounding to bf16 takes away: 2^⌊x⌋
// times a minimax polynomial of what is left. Below −126 it is 0.
inline vf exp2_coarse(vf x) {
#if LANES == 16
  const vf left = (vf)_mm512_reduce_ps((__m512)x, _MM_FROUND_TO_NEG_INF);  // in [0, 1)
#else
  const vf clamped = vmin(splat(128.0f), vmax(splat(-127.0f), x));
  const vf nearest = (clamped + 12582912.0f) - 12582912.0f;
  const vf whole = select(nearest > clamped, nearest - 1.0f, nearest);
  const vf left = clamped - whole;
#endif
  vf p = splat(0.07802452f);
  p = fma(p, left, splat(0.22606716f));
  p = fma(p, left, splat(0.69583354f));
  p = fma(p, left, splat(0.99992522f));
#if LANES == 16
  return (vf)_mm512_scalef_ps((__m512)p, (__m512)x);
#else
  const vf y = p * (vf)((__builtin_convertvector(whole, vi) + 127) << 23);
  return select(x == x, select(x < -126.0f, splat(0.0f), y), x);
#endif
}

// gelu(x) = relu(x) − |x| / 2 · erfc(|x| / √2), erfc by Abramowitz and Stegun 7.1.25: absolute
// error below 1e-4, for results that the next product rounds to bf16.
inline vf gelu_coarse(vf x) {
  const vf a = vmin(splat(16.0f), vmax(x, -x));
#if LANES == 16
  const vf t = (vf)_mm512_rcp14_ps((__m512)fma(0.33267253f, a, splat(1.0f)));
#else
  const vf t = reciprocal(fma(0.33267253f, a, splat(1.0f)));
#endif
  vf p = splat(0.3739278f);
  p = fma(p, t, splat(-0.0479399f));
  p = fma(p, t, splat(0.1740121f));
  const vf e = exp2_coarse(a * a * -0.72134752f);
  return select(x < 0.0f, splat(0.0f), x) - p * t * (a * e);  // keeps NaN
}

// The approximation by tanh: 0.5·x·(1 + tanh(√(2/π)·(x + 0.044715·x³))), as x · sigmoid of twice
// the inner term.
inline vf gelu_tanh(vf x) {
  const vf inner = x * fma(0.044715f * x, x, splat(1.0f)) * -1.5957691216f;
  return x * reciprocal(1.0f + vexp(inner));
}

// exact: as close as float32 allows; otherwise as close as bf16 can tell.
inline vf activate(vf x, int activation, bool exact) {
  if (activation == kRelu2) {
    const vf r = select(x < 0.0f, splat(0.0f), x);  // keeps NaN
    return r * r;
  }
  if (activation == kGeluTanh) return gelu_tanh(x);
  if (activation == kGelu) return exact ? gelu(x) : gelu_coarse(x);
  return x;
}

// This part's share of `count` items, in multiples of `grain`.
struct Range {
  int64_t begin, end;
};
inline Range share(int64_t count, int part, int parts, int64_t grain = 1) {
  const int64_t grains = (count + grain - 1) / grain;
  int64_t begin = grains * part / parts * grain, end = grains * (part + 1) / parts * grain;
  if (begin > count) begin = count;
  if (end > count) end = count;
  return {begin, end};
}

}  // namespace
}  // namespace vireo
