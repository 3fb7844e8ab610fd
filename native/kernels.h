// The contract of every kernel: what it computes, shapes, what it changes. Kernels are plain loops
// over row-major float32 data, allocate nothing and know nothing of layers. Each instruction set
// fills a KernelTable with what it does better than the next one down (cpu.cpp).
//
// Work is cut by output element: a kernel is called once per thread with (part, parts) and computes
// elements that no other part computes, each wholly, in an order that does not depend on parts, on
// the number of rows or on the neighbours. So results are bit-identical for any thread count and
// any batch.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace vireo {

enum Format : int32_t { kBf16 = 0, kFp8 = 1, kNvfp4 = 2, kInt8 = 3, kInt4 = 4 };
enum Activation : int32_t { kNone = 0, kRelu2 = 1, kGelu = 2, kGeluTanh = 3 };

// data[row * stride + col], float32.
struct View {
  float* data;
  int64_t rows, cols, stride;
};

// A packed weight matrix [n, k]; layout.h describes the bytes. row_scale has round_up(n, 16)
// entries.
struct Matrix {
  const uint8_t* codes;
  const float* row_scale;
  int32_t format, n, k;
};

// rows [row, row + rows) of the batch belong to one sequence, whose state already holds `position`
// tokens and lives in `slot`; its KV pages are pages[page_begin ...].
struct Span {
  int32_t row, rows, position, slot, page_begin;
};
struct Batch {
  const Span* spans;
  const int32_t* pages;
  int32_t count;
};

// y = act(x · wᵀ · row_scale + bias), or y += that with `accumulate`.
//   bf16, fp8, nvfp4: x is rounded to bf16 first unless `exact`. Products are exact. Sums run in
//     float32 over blocks of 32 k, even and odd k apart (the order of the AMX instruction); blocks
//     are added in order.
//   int8, int4: x is rounded to int8 per block of 1280 k (scale = amax / 127). Integer sums are
//     exact within a block; blocks are added in order as float32.
// scratch: matmul_scratch_bytes(). Two phases: convert x, multiply.
struct MatmulArgs {
  View x, y;
  Matrix w;
  const float* bias;
  int32_t activation, accumulate, exact;
  uint8_t* scratch;
};

// y = x · rsqrt(mean(x²) + eps) · weight.
struct RmsNormArgs {
  View x, y;
  const float* weight;
  float eps;
};

// y = (x − mean) · rsqrt(var + eps) · weight + bias, per row.
struct LayerNormArgs {
  View x, y;
  const float *weight, *bias;
  float eps;
};

// v = x · silu(gate); y = v · rsqrt(mean(v² within its group) + eps) · weight. Groups are runs of
// cols / groups.
struct GatedNormArgs {
  View x, gate, y;
  const float* weight;
  int32_t groups;
  float eps;
};

// Causal depthwise convolution with kernel width `taps`, then SiLU, over every span.
//   y[t] = silu(bias + Σ_k weight[k] · x[t − (taps − 1) + k])     weight [taps][cols]
// state [slots][taps − 1][cols] holds the last inputs, oldest first; position 0 means zeros before.
struct Conv1dArgs {
  View x, y;
  const float *weight, *bias;
  float* state;
  int32_t taps;
  Batch batch;
};

// The Mamba-2 recurrence over every span, in chunks of kScanChunk tokens counted from the
// sequence's start.
//   S ← exp(Δ·A)·S + Δ·(B ⊗ x),  y = C·S + D·x,   Δ = softplus(dt + dt_bias), not clamped
// u [T, heads·width] · b, c [T, groups·n] · dt [T, heads] → y [T, heads·width].
// `state` [slots][heads][n][pad16(width)] is S at the last chunk boundary; `tail`
// [slots][kScanChunk][tail_width] keeps the rows since then (u | b | Δ | Σ Δ·A), so that a prompt
// may be cut anywhere without changing a bit. Within a chunk, with s the running sum of Δ·A:
//   y_i = exp(s_i)·C_i·S + Σ_{j≤i} exp(s_i − s_j)·(C_i·B_j)·Δ_j·x_j + D·x_i
// Two phases: compute, write tail.
struct SsmScanArgs {
  View u, b, c, dt, y;
  const float *a, *d, *dt_bias;  // [heads]; a = −exp(A_log)
  float *state, *tail;
  int32_t heads, width, groups, n;
  float* scratch;  // [parts][scan_scratch_floats] and [2][T][heads] for Δ and its running sum
  Batch batch;
};
constexpr int kScanChunk = 32;
inline int64_t scan_tail_width(int64_t heads, int64_t width, int64_t groups, int64_t n) {
  return heads * width + groups * n + 2 * heads;
}

// Grouped-query attention over a paged KV cache, no position encoding. A row sees the tokens up to
// itself, or, with `bidirectional`, all tokens of its span and before.
// q [T, heads·dim], k and v [T, kv_heads·dim] → y [T, heads·dim]. Query head i reads kv head i /
// (heads / kv_heads). k_cache [pages][kv_heads][dim][kPageRows], v_cache
// [pages][kv_heads][kPageRows][dim], bf16 or float32. Two phases: store the new rows, attend.
struct AttentionArgs {
  View q, k, v, y;
  void *k_cache, *v_cache;
  int32_t heads, kv_heads, dim, cache_f32;
  float scale;
  int32_t bidirectional;
  Batch batch;
};
constexpr int kPageRows = 64;
constexpr int kMaxHeads = 64;  // query heads of one kv head

