// int8 and int4 products on AMX: exact sums over blocks of 1280 k, each scaled and added in
// float32.
namespace vireo {
namespace {

// One int4 tile → an int8 tile of (code − 8) · multiplier. Neither code of a 16-bit word carries
// into the other when the word is multiplied: a product is 15 · 16 at most.
inline void expand_int4(const uint8_t* tile, uint8_t* to) {
  const __m512i nibble = _mm512_set1_epi8(15), eights = _mm512_set1_epi16(0x0808);
  const __m512i word = _mm512_set1_epi32(15), one = _mm512_set1_epi32(1);
  const __m512i pair = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i*)(tile + 512)));
  for (int g = 0; g < 2; ++g) {
    __m512i m =
        _mm512_add_epi32(_mm512_and_si512(g ? _mm512_srli_epi32(pair, 4) : pair, word), one);
    m = _mm512_or_si512(m, _mm512_slli_epi32(m, 16));
    const __m512i eight_m = _mm512_mullo_epi16(m, eights);
    for (int run = 0; run < 4; ++run, to += 128) {
      const __m512i codes = _mm512_loadu_si512(tile + g * 256 + run * 64);
      const __m512i low = _mm512_mullo_epi16(_mm512_and_si512(codes, nibble), m);
      const __m512i high =
          _mm512_mullo_epi16(_mm512_and_si512(_mm512_srli_epi16(codes, 4), nibble), m);
      _mm512_storeu_si512(to, _mm512_sub_epi8(low, eight_m));
      _mm512_storeu_si512(to + 64, _mm512_sub_epi8(high, eight_m));
    }
  }
}

// acc (+)= sums · (row scale · column scale) for one block of k.
inline void add_tile(const int32_t* sums, const float* row_scales, int64_t row_stride,
                     const float* column_scale, float* acc, int64_t rows, bool first) {
  const __m512 scale = _mm512_loadu_ps(column_scale);
  for (int64_t r = 0; r < rows; ++r) {
    const __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(row_scales[r * row_stride]));
    const __m512 value = _mm512_cvtepi32_ps(_mm512_load_si512(sums + r * 16));
    const __m512 before = first ? _mm512_setzero_ps() : _mm512_loadu_ps(acc + r * 16);
    _mm512_storeu_ps(acc + r * 16, _mm512_fmadd_ps(value, both, before));
  }
}

// One block of k: MT × 16 rows from `row`, NT strips whose tiles are `b_stride` apart and whose
// scales follow them.
struct IntegerBlock {
  const uint8_t *b, *scale;
  int64_t b_stride, scale_stride, tiles, index;
};

// C += A · B for one block of 16 rows, the halves of k side by side: a product takes three times as
// long to finish as to start, so two sums at a time would leave the tiles idle.
template <int NT>
inline void multiply_halves(const uint8_t* a, const uint8_t* b0, const uint8_t* b1, int64_t count) {
  tiles_see_memory();
  const int64_t half = count / 2 * 1024;
  for (int64_t at = 0; at < half; at += 1024) {
    _tile_loadd(4, a + at, 64);
    _tile_loadd(5, a + half + at, 64);
    _tile_loadd(6, b0 + at, 64);
    _tile_dpbssd(0, 4, 6);
    _tile_loadd(7, b0 + half + at, 64);
    _tile_dpbssd(2, 5, 7);
    if constexpr (NT > 1) {
      _tile_loadd(6, b1 + at, 64);
      _tile_dpbssd(1, 4, 6);
      _tile_loadd(7, b1 + half + at, 64);
      _tile_dpbssd(3, 5, 7);
    }
  }
  if (count % 2) multiply<1, NT, true, false>(a + 2 * half, a, b0 + 2 * half, b1 + 2 * half, 1);
}

