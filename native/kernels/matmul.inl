// x · wᵀ for the float formats (bf16, fp8, nvfp4) and, in plain integers, for int8 and int4.
namespace vireo {
namespace {

// ---- x, converted ----

// Scratch: float rows padded to kTileK (float formats), or int8 rows padded to kIntTileK, then one
// scale per block of each row, then one sum per group of 32 k.
struct Converted {
  float* f;
  int8_t* q;
  float* scale;
  int32_t* sums;
  int64_t kp, blocks, groups;
};
inline Converted converted(const MatmulArgs& a) {
  Converted c;
  const bool integer = is_integer(a.w.format);
  c.kp = round_up(a.w.k, integer ? kIntTileK : kTileK);
  c.blocks = blocks_of(a.w.k);
  c.groups = c.kp / 32;
  const int64_t rows = round_up(a.x.rows, 32);
  c.f = (float*)a.scratch;
  c.q = (int8_t*)a.scratch;
  c.scale = (float*)(a.scratch + round_up(rows * c.kp, 64));
  c.sums = (int32_t*)(c.scale + rows * c.blocks);
  return c;
}

// 32 values to int8; returns their sum. A NaN becomes a bound.
inline int32_t quantize_group(const float* x, float inverse, int8_t* q) {
#if LANES == 16
  __m512i total = _mm512_setzero_si512();
  for (int i = 0; i < 32; i += 16) {
    const __m512i n =
        _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_set1_ps(inverse)));
    const __m512i bounded = _mm512_max_epi32(n, _mm512_set1_epi32(-127));
    _mm_storeu_si128((__m128i*)(q + i), _mm512_cvtsepi32_epi8(bounded));
    total = _mm512_add_epi32(total, bounded);
  }
  return _mm512_reduce_add_epi32(total);
#else
  int32_t total = 0;
  for (int i = 0; i < 32; i += LANES) {
    // adding 1.5 · 2^23 rounds to the nearest integer, ties to even, and leaves it in the low bits
    const vi n = (vi)(load(x + i) * inverse + 12582912.0f) - 0x4b400000;
    for (int l = 0; l < LANES; ++l) {
      const int32_t value = n[l] > 127 ? 127 : n[l] < -127 ? -127 : n[l];
      q[i + l] = (int8_t)value;
      total += value;
    }
  }
  return total;
#endif
}

// Up to one block of a row: `padded` (a multiple of 64) values of q, of which `count` come from x.
// Returns the scale.
inline float quantize_block(const float* x, int64_t count, int64_t padded, int8_t* q,
                            int32_t* sums) {
  float rest[kIntTileK] = {};
  const int64_t whole = count / 32 * 32;
  memcpy(rest, x + whole, (size_t)(count - whole) * 4);
  vf top = {}, poison = {};  // a maximum forgets a NaN, x − x does not
  for (int64_t i = 0; i < whole + 32; i += LANES) {
    const vf v = load(i < whole ? x + i : rest + (i - whole));
    top = vmax(top, vmax(v, -v));
    poison += v - v;
  }
  const float amax = max_of(top) + sum(poison), inverse = amax > 0.0f ? 127.0f / amax : 0.0f;
  for (int64_t i = 0; i < padded; i += 32)
    sums[i / 32] = quantize_group(i < whole ? x + i : rest + (i - whole), inverse, q + i);
  return amax / 127.0f;
}

inline int64_t block_width(const Converted& c, int64_t block) {
  return c.kp - block * kBlockK < kBlockK ? c.kp - block * kBlockK : kBlockK;
}

inline void quantize_row(const float* x, int64_t k, const Converted& c, int64_t row) {
  for (int64_t b = 0; b < c.blocks; ++b) {
    const int64_t from = b * kBlockK, count = k - from < kBlockK ? k - from : kBlockK;
    c.scale[row * c.blocks + b] =
        quantize_block(x + from, count, block_width(c, b), c.q + row * c.kp + from,
                       c.sums + row * c.groups + from / 32);
  }
}

inline void round_row(const float* x, int64_t k, int64_t kp, bool exact, float* y) {
  int64_t i = 0;
  for (; i + LANES <= k; i += LANES) store(y + i, exact ? load(x + i) : round_bf16(load(x + i)));
  for (; i < k; ++i) y[i] = exact ? x[i] : round_bf16(splat(x[i]))[0];
  for (; i < kp; ++i) y[i] = 0.0f;
}

