// A checkpoint's matrix → the kernels' layout (layout.h), a row at a time.
#pragma once
#include "layout.h"

namespace vireo {

enum Source : int32_t { kFromF32 = 0, kFromF16 = 1, kFromBf16 = 2, kFromFp8 = 3, kFromNvfp4 = 4 };

struct PackArgs {
  int32_t source, format, n, k;  // the whole packed matrix [n, k]
  int32_t first_row, rows;       // rows of it that `data` holds
  const uint8_t* data;           // [rows, k] in the source's type; nvfp4: two codes per byte
  const uint8_t* block_scales;   // nvfp4: E4M3 [rows, k / 16]
  float tensor_scale;            // fp8, nvfp4: the whole tensor's; otherwise 1
  uint8_t* codes;                // packed, codes_bytes() long, zeroed
  float* row_scale;              // [round_up(n, 16)]
};

// False if the source cannot become that format: fp8 and nvfp4 are kept as they are, or widened
// from no others.
bool can_pack(int source, int format);
// Returns the number of values that are not finite (nvfp4: or whose scale is negative).
int64_t pack(const PackArgs&, int part, int parts);

// `count` values of an unquantised source as bf16. Returns as pack().
int64_t pack_table(int source, const uint8_t* data, int64_t count, uint16_t* to, int part,
                   int parts);

}  // namespace vireo
