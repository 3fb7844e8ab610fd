// AMX: 16×16 tiles of bf16 (32 k) or int8 (64 k) products. Everything else is the avx512 set's.
//
// x is converted into tiles of 16 rows, 1 KiB each, so that a tile load touches 16 neighbouring
// lines. Work runs over panels of 256 columns and 1280 k, which stay in the L2 cache while all rows
// pass; packed formats are widened once per panel. Sums of a panel go to scratch between blocks of
// k, exactly as they stood in the tile registers, so neither the panel's size nor the number of
// rows changes a bit.
#define VIREO_AMX
#include "avx512.inl"

namespace vireo {
namespace {

constexpr int kPanelColumns = 256, kPanelTiles = 20, kRowsInCache = 352, kCacheBytes = 1000000;
constexpr int kVnniRows = 6;  // int4 with fewer rows than this is faster with VNNI

struct __attribute__((packed, aligned(64))) TileConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
// Static: the intrinsic tells the compiler only of its first eight bytes, which would leave a local
// half written.
const TileConfig kTileConfig;
struct Tiles {
  Tiles() { _tile_loadconfig(&kTileConfig); }
  ~Tiles() { _tile_release(); }
};

// Whether the avx512 set's way is taken: few rows of packed formats, or exact products.
inline bool is_vector(const MatmulArgs& a) {
  if (is_integer(a.w.format)) return a.w.format == kInt4 && a.x.rows < kVnniRows;
  return a.exact || is_direct(a);
}

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

// A row of zeros without x.
void tile_int8_row(const float* x, int64_t k, const Converted& c, int64_t row) {
  alignas(64) int8_t line[kBlockK];
  int32_t sums[kBlockK / 32];
  int8_t* to = c.q + row / 16 * 16 * c.kp + row % 16 * 64;
  for (int64_t b = 0; b < c.blocks; ++b) {  // the row-major form stays on the stack
    const int64_t from = b * kBlockK, count = k - from < kBlockK ? k - from : kBlockK,
                  width = block_width(c, b);
    if (x) c.scale[row * c.blocks + b] = quantize_block(x + from, count, width, line, sums);
    else memset(line, 0, sizeof line);
    for (int64_t i = 0; i < width; i += 64, to += 1024)
      _mm512_storeu_si512(to, _mm512_load_si512(line + i));
  }
}

void amx_prepare(const MatmulArgs& a, int part, int parts) {
  const bool integer = is_integer(a.w.format);
  if (is_vector(a)) return matmul_prepare(a, part, parts);
  const Converted c = converted(a);
  const Range rows = share(round_up(a.x.rows, 32), part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = a.x.data + r * a.x.stride;
    if (!integer) {
      uint16_t* tiles = (uint16_t*)a.scratch;
      if (r < a.x.rows) tile_bf16_row(x, a.w.k, c.kp, tiles, r);
      else
        for (int64_t i = 0; i < c.kp; i += 32)
          memset(tiles + r / 16 * 16 * c.kp + i * 16 + r % 16 * 32, 0, 64);
      continue;
    }
    tile_int8_row(r < a.x.rows ? x : nullptr, a.w.k, c, r);
  }
}

// The compiler does not know that tile loads and stores touch memory: what they read must be
// written before, and what they write must not be assumed.
inline void tiles_see_memory() { asm volatile("" ::: "memory"); }

// ---- one block of tiles: MT × 16 rows by NT × 16 columns, C in tile registers 0..3 ----

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
// A macro, because the intrinsics want their registers as literals.
#define DOT(C, A, B)                         \
  if constexpr (INT8) _tile_dpbssd(C, A, B); \
  else _tile_dpbf16ps(C, A, B)
// The lines of y that a block of 32 rows and columns ends in. They are brought a few at a time
// while the block is multiplied: its stores would wait for them, and all at once would hold up the
// tiles.
struct Result {
  const float* y = nullptr;
  int64_t stride = 0, rows = 0;