void matmul_prepare(const MatmulArgs& a, int part, int parts) {
  const Converted c = converted(a);
  const Range rows = share(a.x.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = a.x.data + r * a.x.stride;
    if (is_integer(a.w.format)) quantize_row(x, a.w.k, c, r);
    else round_row(x, a.w.k, c.kp, a.exact, c.f + r * c.kp);
  }
}

// ---- the result ----

// One row's sixteen sums → up to sixteen columns of y.
template <bool SCALED, bool PLAIN>
inline void finish_row(const MatmulArgs& a, const vf* scale, const vf* bias, const float* acc,
                       float* y, int columns) {
  vf out[kVecs];
  for (int v = 0; v < kVecs; ++v) {
    out[v] = load(acc + v * LANES);
    if (!SCALED) out[v] = out[v] * scale[v];
    if (!PLAIN) out[v] = activate(out[v] + bias[v], a.activation, a.exact);
  }
  if (columns < 16) {
    float line[16];
    for (int v = 0; v < kVecs; ++v) store(line + v * LANES, out[v]);
    for (int i = 0; i < columns; ++i) y[i] = a.accumulate ? y[i] + line[i] : line[i];
    return;
  }
  for (int v = 0; v < kVecs; ++v)
    store(y + v * LANES, a.accumulate ? load(y + v * LANES) + out[v] : out[v]);
}

// Sixteen columns from n on, rows [row, row + rows): acc [rows][16] → y. SCALED: the row scales are
// in already.
template <bool SCALED>
inline void finish(const MatmulArgs& a, int64_t n, const float* acc, int64_t row, int64_t rows) {
  const int columns = a.w.n - n < 16 ? (int)(a.w.n - n) : 16;
  float line[16] = {};
  vf scale[kVecs], bias[kVecs];
  if (a.bias) memcpy(line, a.bias + n, (size_t)columns * 4);
  for (int v = 0; v < kVecs; ++v) {
    scale[v] = load(a.w.row_scale + n + v * LANES);
    bias[v] = load(line + v * LANES);
  }
  const bool plain = !a.bias && a.activation == kNone;
  float* y = a.y.data + row * a.y.stride + n;
  for (int64_t r = 0; r < rows; ++r, acc += 16, y += a.y.stride) {
    if (plain) finish_row<SCALED, true>(a, scale, bias, acc, y, columns);
    else finish_row<SCALED, false>(a, scale, bias, acc, y, columns);
  }
}

// This part's own memory behind the converted rows: first the widened weights, then the sums.
inline uint8_t* part_scratch(const MatmulArgs& a, int part) {
  return a.scratch + round_up(matmul_scratch_bytes(a.x.rows, a.w.k), 64) +
         part * round_up(matmul_part_bytes(a.x.rows), 64);
}

// ---- float formats ----

#ifndef VIREO_EXPAND_TILE
// E4M3 codes, one in each word → float32. Normal numbers keep their bits with the exponent rebased
// by 120; the others are magnitude · 2^-9.
inline vu e4m3_bits(vu code) {
  const vu magnitude = code & 0x7f;
  const vf small = __builtin_convertvector((vi)magnitude, vf) * 0.001953125f;
  const vu value = magnitude < 8 ? (vu)small : (magnitude << 20) + (120u << 23);
  return value | (code & 0x80) << 24;
}
// The low four bits of each word as E2M1 → float32: 0, 0.5, then 1 and 1.5 times powers of two.
inline vf e2m1(vu code) {
  const vu magnitude = code & 7;
  const vu normal = ((magnitude >> 1) + 126) << 23 | (magnitude & 1) << 22;
  const vu small = (vu)(__builtin_convertvector((vi)magnitude, vf) * 0.5f);
  return as_f((magnitude < 2 ? small : normal) | (code & 8) << 28);
}
inline vu load_bytes(const uint8_t* p) {
  typedef uint8_t vb __attribute__((vector_size(LANES)));
  vb v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, vu);
}

// One packed tile → bf16 [16 pairs][16 n][2].
inline void expand_tile(int format, const uint8_t* from, uint16_t* to) {
  if (format == kFp8) {
    for (int i = 0; i < 512; i += LANES) {
      const vh half = __builtin_convertvector(e4m3_bits(load_bytes(from + i)) >> 16, vh);
      memcpy(to + i, &half, sizeof half);
    }
    return;
  }
  for (int run = 0; run < 4; ++run)
    for (int n = 0; n < 16; n += LANES) {
      const vf scale = as_f(e4m3_bits(load_bytes(from + 256 + run / 2 * 16 + n)));
      vu codes = load_u(from + run * 64 + n * 4);
      for (int pair = 0; pair < 4; ++pair, codes >>= 8) {
        // a product has at most 6 significant bits: exact in bf16
        const vu even = (vu)(e2m1(codes) * scale), odd = (vu)(e2m1(codes >> 4) * scale);
        const vu both = even >> 16 | (odd & 0xffff0000u);
        memcpy(to + ((run * 4 + pair) * 16 + n) * 2, &both, sizeof both);
      }
    }
}
#endif

