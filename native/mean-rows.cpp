// Mean of a sequence's rows. Sums are float64 in the order of the rows: every instruction set and
// every batch gives the same bits.
#include "kernels.h"

namespace vireo {

namespace {

// Columns of one block: their sums stay in the L1 cache.
constexpr int64_t kBlock = 256;

void mean_block(const View& x, const Span& span, int64_t from, int64_t count, float* y) {
  double sums[kBlock] = {};
  for (int64_t r = span.row; r < (int64_t)span.row + span.rows; ++r) {
    const float* row = x.data + r * x.stride + from;
    for (int64_t c = 0; c < count; ++c) sums[c] += (double)row[c];
  }
  for (int64_t c = 0; c < count; ++c) y[from + c] = (float)(sums[c] / (double)span.rows);
}

}  // namespace

void mean_rows(const MeanRowsArgs& a, int part, int parts) {
  int64_t index = 0;
  for (int32_t s = 0; s < a.batch.count; ++s)
    for (int64_t from = 0; from < a.x.cols; from += kBlock, ++index) {
      if (index % parts != part) continue;
      const int64_t left = a.x.cols - from, count = left < kBlock ? left : kBlock;
      mean_block(a.x, a.batch.spans[s], from, count, a.y.data + s * a.y.stride);
    }
}

}  // namespace vireo
