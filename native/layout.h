// How weight matrices lie in memory once packed. One layout for every instruction set: sixteen
// output rows side by side, so that a vector of any width up to 16 floats holds one k of
// neighbouring outputs, and so that a bf16 or int8 tile is what the AMX unit loads. n is padded to
// 16, k as said; padding is zero.
//
//   bf16   tile of 32 k: [16 pairs of k][16 n][2]                        1024 bytes
//   fp8    the same tile as E4M3 bytes                                    512 bytes
//   nvfp4  tile of 32 k: 4 runs of 8 k: [16 n] words of 8 codes, low
//          nibble first; then scales E4M3 [2 groups of 16 k][16 n]        288 bytes
//   int8   tile of 64 k: [16 quads of k][16 n][4]                         1024 bytes
//   int4   tile of 64 k: 2 groups of 32 k, each 4 runs of 8 k:
//          [16 n][4 bytes], byte i = q(k = i) + 8 in the low nibble and
//          q(k = 4 + i) + 8 in the high one; then multipliers − 1 as
//          nibbles [16 n], low nibble first group                         528 bytes
//          weight = q · multiplier · scale
//   After every block of 20 tiles (1280 k, a divisor of all widths of the 12B model) and after the
//   last tile, int8 and int4 have the block's scales, f32 [16 n].                            64
//   bytes
//
// Tiles of one run of 16 rows follow each other along k; then come the next 16 rows.
#pragma once
#include "kernels.h"

namespace vireo {

constexpr int kTileK = 32;  // k per tile of the float formats
constexpr int kTileBytes[3] = {1024, 512, 288};
constexpr int kIntTileK = 64;  // k per tile of the integer formats
constexpr int kBlockTiles = 20;
constexpr int kBlockK = kBlockTiles * kIntTileK;  // k per scale of the integer formats
constexpr int kScaleBytes = 64;

inline bool is_integer(int format) { return format == kInt8 || format == kInt4; }

inline int64_t int_tile_bytes(int format) { return format == kInt8 ? 1024 : 528; }
inline int64_t blocks_of(int64_t k) { return (k + kBlockK - 1) / kBlockK; }

// Bytes of sixteen rows.
inline int64_t strip_bytes(int format, int64_t k) {
  if (is_integer(format))
    return round_up(k, kIntTileK) / kIntTileK * int_tile_bytes(format) + blocks_of(k) * kScaleBytes;
  return round_up(k, kTileK) / kTileK * kTileBytes[format];
}

inline int64_t codes_bytes(int format, int64_t n, int64_t k) {
  return round_up(n, 16) / 16 * strip_bytes(format, k);
}

// Codes, then one float per row.
inline int64_t packed_bytes(int format, int64_t n, int64_t k) {
  return round_up(codes_bytes(format, n, k), 64) + round_up(n, 16) * 4;
}

}  // namespace vireo