// acc[r] += x rows · tiles, for 16 columns. Even and odd k are summed apart within a tile, then
// added.
template <int R>
inline void dot_tiles(const uint16_t* tiles, int64_t count, const float* x, int64_t stride,
                      float* acc) {
  vf total[R][kVecs];
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < kVecs; ++v) total[r][v] = load(acc + r * 16 + v * LANES);
  for (int64_t t = 0; t < count; ++t, tiles += 512, x += kTileK) {
    vf even[R][kVecs] = {}, odd[R][kVecs] = {};
    for (int pair = 0; pair < 16; ++pair)
      for (int v = 0; v < kVecs; ++v) {
        const vu both = load_u(tiles + pair * 32 + v * LANES * 2);
        const vf low = as_f(both << 16), high = as_f(both & 0xffff0000u);
        for (int r = 0; r < R; ++r) {
          even[r][v] = fma(x[r * stride + 2 * pair], low, even[r][v]);
          odd[r][v] = fma(x[r * stride + 2 * pair + 1], high, odd[r][v]);
        }
      }
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < kVecs; ++v) total[r][v] += even[r][v] + odd[r][v];
  }
  for (int r = 0; r < R; ++r)
    for (int v = 0; v < kVecs; ++v) store(acc + r * 16 + v * LANES, total[r][v]);
}

constexpr int kRowsAtOnce = LANES == 16 ? 8 : LANES == 8 ? 2 : 1;

#ifdef VIREO_DOT_STRIPS
constexpr int64_t kDirectRows =
    2;  // so few rows multiply packed fp8 and nvfp4 without widening tiles

inline bool is_direct(const MatmulArgs& a) {
  return a.x.rows <= kDirectRows && (a.w.format == kFp8 || a.w.format == kNvfp4);
}

template <int FORMAT>
inline void matmul_direct(const MatmulArgs& a, int part, int parts) {
  const Converted c = converted(a);
  const int64_t tiles = c.kp / kTileK, size = strip_bytes(FORMAT, a.w.k), rows = a.x.rows;
  float acc[4 * kDirectRows * 16];
  const Range columns = share(round_up(a.w.n, 16), part, parts, 16);
  for (int64_t n = columns.begin, count; n < columns.end; n += count * 16) {
    count = columns.end - n >= 64 ? 4 : 1;
    const uint8_t* strips = a.w.codes + n / 16 * size;
    for (int64_t r = 0; r < rows; ++r) {
      const float* x = c.f + r * c.kp;
      if (count == 4) dot_strips<FORMAT, 4>(strips, size, tiles, x, acc + r * 16, rows * 16);
      else dot_strips<FORMAT, 1>(strips, size, tiles, x, acc + r * 16, rows * 16);
    }
    for (int64_t s = 0; s < count; ++s) finish<false>(a, n + s * 16, acc + s * rows * 16, 0, rows);
  }
}
#endif

void matmul_float(const MatmulArgs& a, int part, int parts) {
#ifdef VIREO_DOT_STRIPS
  if (is_direct(a)) {
    if (a.w.format == kFp8) matmul_direct<kFp8>(a, part, parts);
    else matmul_direct<kNvfp4>(a, part, parts);
    return;
  }
#endif
  const Converted c = converted(a);
  const int64_t tiles = c.kp / kTileK, tile_bytes = kTileBytes[a.w.format], rows = a.x.rows;
  const int64_t step = 32;  // tiles widened at a time: 32 KiB
  uint16_t* wide = (uint16_t*)part_scratch(a, part);
  float* acc = (float*)(part_scratch(a, part) + kExpandBytes);
  const Range columns = share(round_up(a.w.n, 16), part, parts, 16);
  for (int64_t n = columns.begin; n < columns.end; n += 16) {
    const uint8_t* strip = a.w.codes + n / 16 * strip_bytes(a.w.format, a.w.k);
    memset(acc, 0, (size_t)(rows * 16) * 4);
    for (int64_t t = 0; t < tiles; t += step) {
      const int64_t count = tiles - t < step ? tiles - t : step;
      const uint16_t* from = (const uint16_t*)(strip + t * tile_bytes);
      if (a.w.format != kBf16) {
        for (int64_t i = 0; i < count; ++i)
          expand_tile(a.w.format, strip + (t + i) * tile_bytes, wide + i * 512);
        from = wide;
      }
      int64_t r = 0;
      const float* x = c.f + t * kTileK;
      for (; r + kRowsAtOnce <= rows; r += kRowsAtOnce)
        dot_tiles<kRowsAtOnce>(from, count, x + r * c.kp, c.kp, acc + r * 16);
      for (; r < rows; ++r) dot_tiles<1>(from, count, x + r * c.kp, c.kp, acc + r * 16);
    }
    finish<false>(a, n, acc, 0, rows);
  }
}

