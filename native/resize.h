// Pictures: the passes of the separable 8-bit resize, and tiles. Tables as media/resize.ts makes
// them: output i takes counts[i] inputs from starts[i], with fixed-point weights (22 bits) in
// weights[i · taps ...].
#pragma once
#include <stdint.h>

namespace vireo {

struct ResizeAxis {
  const int32_t *starts, *counts, *weights;
  int32_t taps, size;
};

// rgb [height][width][3] → out [vertical.size][horizontal.size][3], horizontally first into
// `middle` [height][horizontal.size][3]. A null table (size equal to the input's) leaves that axis
// as it is.
struct ResizeArgs {
  const uint8_t* rgb;
  uint8_t *middle, *out;
  int32_t width, height;
  ResizeAxis horizontal, vertical;
};
void resize_horizontal(const ResizeArgs&, int part, int parts);
void resize_vertical(const ResizeArgs&, int part, int parts);

// A square of rgb [height][width][3] as planes [3][side][side], each value looked up in
// table[channel][256].
struct CutTileArgs {
  const uint8_t* rgb;
  int32_t width, height, left, top, side;
  const float* table;
  float* out;
};
void cut_tile(const CutTileArgs&, int part, int parts);

}  // namespace vireo
