// AMX: 16×16 tiles of bf16 (32 k) or int8 (64 k) products. Everything else is the avx512 set's.
//
// x is converted into tiles of 16 rows, 1 KiB each, so that a tile load touches 16 neighbouring lines. Work runs over
// panels of 256 columns and 512 or 1024 k: a pair of strips (32 KiB) stays in the L1 cache while all rows pass, x and
// the sums stay in L2, and packed formats are widened once per panel. Sums of a panel go to scratch between blocks of k, exactly as they stood in the
// tile registers, so neither the panel's size nor the number of rows changes a bit.
#define VIREO_AMX
#include "avx512.inl"

namespace vireo {
namespace {

constexpr int kPanelColumns = 256, kPanelTiles = 16, kPanelBlocks = 4;
constexpr int kVnniRows = 6;                          // int4 with fewer rows than this is faster with VNNI

struct __attribute__((packed, aligned(64))) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
// Static: the intrinsic tells the compiler only of its first eight bytes, which would leave a local half written.
const TileConfig kTileConfig;
struct Tiles {
  Tiles() { _tile_loadconfig(&kTileConfig); }
  ~Tiles() { _tile_release(); }
};

inline bool uses_vnni(const MatmulArgs& a) { return a.w.format == kInt4 && a.x.rows < kVnniRows; }

void tile_bf16_row(const float* x, int64_t k, int64_t kp, uint16_t* tiles, int64_t row) {
  uint16_t* to = tiles + row / 16 * 16 * kp + row % 16 * 32;
  for (int64_t i = 0; i < kp; i += 32, to += 512) {
    __m512 low = _mm512_setzero_ps(), high = low;
    if (i + 32 <= k) {
      low = _mm512_loadu_ps(x + i);
      high = _mm512_loadu_ps(x + i + 16);
    } else {
      const int left = (int)(k - i);
      low = _mm512_maskz_loadu_ps((__mmask16)(left >= 16 ? 0xffff : (1 << left) - 1), x + i);
      if (left > 16) high = _mm512_maskz_loadu_ps((__mmask16)((1 << (left - 16)) - 1), x + i + 16);
    }
    _mm512_storeu_si512(to, (__m512i)_mm512_cvtne2ps_pbh(high, low));
  }
}

void amx_prepare(const MatmulArgs& a, int part, int parts) {
  const bool integer = is_integer(a.w.format);
  if (uses_vnni(a) || (!integer && a.exact)) return matmul_prepare(a, part, parts);
  const Converted c = converted(a);
  const Range rows = share(round_up(a.x.rows, 32), part, parts);
  int8_t line[kBlockK];
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = a.x.data + r * a.x.stride;
    if (!integer) {
      uint16_t* tiles = (uint16_t*)a.scratch;
      if (r < a.x.rows) tile_bf16_row(x, a.w.k, c.kp, tiles, r);
      else for (int64_t i = 0; i < c.kp; i += 32) memset(tiles + r / 16 * 16 * c.kp + i * 16 + r % 16 * 32, 0, 64);
      continue;
    }
    for (int64_t b = 0; b < c.blocks; ++b) {  // a block at a time, so that the row-major form stays on the stack
      if (r < a.x.rows) {
        const int64_t from = b * kBlockK, count = a.w.k - from < kBlockK ? a.w.k - from : kBlockK;
        int32_t sums[kBlockK / 32];
        const Converted one = {nullptr, line, c.scale + r * c.blocks + b, sums, kBlockK, 1};
        quantize_row(x + from, count, one, 0);
      } else {
        memset(line, 0, sizeof line);
      }
      int8_t* to = c.q + (r / 16 * (c.kp / 64) + b * 4) * 1024 + r % 16 * 64;
      for (int t = 0; t < 4; ++t) memcpy(to + t * 1024, line + t * 64, 64);
    }
  }
}

// The compiler does not know that tile loads and stores touch memory: what they read must be written before, and what
// they write must not be assumed.
inline void tiles_see_memory() { asm volatile("" ::: "memory"); }

// ---- one block of tiles: MT × 16 rows by NT × 16 columns, C in tile registers 0..3 --------------------------------

template <int MT, int NT>
inline void zero_c() {
  _tile_zero(0);
  if constexpr (NT > 1) _tile_zero(1);
  if constexpr (MT > 1) _tile_zero(2);
  if constexpr (MT > 1 && NT > 1) _tile_zero(3);
}
template <int MT, int NT>
inline void load_c(const float* c0, const float* c1) {
  tiles_see_memory();
  _tile_loadd(0, c0, 64);
  if constexpr (NT > 1) _tile_loadd(1, c1, 64);
  if constexpr (MT > 1) _tile_loadd(2, c0 + 256, 64);
  if constexpr (MT > 1 && NT > 1) _tile_loadd(3, c1 + 256, 64);
}
template <int MT, int NT>
inline void store_c(void* c0, void* c1) {
  _tile_stored(0, c0, 64);
  if constexpr (NT > 1) _tile_stored(1, c1, 64);
  if constexpr (MT > 1) _tile_stored(2, (char*)c0 + 1024, 64);
  if constexpr (MT > 1 && NT > 1) _tile_stored(3, (char*)c1 + 1024, 64);
  tiles_see_memory();
}
// C += A · B over `count` k tiles. Tiles of a row block (and of a strip) are 1 KiB apart.
template <int MT, int NT, bool INT8>
inline void multiply(const uint8_t* a0, const uint8_t* a1, const uint8_t* b0, const uint8_t* b1, int64_t count) {
  tiles_see_memory();
  for (int64_t t = 0; t < count; ++t) {
    const int64_t at = t * 1024;
    _tile_loadd(6, b0 + at, 64);
    _tile_loadd(4, a0 + at, 64);
    if constexpr (INT8) _tile_dpbssd(0, 4, 6);
    else _tile_dpbf16ps(0, 4, 6);
    if constexpr (NT > 1) {
      _tile_loadd(7, b1 + at, 64);
      if constexpr (INT8) _tile_dpbssd(1, 4, 7);
      else _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (MT > 1) {
      _tile_loadd(5, a1 + at, 64);
      if constexpr (INT8) _tile_dpbssd(2, 5, 6);
      else _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (MT > 1 && NT > 1) {
      if constexpr (INT8) _tile_dpbssd(3, 5, 7);
      else _tile_dpbf16ps(3, 5, 7);
    }
  }
}

// ---- float formats ---------------------------------------------------------------------------------------------------

template <int MT, int NT>
inline void float_block(const uint8_t* a, int64_t a_stride, const uint8_t* b0, const uint8_t* b1, int64_t count, float* c0,
                        float* c1, bool first) {
  if (first) zero_c<MT, NT>();
  else load_c<MT, NT>(c0, c1);
  multiply<MT, NT, false>(a, a + a_stride, b0, b1, count);
  store_c<MT, NT>(c0, c1);
}

// Fewer rows than a tile: the weights are read once and the panel may be small; it stays in the L1 cache.
inline int64_t panel_columns(const MatmulArgs& a) { return a.x.rows > 32 ? kPanelColumns : 32; }
inline int64_t panel_tiles(const MatmulArgs& a) { return a.x.rows > 32 ? kPanelTiles : 12; }

void amx_float(const MatmulArgs& a, int part, int parts) {
  const Tiles tiles_on;
  const Converted c = converted(a);
  const int64_t tiles = c.kp / kTileK, tile_bytes = kTileBytes[a.w.format], strip_size = strip_bytes(a.w.format, a.w.k);
  const int64_t rows = round_up(a.x.rows, 16), a_stride = c.kp * 32, wide = panel_columns(a), deep = panel_tiles(a);
  uint8_t* panel = part_scratch(a, part);
  float* acc = (float*)(panel + kExpandBytes);  // [strip][rows][16]
  const Range columns = share(round_up(a.w.n, 16), part, parts, 32);
  for (int64_t n = columns.begin; n < columns.end; n += wide) {
    const int64_t strips = (columns.end - n < wide ? columns.end - n : wide) / 16;
    for (int64_t t = 0; t < tiles; t += deep) {
      const int64_t count = tiles - t < deep ? tiles - t : deep;
      const uint8_t* b = a.w.codes + n / 16 * strip_size + t * tile_bytes;
      int64_t b_stride = strip_size;
      if (a.w.format != kBf16) {
        for (int64_t s = 0; s < strips; ++s)
          for (int64_t i = 0; i < count; ++i)
            expand_tile(a.w.format, b + s * strip_size + i * tile_bytes, (uint16_t*)(panel + (s * count + i) * 1024));
        b = panel;
        b_stride = count * 1024;
      }
      for (int64_t s = 0; s < strips; s += 2)
        for (int64_t r = 0; r < rows; r += 32) {
          const uint8_t* x = a.scratch + t * 1024 + r / 16 * a_stride;
          float *c0 = acc + (s * rows + r) * 16, *c1 = c0 + rows * 16;
          const uint8_t *b0 = b + s * b_stride, *b1 = b0 + b_stride;
          const bool first = t == 0, tall = r + 32 <= rows, pair = s + 2 <= strips;
          if (tall && pair) float_block<2, 2>(x, a_stride, b0, b1, count, c0, c1, first);
          else if (tall) float_block<2, 1>(x, a_stride, b0, b1, count, c0, c1, first);
          else if (pair) float_block<1, 2>(x, a_stride, b0, b1, count, c0, c1, first);
          else float_block<1, 1>(x, a_stride, b0, b1, count, c0, c1, first);
        }
    }
    for (int64_t s = 0; s < strips; ++s) finish<false>(a, n + s * 16, acc + s * rows * 16);
  }
}

// ---- integer formats ---------------------------------------------------------------------------------------------------

// One int4 block → four int8 tiles of q · multiplier.
inline void expand_int4(const uint8_t* block, uint8_t* to) {
  const __m512i nibble = _mm512_set1_epi8(15), low_byte = _mm512_set1_epi16(0xff), eight = _mm512_set1_epi16(8);
  const __m512i word = _mm512_set1_epi32(15), one = _mm512_set1_epi32(1);
  for (int g = 0; g < 8; ++g) {
    const __m512i pair = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(block + 2048 + g / 2 * 16)));
    __m512i m = _mm512_add_epi32(_mm512_and_si512(g % 2 ? _mm512_srli_epi32(pair, 4) : pair, word), one);
    m = _mm512_or_si512(m, _mm512_slli_epi32(m, 16));
    for (int run = 0; run < 4; ++run) {
      const __m512i codes = _mm512_loadu_si512(block + g * 256 + run * 64);
      for (int half = 0; half < 2; ++half, to += 64) {
        const __m512i q = _mm512_and_si512(half ? _mm512_srli_epi16(codes, 4) : codes, nibble);
        const __m512i even = _mm512_mullo_epi16(_mm512_sub_epi16(_mm512_and_si512(q, low_byte), eight), m);
        const __m512i odd = _mm512_mullo_epi16(_mm512_sub_epi16(_mm512_srli_epi16(q, 8), eight), m);
        _mm512_storeu_si512(to, _mm512_ternarylogic_epi32(_mm512_slli_epi16(odd, 8), low_byte, even, 0xf8));
      }
    }
  }
}

// acc += sums · (row scale · column scale) for one block of 256 k.
inline void add_tile(const int32_t* sums, const float* row_scales, int64_t row_stride, const float* column_scale, float* acc,
                     int64_t rows) {
  const __m512 scale = _mm512_loadu_ps(column_scale);
  for (int64_t r = 0; r < rows; ++r) {
    const __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(row_scales[r * row_stride]));
    const __m512 value = _mm512_cvtepi32_ps(_mm512_load_si512(sums + r * 16));
    _mm512_storeu_ps(acc + r * 16, _mm512_fmadd_ps(value, both, _mm512_loadu_ps(acc + r * 16)));
  }
}