// ---- integer formats ----

#if !defined(VIREO_DOT_TILE) && !defined(VIREO_INTEGER_STRIP)
// idot[16] += exact integer product of 64 k of one row with a tile.
inline void dot_tile(int format, const uint8_t* tile, const int8_t* q, const int32_t* sums,
                     int32_t* idot) {
  if (format == kInt8) {
    for (int quad = 0; quad < 16; ++quad)
      for (int n = 0; n < 16; ++n)
        for (int i = 0; i < 4; ++i)
          idot[n] += (int32_t)(int8_t)tile[quad * 64 + n * 4 + i] * q[quad * 4 + i];
    return;
  }
  for (int g = 0; g < 2; ++g, tile += 256, q += 32)
    for (int n = 0; n < 16; ++n) {
      int32_t total = -8 * sums[g];
      for (int run = 0; run < 4; ++run)
        for (int i = 0; i < 4; ++i) {
          const uint8_t byte = tile[run * 64 + n * 4 + i];
          total += (byte & 15) * q[run * 8 + i] + (byte >> 4) * q[run * 8 + 4 + i];
        }
      const uint8_t multipliers = tile[(g == 0 ? 512 : 256) + n];
      idot[n] += total * (((multipliers >> (g * 4)) & 15) + 1);
    }
}
#endif

// acc[16] += idot · (row scale · column scale)
inline void add_block(const int32_t* idot, float row_scale, const float* column_scale, float* acc) {
  for (int v = 0; v < 16; v += LANES) {
    vi n;
    memcpy(&n, idot + v, sizeof n);
    store(acc + v,
          fma(__builtin_convertvector(n, vf), load(column_scale + v) * row_scale, load(acc + v)));
  }
}

}  // namespace
}  // namespace vireo
// A set with integer instructions names the file of its own integer_strip_blocked().
#ifdef VIREO_INTEGER_STRIP
#include VIREO_INTEGER_STRIP
#endif
namespace vireo {
namespace {

// Sixteen columns, every row: acc [rows][16].
inline void integer_strip(const MatmulArgs& a, const Converted& c, const uint8_t* strip,
                          float* acc) {
#ifdef VIREO_INTEGER_STRIP
  integer_strip_blocked(a, c, strip, acc);
#else
  const int64_t bytes = int_tile_bytes(a.w.format);
  for (int64_t b = 0; b < c.blocks; ++b) {
    const int64_t tiles = block_width(c, b) / kIntTileK;
    for (int64_t r = 0; r < a.x.rows; ++r) {
      int32_t idot[16] = {};
      for (int64_t t = 0; t < tiles; ++t) {
        const int64_t k = b * kBlockK + t * kIntTileK;
        dot_tile(a.w.format, strip + t * bytes, c.q + r * c.kp + k, c.sums + r * c.groups + k / 32,
                 idot);
      }
      add_block(idot, c.scale[r * c.blocks + b], (const float*)(strip + tiles * bytes),
                acc + r * 16);
    }
    strip += tiles * bytes + kScaleBytes;
  }
#endif
}

void matmul_integer(const MatmulArgs& a, int part, int parts) {
  const Converted c = converted(a);
  float* acc = (float*)(part_scratch(a, part) + kExpandBytes);
  const Range columns = share(round_up(a.w.n, 16), part, parts, 16);
  for (int64_t n = columns.begin; n < columns.end; n += 16) {
    memset(acc, 0, (size_t)(a.x.rows * 16) * 4);
    integer_strip(a, c, a.w.codes + n / 16 * strip_bytes(a.w.format, a.w.k), acc);
    finish<true>(a, n, acc, 0, a.x.rows);
  }
}

void matmul(const MatmulArgs& a, int part, int parts) {
  if (is_integer(a.w.format)) matmul_integer(a, part, parts);
  else matmul_float(a, part, parts);
}

}  // namespace
}  // namespace vireo