// The sums of a block of k, left in the tile registers, times its scales → acc of each strip.
// HALVES: they stand in two halves.
template <int MT, int NT, bool HALVES>
inline void add_sums(const MatmulArgs& a, const Converted& c, const IntegerBlock& k, int64_t row,
                     float* c0, float* c1) {
  alignas(64) int32_t sums[4][256];
  store_c<HALVES ? 2 : MT, NT>(sums[0], sums[2]);
  if (HALVES)
    for (int n = 0; n < 2 * NT; n += 2)
      for (int i = 0; i < 256; i += 16)
        _mm512_store_si512(sums[n] + i, _mm512_add_epi32(_mm512_load_si512(sums[n] + i),
                                                         _mm512_load_si512(sums[n + 1] + i)));
  for (int m = 0; m < MT; ++m) {
    const int64_t from = row + m * 16, left = a.x.rows - from, rows = left < 16 ? left : 16;
    const float* row_scales = c.scale + from * c.blocks + k.index;
    const bool first = k.index == 0;
    add_tile(sums[m], row_scales, c.blocks, (const float*)k.scale, c0 + m * 256, rows, first);
    if (NT > 1)
      add_tile(sums[2 + m], row_scales, c.blocks, (const float*)(k.scale + k.scale_stride),
               c1 + m * 256, rows, first);
  }
}

template <int MT, int NT>
inline void integer_block(const MatmulArgs& a, const Converted& c, const IntegerBlock& k,
                          int64_t row, float* c0, float* c1, Result result) {
  const uint8_t* x = (const uint8_t*)c.q + row * c.kp + k.index * kBlockTiles * 1024;
  zero_c<MT, NT>();
  multiply<MT, NT, true, MT == 2>(x, x + c.kp * 16, k.b, k.b + k.b_stride, k.tiles, result);
  add_sums<MT, NT, false>(a, c, k, row, c0, c1);
}

// ---- int4, 32 rows at most: codes are widened a few tiles before they are multiplied ----

constexpr int64_t kAhead = 4;  // tiles of a strip; with both strips, twice, 16 KiB of the L1 cache

constexpr int64_t kFetchAhead = 12;  // tiles of a strip on their way from memory to the L2 cache

// k.b: packed codes.
template <int MT, int NT>
inline void widened_block(const MatmulArgs& a, const Converted& c, const IntegerBlock& k,
                          uint8_t* panel, float* c0, float* c1) {
  const int64_t bytes = int_tile_bytes(kInt4);
  const uint8_t* x = (const uint8_t*)c.q + k.index * kBlockTiles * 1024;
  const auto widen = [&](int64_t from) {
    uint8_t* to = panel + from / kAhead % 2 * (2 * kAhead * 1024);
    const int64_t end = from + kAhead < k.tiles ? from + kAhead : k.tiles;
    for (int64_t t = from; t < end; ++t, to += 1024)
      for (int s = 0; s < NT; ++s) {
        const uint8_t* tile = k.b + s * k.b_stride + t * bytes;
        for (int64_t line = 0; line < bytes; line += 64)
          _mm_prefetch((const char*)tile + kFetchAhead * bytes + line, _MM_HINT_T1);
        expand_int4(tile, to + s * kAhead * 1024);
      }
  };
  zero_c<2, NT>();
  widen(0);
  for (int64_t t = 0; t < k.tiles; t += kAhead) {
    widen(t + kAhead);
    const uint8_t* b = panel + t / kAhead % 2 * (2 * kAhead * 1024);
    const int64_t count = k.tiles - t < kAhead ? k.tiles - t : kAhead;
    if (MT == 1) multiply_halves<NT>(x + t * 1024, b, b + kAhead * 1024, count);
    else
      multiply<2, NT, true, false>(x + t * 1024, x + c.kp * 16 + t * 1024, b, b + kAhead * 1024,
                                   count);
  }
  add_sums<MT, NT, MT == 1>(a, c, k, 0, c0, c1);
}

