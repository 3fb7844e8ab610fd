namespace vireo {
namespace {

void rms_norm(const RmsNormArgs& a, int part, int parts) {
  const int64_t cols = a.x.cols;
  const Range rows = share(a.x.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = a.x.data + r * a.x.stride;
    float* y = a.y.data + r * a.y.stride;
    vf squares[4] = {};
    int64_t c = 0;
    for (; c + 4 * LANES <= cols; c += 4 * LANES)
      for (int i = 0; i < 4; ++i) {
        const vf v = load(x + c + i * LANES);
        squares[i] = fma(v, v, squares[i]);
      }
    float total = sum((squares[0] + squares[1]) + (squares[2] + squares[3]));
    for (; c < cols; ++c) total += x[c] * x[c];
    const float scale = 1.0f / sqrtf(total / (float)cols + a.eps);
    for (c = 0; c + LANES <= cols; c += LANES)
      store(y + c, load(x + c) * scale * load(a.weight + c));
    for (; c < cols; ++c) y[c] = x[c] * scale * a.weight[c];
  }
}

void layer_norm(const LayerNormArgs& a, int part, int parts) {
  const int64_t cols = a.x.cols;
  const Range rows = share(a.x.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* x = a.x.data + r * a.x.stride;
    float* y = a.y.data + r * a.y.stride;
    vf partial = {};
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES) partial += load(x + c);
    float total = sum(partial);
    for (; c < cols; ++c) total += x[c];
    const float mean = total / (float)cols;
    vf squares = {};
    for (c = 0; c + LANES <= cols; c += LANES) {
      const vf d = load(x + c) - mean;
      squares = fma(d, d, squares);
    }
    float variance = sum(squares);
    for (; c < cols; ++c) variance += (x[c] - mean) * (x[c] - mean);
    const float scale = 1.0f / sqrtf(variance / (float)cols + a.eps);
    for (c = 0; c + LANES <= cols; c += LANES)
      store(y + c, (load(x + c) - mean) * scale * load(a.weight + c) + load(a.bias + c));
    for (; c < cols; ++c) y[c] = (x[c] - mean) * scale * a.weight[c] + a.bias[c];
  }
}

void gated_norm(const GatedNormArgs& a, int part, int parts) {
  const int64_t width = a.x.cols / a.groups;
  const Range items = share(a.x.rows * a.groups, part, parts);
  for (int64_t item = items.begin; item < items.end; ++item) {
    const int64_t row = item / a.groups, from = item % a.groups * width;
    const float* x = a.x.data + row * a.x.stride + from;
    const float* gate = a.gate.data + row * a.gate.stride + from;
    const float* weight = a.weight + from;
    float* y = a.y.data + row * a.y.stride + from;
    vf squares = {};
    int64_t c = 0;
    for (; c + LANES <= width; c += LANES) {
      const vf v = load(x + c) * silu(load(gate + c));
      squares = fma(v, v, squares);
      store(y + c, v);
    }
    float total = sum(squares);
    for (; c < width; ++c) {
      y[c] = x[c] * silu(splat(gate[c]))[0];
      total += y[c] * y[c];
    }
    const float scale = 1.0f / sqrtf(total / (float)width + a.eps);
    for (c = 0; c + LANES <= width; c += LANES)
      store(y + c, load(y + c) * scale * load(weight + c));
    for (; c < width; ++c) y[c] = y[c] * scale * weight[c];
  }
}

}  // namespace
}  // namespace vireo
