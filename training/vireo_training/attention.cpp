// Attention with heads of 64 and its gradient on AMX tiles, for training on a CPU.
//
// A block of 32 rows is multiplied with all columns at once: its scores stay in the caches, become
// bf16 weights and are multiplied with V. The backward pass recomputes the scores from the
// logarithm of each row's sum, once by rows (for dQ) and once by columns (for dK and dV), which
// avoids transposing.

#include <immintrin.h>
#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using bf16 = uint16_t;
constexpr int D = 64;     // width of a head
constexpr int ROWS = 32;  // rows of a block: two tiles

struct alignas(64) TileConfig {
  uint8_t palette = 1, start = 0, reserved[14] = {};
  uint16_t bytes[16] = {};
  uint8_t rows[16] = {};
};

/** All eight tiles hold 16 rows of 64 bytes. */
void begin_tiles() {
  TileConfig config;
  for (int i = 0; i < 8; i++) config.bytes[i] = 64, config.rows[i] = 16;
  _tile_loadconfig(&config);
}

inline int padded(int count) { return (count + ROWS - 1) / ROWS * ROWS; }

inline __m512 widen(const bf16* at) {
  const __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)at));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

inline void store_bf16(bf16* at, __m512 values) {
  _mm256_storeu_si256((__m256i*)at, (__m256i)_mm512_cvtneps_pbh(values));
}

/** e^x for x <= 0 with an error of 2e-7: 2^round(t) times a polynomial of the remainder. */
inline __m512 exp16(__m512 x) {
  const __m512 t = _mm512_mul_ps(x, _mm512_set1_ps(1.44269504f));
  const __m512 whole = _mm512_roundscale_ps(t, 0);
  const __m512 rest = _mm512_sub_ps(t, whole);
  __m512 y = _mm512_set1_ps(1.33335581e-3f);
  for (const float c : {9.61812911e-3f, 5.55041087e-2f, 2.40226507e-1f, 6.93147182e-1f, 1.f})
    y = _mm512_fmadd_ps(y, rest, _mm512_set1_ps(c));
  return _mm512_scalef_ps(y, whole);
}

/** Rows of 64 values, zero-padded to a whole block, in the three layouts that the products need. */
struct Rows {
  int count, length;        // rows given, rows held
  std::vector<bf16> plain;  // [length][64]: the left side of a product
  std::vector<bf16> across; // for left · rowsᵀ: [length/16][2][16 pairs of d][16 rows][2]
  std::vector<bf16> down;   // for shares · rows: [length/32][4][16 pairs of rows][16 d][2]

  Rows(const bf16* from, int rows) : count(rows), length(padded(rows)) {
    plain.assign(size_t(length) * D, 0);
    across.resize(size_t(length) * D);
    down.resize(size_t(length) * D);
    std::memcpy(plain.data(), from, size_t(rows) * D * sizeof(bf16));
    const __m512i numbers = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    const __m512i lines = _mm512_mullo_epi32(numbers, _mm512_set1_epi32(D / 2));
    for (int block = 0; block < length / 16; block++)
      for (int half = 0; half < 2; half++)
        for (int pair = 0; pair < 16; pair++) {
          const bf16* first = &plain[block * 16 * D + half * 32 + 2 * pair];
          _mm512_storeu_si512(&across[((block * 2 + half) * 16 + pair) * 32],
                              _mm512_i32gather_epi32(lines, first, 4));
        }
    for (int pair = 0; pair < length / 2; pair++)
      for (int part = 0; part < 4; part++) {
        const auto half = [&](int k) {
          const bf16* row = &plain[(2 * pair + k) * D + part * 16];
          return _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)row));
        };
        const __m512i both = _mm512_or_si512(half(0), _mm512_slli_epi32(half(1), 16));
        const int block = pair / 16;
        _mm512_storeu_si512(&down[((block * 4 + part) * 16 + pair % 16) * 32], both);
      }
  }
};