void amx_int4_few(const MatmulArgs& a, const Converted& c, int part, int parts) {
  const int64_t bytes = int_tile_bytes(kInt4), strip_size = strip_bytes(kInt4, a.w.k);
  uint8_t* panel = part_scratch(a, part);
  float *c0 = (float*)(panel + kExpandBytes), *c1 = c0 + 512;
  const Range columns = share(round_up(a.w.n, 16), part, parts, 32);
  for (int64_t n = columns.begin; n < columns.end; n += 32) {
    const bool pair = n + 16 < columns.end, tall = a.x.rows > 16;
    for (int64_t index = 0; index < c.blocks; ++index) {
      const int64_t tiles = block_width(c, index) / kIntTileK;
      const uint8_t* b =
          a.w.codes + n / 16 * strip_size + index * (kBlockTiles * bytes + kScaleBytes);
      const IntegerBlock k = {b, b + tiles * bytes, strip_size, strip_size, tiles, index};
      if (tall && pair) widened_block<2, 2>(a, c, k, panel, c0, c1);
      else if (tall) widened_block<2, 1>(a, c, k, panel, c0, c1);
      else if (pair) widened_block<1, 2>(a, c, k, panel, c0, c1);
      else widened_block<1, 1>(a, c, k, panel, c0, c1);
    }
    finish_pair<true>(a, n, pair, c0, c1, 0, a.x.rows);
  }
}

// ---- the rest ----

void amx_integer(const MatmulArgs& a, const Converted& c, Range block, int part, int parts) {
  const int64_t bytes = int_tile_bytes(a.w.format), strip_size = strip_bytes(a.w.format, a.w.k);
  const int64_t end = round_up(block.end, 16), rows = end - block.begin,
                wide = panel_columns(c, rows, 1);
  uint8_t* panel = part_scratch(a, part);
  float* acc = (float*)(panel + kExpandBytes);
  const bool only = c.blocks == 1;
  const Range columns = share(round_up(a.w.n, 16), part, parts, 32);
  for (int64_t n = columns.begin; n < columns.end; n += wide) {
    const int64_t strips = (columns.end - n < wide ? columns.end - n : wide) / 16;
    for (int64_t index = 0; index < c.blocks; ++index) {
      const int64_t tiles = block_width(c, index) / kIntTileK;
      const uint8_t* from =
          a.w.codes + n / 16 * strip_size + index * (kBlockTiles * bytes + kScaleBytes);
      const uint8_t* b = from;
      int64_t b_stride = strip_size;
      if (a.w.format == kInt4) {
        for (int64_t s = 0; s < strips; ++s)
          for (int64_t t = 0; t < tiles; ++t)
            expand_int4(from + s * strip_size + t * bytes, panel + (s * tiles + t) * 1024);
        b = panel;
        b_stride = tiles * 1024;
      }
      for (int64_t s = 0; s < strips; s += 2)
        for (int64_t r = block.begin; r < end; r += 32) {
          float* c0 = only ? acc : acc + (s * rows + r - block.begin) * 16;
          float* c1 = only ? acc + 512 : c0 + rows * 16;
          const bool last = index + 1 == c.blocks, tall = r + 32 <= end, pair = s + 2 <= strips;
          const int64_t left = block.end - r, done = left < 32 ? left : 32;
          const IntegerBlock k = {b + s * b_stride,
                                  from + s * strip_size + tiles * bytes,
                                  b_stride,
                                  strip_size,
                                  tiles,
                                  index};
          Result y;
          if (last) y = {a.y.data + r * a.y.stride + n + s * 16, a.y.stride, done};
          if (tall && pair) integer_block<2, 2>(a, c, k, r, c0, c1, y);
          else if (tall) integer_block<2, 1>(a, c, k, r, c0, c1, y);
          else if (pair) integer_block<1, 2>(a, c, k, r, c0, c1, y);
          else integer_block<1, 1>(a, c, k, r, c0, c1, y);
          if (!last) continue;
          finish_pair<true>(a, n + s * 16, pair, c0, c1, r, done);
        }
    }
  }
}

}  // namespace
}  // namespace vireo
