namespace vireo {
namespace {

constexpr int64_t kConvColumns =
    1024;  // weights, bias and four rows of so many stay in the L1 cache

// `count` columns from c on, of row t: y = silu(bias + Σ_k weight[k] · x[t − (taps − 1) + k]).
inline void conv_row(const Conv1dArgs& a, const float* const* inputs, float* y, int64_t c,
                     int64_t count) {
  const int64_t cols = a.x.cols;
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) {
    vf sum = load(a.bias + c + i);
    for (int k = 0; k < a.taps; ++k)
      sum = fma(load(a.weight + k * cols + c + i), load(inputs[k] + i), sum);
    store(y + i, silu(sum));
  }
  for (; i < count; ++i) {
    vf sum = splat(a.bias[c + i]);
    for (int k = 0; k < a.taps; ++k)
      sum = fma(a.weight[k * cols + c + i], splat(inputs[k][i]), sum);
    y[i] = silu(sum)[0];
  }
}

inline void conv_block(const Conv1dArgs& a, const Span& span, int64_t c, int64_t count) {
  const int64_t cols = a.x.cols;
  const int before = a.taps - 1;
  float* window = a.state + (int64_t)span.slot * before * cols + c;
  const float zeros[kConvColumns] = {};
  // input t of the span; before it begins, the window, or zeros where the sequence begins
  auto input = [&](int64_t t) -> const float* {
    if (t >= 0) return a.x.data + (span.row + t) * a.x.stride + c;
    return span.position > 0 ? window + (t + before) * cols : zeros;
  };
  for (int64_t t = 0; t < span.rows; ++t) {
    const float* inputs[8];
    for (int k = 0; k < a.taps; ++k) inputs[k] = input(t - before + k);
    conv_row(a, inputs, a.y.data + (span.row + t) * a.y.stride + c, c, count);
  }
  for (int k = 0; k < before; ++k)  // upwards: a line is read before it is written
    memmove(window + k * cols, input(span.rows - before + k), (size_t)count * 4);
}

void conv1d(const Conv1dArgs& a, int part, int parts) {
  const Range cols = share(a.x.cols, part, parts, 16);
  for (int s = 0; s < a.batch.count; ++s)
    for (int64_t c = cols.begin; c < cols.end; c += kConvColumns)
      conv_block(a, a.batch.spans[s], c, cols.end - c < kConvColumns ? cols.end - c : kConvColumns);
}

}  // namespace
}  // namespace vireo