// y = x with each head's pair (d, d + dim/2) turned by its row's position. angles [positions, dim]:
// dim/2 cosines, then dim/2 sines.
struct RopeArgs {
  View x, y, angles;
  const int32_t* positions;
};

// y = silu(gate) · up.
struct SwigluArgs {
  View gate, up, y;
};

// y[i] = mean of the rows of span i; sums are float64, in the order of the rows.
struct MeanRowsArgs {
  View x, y;
  Batch batch;
};

// Bidirectional attention inside each tile. qkv [tiles·tokens, 3·heads·dim] (q | k | v) → y
// [tiles·tokens, heads·dim].
struct TileAttentionArgs {
  View qkv, y;
  int32_t tokens, heads, dim, exact;
  float scale;
  uint8_t* scratch;  // [parts] of tile_attention_scratch_bytes()
};

// y[i] = table[ids[i]]; table bf16 [vocabulary, cols].
struct EmbedArgs {
  View y;
  const uint16_t* table;
  const int32_t* ids;
};

// y[i] = x[index[i]] (gather), or x[index[i]] = y[i] (scatter).
struct RowsArgs {
  View x, y;
  const int32_t* index;
  int32_t scatter;
};

// x [tiles, 3·side·side] → y [tiles·grid², 3·patch²], patch vectors ordered (channel, y, x).
struct PatchifyArgs {
  View x, y;
  int32_t side, patch;
};

// y[tile] = prefix rows, then x[tile·patches + p] + position[p].
struct TileTokensArgs {
  View x, prefix, position, y;
};

// Drops `prefix` rows of each tile and joins 2×2 neighbours: y[R, Q] = (2R,2Q) | (2R,2Q+1) |
// (2R+1,2Q) | (2R+1,2Q+1).
struct PixelShuffleArgs {
  View x, y;
  int32_t prefix, grid;
};

// z[i] = 1 − cosine of x[i] and y[i]; z [rows, 1]. Lengths are at least 1e-8; sums are float64 in
// eight lanes: column c goes to lane c % 8, lanes are added in halves.
struct CosineDistanceArgs {
  View x, y, z;
};

// Draws one token per row of logits. See sample.cpp.
struct SampleArgs {
  View logits, y;
  const int32_t* params;
};

struct KernelTable {
  const char* name;
  void (*matmul_prepare)(const MatmulArgs&, int part, int parts);
  void (*matmul)(const MatmulArgs&, int part, int parts);
  void (*rms_norm)(const RmsNormArgs&, int part, int parts);
  void (*layer_norm)(const LayerNormArgs&, int part, int parts);
  void (*gated_norm)(const GatedNormArgs&, int part, int parts);
  void (*conv1d)(const Conv1dArgs&, int part, int parts);
  void (*ssm_prepare)(const SsmScanArgs&, int part, int parts);
  void (*ssm_scan)(const SsmScanArgs&, int part, int parts);
  void (*ssm_tail)(const SsmScanArgs&, int part, int parts);
  void (*attention_store)(const AttentionArgs&, int part, int parts);
  void (*attention)(const AttentionArgs&, int part, int parts);
  void (*rope)(const RopeArgs&, int part, int parts);
  void (*swiglu)(const SwigluArgs&, int part, int parts);
  void (*tile_attention)(const TileAttentionArgs&, int part, int parts);
  void (*embed)(const EmbedArgs&, int part, int parts);
  void (*rows)(const RowsArgs&, int part, int parts);
  void (*patchify)(const PatchifyArgs&, int part, int parts);
  void (*tile_tokens)(const TileTokensArgs&, int part, int parts);
  void (*pixel_shuffle)(const PixelShuffleArgs&, int part, int parts);
};

// Each returns the table of its instruction set; call only where cpu.cpp has seen the features.
KernelTable kernels_scalar();
KernelTable kernels_avx2();
KernelTable kernels_avx512();
KernelTable kernels_amx();
KernelTable kernels_neon();

void sample(const SampleArgs&, int part, int parts);
void cosine_distance(const CosineDistanceArgs&, int part, int parts);
void mean_rows(const MeanRowsArgs&, int part, int parts);

// Sizes of scratch memory, the same for every instruction set.
constexpr int kMaxParts = 64;
constexpr int kExpandBytes =
    1 << 20;  // per part: weights widened for one block of the multiplication
inline int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }
inline int64_t matmul_scratch_bytes(int64_t rows, int64_t k) {
  const int64_t m = round_up(rows, 32), kp = round_up(k, 64);
  return m * kp * 4 + m * (kp / 1280 + 1) * 4 + m * (kp / 32) * 4 + 4096;
}
inline int64_t matmul_part_bytes(int64_t rows) {
  return kExpandBytes + round_up(rows, 32) * 256 * 4;
}
inline int64_t scan_scratch_floats(int64_t width, int64_t n) {
  const int64_t p = round_up(width, 16), np = round_up(n, 16);
  return kScanChunk * (2 * p + 3 * np + 2 * kScanChunk) + 8 * kScanChunk;
}
inline int64_t tile_attention_scratch_bytes(int64_t tokens, int64_t dim) {
  const int64_t t = round_up(tokens, 64), d = round_up(dim, 32);
  return 3 * t * d * 4 + 32 * t * 8 + 32 * d * 4 + 8192;
}

}  // namespace vireo