struct IntegerPanel {
  const uint8_t* b;          // int8 tiles of the first strip
  int64_t b_stride, b_step;  // to the next strip, to the next block
  const float* scale;        // of the first strip and block
  int64_t scale_stride, scale_step;
};

template <int MT, int NT>
inline void integer_block(const MatmulArgs& a, const Converted& c, const IntegerPanel& p, int64_t strip, int64_t row,
                          int64_t block, int64_t blocks, float* c0, float* c1) {
  alignas(64) int32_t sums[4][256];
  const uint8_t* x = (const uint8_t*)c.q + (row / 16 * (c.kp / 64) + block * 4) * 1024;
  const int64_t a_stride = c.kp * 16;
  for (int64_t i = 0; i < blocks; ++i) {
    const uint8_t* b = p.b + strip * p.b_stride + i * p.b_step;
    zero_c<MT, NT>();
    multiply<MT, NT, true>(x + i * 4096, x + i * 4096 + a_stride, b, b + p.b_stride, 4);
    store_c<MT, NT>(sums[0], sums[2]);
    const float* scale = p.scale + strip * p.scale_stride + i * p.scale_step;
    for (int m = 0; m < MT; ++m) {
      const int64_t from = row + m * 16, left = a.x.rows - from, rows = left < 16 ? left : 16;
      const float* row_scales = c.scale + from * c.blocks + block + i;
      add_tile(sums[m], row_scales, c.blocks, scale, c0 + m * 256, rows);
      if (NT > 1) add_tile(sums[2 + m], row_scales, c.blocks, scale + p.scale_stride, c1 + m * 256, rows);
    }
  }
}

