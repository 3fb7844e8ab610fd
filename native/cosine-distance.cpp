// Cosine distance of rows. The order of the sums is fixed by lanes, not by the
// instruction set: every machine gets the same bits, so the same rows of a video are pruned.
#include <math.h>

#include <algorithm>

#include "kernels.h"

namespace vireo {

namespace {

constexpr int kLanes = 8;
constexpr double kLeastLength = 1e-8;

struct Lanes {
  double sums[kLanes] = {};
  void add(int lane, float a, float b) { sums[lane] += (double)a * (double)b; }
  double total() {
    for (int half = kLanes / 2; half > 0; half /= 2)
      for (int lane = 0; lane < half; ++lane) sums[lane] += sums[lane + half];
    return sums[0];
  }
};

float distance(const float* x, const float* y, int64_t cols) {
  Lanes xx, yy, xy;
  const int64_t whole = cols / kLanes * kLanes;
  for (int64_t c = 0; c < whole; c += kLanes)
    for (int lane = 0; lane < kLanes; ++lane) {
      const float a = x[c + lane], b = y[c + lane];
      xx.add(lane, a, a), yy.add(lane, b, b), xy.add(lane, a, b);
    }
  for (int64_t c = whole; c < cols; ++c) {
    const int lane = (int)(c - whole);
    xx.add(lane, x[c], x[c]), yy.add(lane, y[c], y[c]), xy.add(lane, x[c], y[c]);
  }
  const double lengths =
      std::max(sqrt(xx.total()), kLeastLength) * std::max(sqrt(yy.total()), kLeastLength);
  return (float)(1.0 - xy.total() / lengths);
}

}  // namespace

void cosine_distance(const CosineDistanceArgs& a, int part, int parts) {
  for (int64_t r = part; r < a.x.rows; r += parts)
    a.z.data[r * a.z.stride] =
        distance(a.x.data + r * a.x.stride, a.y.data + r * a.y.stride, a.x.cols);
}

}  // namespace vireo