  void fetch_next() {
    for (int i = 0; i < 2 && rows > 0; ++i, --rows, y += stride) {
      __builtin_prefetch(y, 1);
      __builtin_prefetch(y + 16, 1);
    }
  }
};

// C += A · B over `count` k tiles. Tiles of a row block (and of a strip) are 1 KiB apart. STREAM:
// A passes by once per pair of strips, so its lines shall not push B's (40 KiB) out of the L1
// cache; that is worth a third of the speed.
template <int MT, int NT, bool INT8, bool STREAM>
inline void multiply(const uint8_t* a0, const uint8_t* a1, const uint8_t* b0, const uint8_t* b1,
                     int64_t count, Result result = {}) {
  tiles_see_memory();
  for (int64_t at = 0; at < count * 1024; at += 1024) {
    result.fetch_next();
    if constexpr (STREAM) _tile_stream_loadd(4, a0 + at, 64);
    else _tile_loadd(4, a0 + at, 64);
    _tile_loadd(6, b0 + at, 64);
    if constexpr (MT > 1 && STREAM) _tile_stream_loadd(5, a1 + at, 64);
    if constexpr (MT > 1 && !STREAM) _tile_loadd(5, a1 + at, 64);
    if constexpr (NT > 1) _tile_loadd(7, b1 + at, 64);
    DOT(0, 4, 6);
    if constexpr (MT > 1) {
      DOT(2, 5, 6);
    }
    if constexpr (NT > 1) {
      DOT(1, 4, 7);
    }
    if constexpr (MT > 1 && NT > 1) {
      DOT(3, 5, 7);
    }
  }
}

template <bool SCALED, int ACTIVATION, bool ADD>
inline void finish_lines(const MatmulArgs& a, int64_t n, const float* c0, const float* c1,
                         int64_t row, int64_t rows) {
  const __m512 zero = _mm512_setzero_ps();
  const __m512 scale[2] = {_mm512_loadu_ps(a.w.row_scale + n),
                           _mm512_loadu_ps(a.w.row_scale + n + 16)};
  const __m512 bias[2] = {a.bias ? _mm512_loadu_ps(a.bias + n) : zero,
                          a.bias ? _mm512_loadu_ps(a.bias + n + 16) : zero};
  float* y = a.y.data + row * a.y.stride + n;
  for (int64_t r = 0; r < rows; ++r, c0 += 16, c1 += 16, y += a.y.stride)
    for (int i = 0; i < 2; ++i) {
      __m512 v = _mm512_loadu_ps(i ? c1 : c0);
      if constexpr (!SCALED) v = _mm512_mul_ps(v, scale[i]);
      v = _mm512_add_ps(v, bias[i]);
      if constexpr (ACTIVATION != kNone) v = (__m512)activate((vf)v, ACTIVATION, false);
      if constexpr (ADD) v = _mm512_add_ps(_mm512_loadu_ps(y + i * 16), v);
      _mm512_storeu_ps(y + i * 16, v);
    }
}

// The sums of a pair of strips → y, rows [row, row + rows).
template <bool SCALED>
inline void finish_pair(const MatmulArgs& a, int64_t n, bool pair, const float* c0, const float* c1,
                        int64_t row, int64_t rows) {
  if (!pair || n + 32 > a.w.n || a.exact || (a.accumulate && a.activation != kNone)) {
    finish<SCALED>(a, n, c0, row, rows);
    if (pair) finish<SCALED>(a, n + 16, c1, row, rows);
  } else if (a.activation == kGelu) {
    finish_lines<SCALED, kGelu, false>(a, n, c0, c1, row, rows);
  } else if (a.activation == kGeluTanh) {
    finish_lines<SCALED, kGeluTanh, false>(a, n, c0, c1, row, rows);
  } else if (a.activation == kRelu2) {
    finish_lines<SCALED, kRelu2, false>(a, n, c0, c1, row, rows);
  } else if (a.accumulate) {
    finish_lines<SCALED, kNone, true>(a, n, c0, c1, row, rows);
  } else {
    finish_lines<SCALED, kNone, false>(a, n, c0, c1, row, rows);
  }
}

// ---- float formats ----

template <int MT, int NT>
inline void float_block(const uint8_t* a, int64_t a_stride, const uint8_t* b0, const uint8_t* b1,
                        int64_t count, float* c0, float* c1, bool first, Result result) {
  if (first) zero_c<MT, NT>();
  else load_c<MT, NT>(c0, c1);
  multiply<MT, NT, false, MT == 2>(a, a + a_stride, b0, b1, count, result);
  store_c<MT, NT>(c0, c1);
}

// Columns of a panel. Where x stays in the L2 cache whole, one pair of strips at a time keeps its
// sums in L1; fewer rows than two tiles read the weights once, and their panel stays in L1.
inline int64_t panel_columns(const Converted& c, int64_t rows, int64_t bytes) {
  return rows <= 32 || rows * c.kp * bytes <= kCacheBytes ? 32 : kPanelColumns;
}
inline int64_t panel_tiles(int64_t rows) { return rows > 32 ? kPanelTiles : 12; }

void amx_float(const MatmulArgs& a, const Converted& c, Range block, int part, int parts) {
  const int64_t tiles = c.kp / kTileK, tile_bytes = kTileBytes[a.w.format],
                strip_size = strip_bytes(a.w.format, a.w.k);
  const int64_t end = round_up(block.end, 16), rows = end - block.begin, a_stride = c.kp * 32,
                wide = panel_columns(c, rows, 2), deep = panel_tiles(rows);
  uint8_t* panel = part_scratch(a, part);
  float* acc = (float*)(panel + kExpandBytes);  // [strip][rows][16]; 4 KiB if one panel is all of k
  const bool only = tiles <= deep;
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
            expand_tile(a.w.format, b + s * strip_size + i * tile_bytes,
                        (uint16_t*)(panel + (s * count + i) * 1024));
        b = panel;
        b_stride = count * 1024;
      }
      for (int64_t s = 0; s < strips; s += 2)
        for (int64_t r = block.begin; r < end; r += 32) {
          const uint8_t* x = a.scratch + t * 1024 + r / 16 * a_stride;
          float* c0 = only ? acc : acc + (s * rows + r - block.begin) * 16;
          float* c1 = only ? acc + 512 : c0 + rows * 16;
          const uint8_t *b0 = b + s * b_stride, *b1 = b0 + b_stride;
          const bool first = t == 0, last = t + count >= tiles, tall = r + 32 <= end,
                     pair = s + 2 <= strips;
          const int64_t left = block.end - r, done = left < 32 ? left : 32;
          Result y;
          if (last) y = {a.y.data + r * a.y.stride + n + s * 16, a.y.stride, done};
          if (tall && pair) float_block<2, 2>(x, a_stride, b0, b1, count, c0, c1, first, y);
          else if (tall) float_block<2, 1>(x, a_stride, b0, b1, count, c0, c1, first, y);
          else if (pair) float_block<1, 2>(x, a_stride, b0, b1, count, c0, c1, first, y);
          else float_block<1, 1>(x, a_stride, b0, b1, count, c0, c1, first, y);
          if (!last) continue;
          finish_pair<false>(a, n + s * 16, pair, c0, c1, r, done);
        }
    }
  }
}

}  // namespace
}  // namespace vireo

#include "amx-integer.inl"

namespace vireo {
namespace {

void amx_matmul(const MatmulArgs& a, int part, int parts) {
  const bool integer = is_integer(a.w.format);
  if (is_vector(a)) return matmul(a, part, parts);
  const Tiles tiles_on;
  const Converted c = converted(a);
  if (a.w.format == kInt4 && a.x.rows <= 32) return amx_int4_few(a, c, part, parts);
  // equal blocks of rows, so that x and the sums of one stay in the L2 cache
  const int blocks = (int)((a.x.rows + kRowsInCache - 1) / kRowsInCache);
  for (int i = 0; i < blocks; ++i) {
    const Range block = share(a.x.rows, i, blocks, 32);
    if (integer) amx_integer(a, c, block, part, parts);
    else amx_float(a, c, block, part, parts);
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