void amx_integer(const MatmulArgs& a, int part, int parts) {
  const Tiles tiles_on;
  const Converted c = converted(a);
  const int64_t bytes = a.w.format == kInt8 ? kInt8BlockBytes : kInt4BlockBytes, strip_size = c.blocks * bytes;
  const int64_t rows = round_up(a.x.rows, 16), wide = panel_columns(a), deep = a.x.rows > 32 ? kPanelBlocks : 2;
  uint8_t* panel = part_scratch(a, part);
  float* acc = (float*)(panel + kExpandBytes);
  const Range columns = share(round_up(a.w.n, 16), part, parts, 32);
  for (int64_t n = columns.begin; n < columns.end; n += wide) {
    const int64_t strips = (columns.end - n < wide ? columns.end - n : wide) / 16;
    memset(acc, 0, (size_t)(strips * rows * 16) * 4);
    for (int64_t block = 0; block < c.blocks; block += deep) {
      const int64_t count = c.blocks - block < deep ? c.blocks - block : deep;
      const uint8_t* from = a.w.codes + n / 16 * strip_size + block * bytes;
      IntegerPanel p = {from, strip_size, bytes, (const float*)(from + bytes - 64), strip_size / 4, bytes / 4};
      if (a.w.format == kInt4) {
        for (int64_t s = 0; s < strips; ++s)
          for (int64_t i = 0; i < count; ++i) expand_int4(from + s * strip_size + i * bytes, panel + (s * count + i) * 4096);
        p.b = panel;
        p.b_stride = count * 4096;
        p.b_step = 4096;
      }
      for (int64_t s = 0; s < strips; s += 2)
        for (int64_t r = 0; r < rows; r += 32) {
          float *c0 = acc + (s * rows + r) * 16, *c1 = c0 + rows * 16;
          const bool tall = r + 32 <= rows, pair = s + 2 <= strips;
          if (tall && pair) integer_block<2, 2>(a, c, p, s, r, block, count, c0, c1);
          else if (tall) integer_block<2, 1>(a, c, p, s, r, block, count, c0, c1);
          else if (pair) integer_block<1, 2>(a, c, p, s, r, block, count, c0, c1);
          else integer_block<1, 1>(a, c, p, s, r, block, count, c0, c1);
        }
    }
    for (int64_t s = 0; s < strips; ++s) finish<true>(a, n + s * 16, acc + s * rows * 16);
  }
}

void amx_matmul(const MatmulArgs& a, int part, int parts) {
  if (is_integer(a.w.format)) {
    if (uses_vnni(a)) matmul_integer(a, part, parts);
    else amx_integer(a, part, parts);
  } else if (a.exact) {
    matmul_float(a, part, parts);
  } else {
    amx_float(a, part, parts);
  }
}

}  // namespace
}  // namespace vireo

#include "amx-tile-attention.inl"

vireo::KernelTable vireo::kernels_amx() {
  KernelTable table = make_table("amx");
  table.matmul_prepare = amx_prepare;
  table.matmul = amx_matmul;
  table.tile_attention = amx_tile_attention;
  return table;
}
