#include "resize.h"

#include <string.h>

namespace vireo {

static inline uint8_t clamp8(int64_t x) {
  x >>= 22;
  return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x);
}

void resize_horizontal(const ResizeArgs& a, int part, int parts) {
  const int64_t out = a.horizontal.size, from = (int64_t)a.height * part / parts,
                to = (int64_t)a.height * (part + 1) / parts;
  for (int64_t y = from; y < to; ++y) {
    const uint8_t* row = a.rgb + y * a.width * 3;
    uint8_t* target = a.middle + y * out * 3;
    for (int64_t x = 0; x < out; ++x, target += 3) {
      const int32_t* weight = a.horizontal.weights + x * a.horizontal.taps;
      const uint8_t* pixel = row + (int64_t)a.horizontal.starts[x] * 3;
      int32_t r = 1 << 21, g = r, b = r;
      for (int32_t i = 0; i < a.horizontal.counts[x]; ++i, pixel += 3) {
        r += weight[i] * pixel[0];
        g += weight[i] * pixel[1];
        b += weight[i] * pixel[2];
      }
      target[0] = clamp8(r), target[1] = clamp8(g), target[2] = clamp8(b);
    }
  }
}

void resize_vertical(const ResizeArgs& a, int part, int parts) {
  const int64_t bytes = (int64_t)a.horizontal.size * 3, rows = a.vertical.size;
  constexpr int64_t kStrip = 1024;
  int32_t sums[kStrip];
  for (int64_t y = rows * part / parts; y < rows * (part + 1) / parts; ++y) {
    const int32_t* weight = a.vertical.weights + y * a.vertical.taps;
    for (int64_t from = 0; from < bytes; from += kStrip) {
      const int64_t count = bytes - from < kStrip ? bytes - from : kStrip;
      for (int64_t i = 0; i < count; ++i) sums[i] = 1 << 21;
      for (int32_t t = 0; t < a.vertical.counts[y]; ++t) {
        const uint8_t* row = a.middle + (a.vertical.starts[y] + t) * bytes + from;
        for (int64_t i = 0; i < count; ++i) sums[i] += weight[t] * row[i];
      }
      for (int64_t i = 0; i < count; ++i) a.out[y * bytes + from + i] = clamp8(sums[i]);
    }
  }
}

void cut_tile(const CutTileArgs& a, int part, int parts) {
  const int64_t side = a.side, plane = side * side;
  for (int64_t y = side * part / parts; y < side * (part + 1) / parts; ++y) {
    const uint8_t* pixel = a.rgb + ((a.top + y) * a.width + a.left) * 3;
    float* to = a.out + y * side;
    for (int64_t x = 0; x < side; ++x, pixel += 3) {
      to[x] = a.table[pixel[0]];
      to[plane + x] = a.table[256 + pixel[1]];
      to[2 * plane + x] = a.table[512 + pixel[2]];
    }
  }
}

}  // namespace vireo