/** out[32][right.length] = left[32][64] · rightᵀ for the columns [from, to), multiples of 32. */
void scores(const bf16* left, const Rows& right, int from, int to, float* out) {
  const int stride = right.length * 4;
  for (int column = from; column < to; column += 32) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    const bf16* b = &right.across[size_t(column) * D];
    for (int half = 0; half < 2; half++) {
      _tile_loadd(4, left + half * 32, D * 2);
      _tile_loadd(5, left + 16 * D + half * 32, D * 2);
      _tile_loadd(6, b + half * 512, 64);
      _tile_loadd(7, b + 1024 + half * 512, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    float* at = out + column;
    _tile_stored(0, at, stride);
    _tile_stored(1, at + 16, stride);
    _tile_stored(2, at + 16 * right.length, stride);
    _tile_stored(3, at + 16 * right.length + 16, stride);
  }
}

/** out[32][64] = shares[32][right.length] · right over the columns [from, to). */
void weighted(const bf16* shares, const Rows& right, int from, int to, float* out) {
  const int stride = right.length * 2;
  for (int part = 0; part < 4; part += 2) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (int column = from; column < to; column += 32) {
      const bf16* b = &right.down[size_t(column) * D + part * 512];
      _tile_loadd(4, shares + column, stride);
      _tile_loadd(5, shares + 16 * right.length + column, stride);
      _tile_loadd(6, b, 64);
      _tile_loadd(7, b + 512, 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_dpbf16ps(1, 4, 7);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
    float* at = out + part * 16;
    _tile_stored(0, at, D * 4);
    _tile_stored(1, at + 16, D * 4);
    _tile_stored(2, at + 16 * D, D * 4);
    _tile_stored(3, at + 16 * D + 16, D * 4);
  }
}

/** Writes the first rows of a block of 32 as bf16. */
void write_rows(const float* block, int rows, bf16* out) {
  for (int i = 0; i < rows * D; i += 16) store_bf16(out + i, _mm512_loadu_ps(block + i));
}

struct Head {
  int tokens;
  bool causal;
  float scale;
  int length() const { return padded(tokens); }

  /** The mask of the 16 columns from `column` on that the row attends to. */
  __mmask16 seen(int row, int column) const {
    const int end = causal ? std::min(row + 1, tokens) : tokens;
    const int left = end - column;
    return left >= 16 ? 0xffff : left <= 0 ? 0 : __mmask16((1 << left) - 1);
  }

  /** The mask of the 16 rows from `first` on that attend to the column. */
  __mmask16 seeing(int column, int first) const {
    __mmask16 within = seen(tokens, first);
    if (!causal) return within;
    const int skip = column - first;
    return skip <= 0 ? within : skip >= 16 ? 0 : within & __mmask16(0xffff << skip);
  }

  void forward(const bf16* q, const bf16* k, const bf16* v, bf16* out, float* sums) const {
    const int length = this->length();
    const Rows rows(q, tokens), keys(k, tokens), values(v, tokens);
    std::vector<float> block(size_t(ROWS) * length);
    std::vector<bf16> shares(size_t(ROWS) * length);
    alignas(64) float made[ROWS * D];
    for (int first = 0; first < tokens; first += ROWS) {
      const int to = causal ? first + ROWS : length;
      scores(&rows.plain[first * D], keys, 0, to, block.data());
      float parts[ROWS];
      for (int i = 0; i < ROWS; i++)
        parts[i] = share(first + i, &block[i * length], to, &shares[i * length], sums);
      weighted(shares.data(), values, 0, to, made);
      for (int i = 0; i < ROWS * D; i++) made[i] *= parts[i / D];
      write_rows(made, std::min(ROWS, tokens - first), out + first * D);
    }
  }

  /** Softmax of one row without the division by its sum; returns the factor to multiply with.
   * Stores the row's maximum plus the logarithm of its sum. */
  float share(int row, const float* line, int to, bf16* out, float* sums) const {
    const __m512 least = _mm512_set1_ps(-1e30f);
    __m512 top = least, sum = _mm512_setzero_ps();
    for (int j = 0; j < to; j += 16)
      top = _mm512_max_ps(top, _mm512_mask_loadu_ps(least, seen(row, j), line + j));
    const float most = _mm512_reduce_max_ps(top);
    const __m512 shift = _mm512_set1_ps(-most * scale), by = _mm512_set1_ps(scale);
    for (int j = 0; j < to; j += 16) {
      const __m512 x = _mm512_fmadd_ps(_mm512_loadu_ps(line + j), by, shift);
      const __m512 y = _mm512_maskz_mov_ps(seen(row, j), exp16(x));
      store_bf16(out + j, y);
      sum = _mm512_add_ps(sum, y);
    }
    const float all = _mm512_reduce_add_ps(sum);
    if (row < tokens) sums[row] = most * scale + std::log(all);
    return row < tokens ? 1 / all : 0;
  }

  void backward(const bf16* q, const bf16* k, const bf16* v, const bf16* out, const bf16* dout,
                const float* sums, bf16* dq, bf16* dk, bf16* dv) const {
    const int length = this->length();
    const Rows rows(q, tokens), keys(k, tokens), values(v, tokens), douts(dout, tokens);
    std::vector<float> along(length, 0.f), logs(length, 0.f);
    for (int i = 0; i < tokens; i++) {
      __m512 sum = _mm512_setzero_ps();
      for (int d = 0; d < D; d += 16)
        sum = _mm512_fmadd_ps(widen(out + i * D + d), widen(dout + i * D + d), sum);
      along[i] = _mm512_reduce_add_ps(sum);
      logs[i] = sums[i];
    }
    std::vector<float> a(size_t(ROWS) * length), b(a.size());
    std::vector<bf16> shares(a.size()), slopes(a.size());
    alignas(64) float made[ROWS * D];
    for (int first = 0; first < tokens; first += ROWS) {
      const int held = std::min(ROWS, tokens - first), to = causal ? first + ROWS : length;
      scores(&rows.plain[first * D], keys, 0, to, a.data());
      scores(&douts.plain[first * D], values, 0, to, b.data());
      for (int i = 0; i < ROWS; i++) {
        const int row = first + i;
        for (int j = 0; j < to; j += 16) {
          const __m512 log = _mm512_set1_ps(logs[row]), pull = _mm512_set1_ps(along[row]);
          slope(&a[i * length + j], &b[i * length + j], log, pull, seen(row, j), nullptr,
                &slopes[i * length + j]);
        }
      }
      weighted(slopes.data(), keys, 0, to, made);
      write_rows(made, held, dq + first * D);
    }
    for (int first = 0; first < tokens; first += ROWS) {
      const int held = std::min(ROWS, tokens - first), from = causal ? first : 0;
      scores(&keys.plain[first * D], rows, from, length, a.data());
      scores(&values.plain[first * D], douts, from, length, b.data());
      for (int i = 0; i < ROWS; i++)
        for (int j = from; j < length; j += 16)
          slope(&a[i * length + j], &b[i * length + j], _mm512_loadu_ps(&logs[j]),
                _mm512_loadu_ps(&along[j]), first + i < tokens ? seeing(first + i, j) : 0,
                &shares[i * length + j], &slopes[i * length + j]);
      weighted(slopes.data(), rows, from, length, made);
      write_rows(made, held, dk + first * D);
      weighted(shares.data(), douts, from, length, made);
      write_rows(made, held, dv + first * D);
    }
  }

  /** Recomputes the weights from the scores, and share·(dshare - along)·scale. */
  void slope(const float* score, const float* dshare, __m512 log, __m512 along, __mmask16 lanes,
             bf16* share, bf16* out) const {
    const __m512 by = _mm512_set1_ps(scale);
    const __m512 x = _mm512_fmsub_ps(_mm512_loadu_ps(score), by, log);
    const __m512 p = _mm512_maskz_mov_ps(lanes, exp16(x));
    if (share) store_bf16(share, p);
    const __m512 rest = _mm512_sub_ps(_mm512_loadu_ps(dshare), along);
    store_bf16(out, _mm512_mul_ps(_mm512_mul_ps(p, rest), by));
  }
};

/** Calls work(first element, first row) for every head, on all threads. */
template <typename Work>
void each_head(int heads, int tokens, Work work) {
#pragma omp parallel
  {
    begin_tiles();
#pragma omp for schedule(dynamic)
    for (int i = 0; i < heads; i++) work(size_t(i) * tokens * D, size_t(i) * tokens);
    _tile_release();
  }
}

}  // namespace

extern "C" {

/** Whether the system lets this process use the tiles. */
bool attention_ready() { return syscall(SYS_arch_prctl, 0x1023, 18) == 0; }

/** q, k, v, out: [heads][tokens][64]; sums: [heads][tokens]. */
void attention(const bf16* q, const bf16* k, const bf16* v, int heads, int tokens, float scale,
               bool causal, bf16* out, float* sums) {
  const Head head{tokens, causal, scale};
  each_head(heads, tokens, [&](size_t at, size_t row) {
    head.forward(q + at, k + at, v + at, out + at, sums + row);
  });
}

void attention_back(const bf16* q, const bf16* k, const bf16* v, const bf16* out,
                    const bf16* dout, const float* sums, int heads, int tokens, float scale,
                    bool causal, bf16* dq, bf16* dk, bf16* dv) {
  const Head head{tokens, causal, scale};
  each_head(heads, tokens, [&](size_t at, size_t row) {
    head.backward(q + at, k + at, v + at, out + at, dout + at, sums + row, dq + at, dk + at,
                  dv + at);
  });
}

}  // extern "C"
