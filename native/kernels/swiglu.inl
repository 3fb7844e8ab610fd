// The gate of a SwiGLU MLP: silu(gate) · up.
namespace vireo {
namespace {

void swiglu(const SwigluArgs& a, int part, int parts) {
  const int64_t cols = a.up.cols;
  const Range rows = share(a.up.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* gate = a.gate.data + r * a.gate.stride;
    const float* up = a.up.data + r * a.up.stride;
    float* y = a.y.data + r * a.y.stride;
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES) store(y + c, silu(load(gate + c)) * load(up + c));
    for (; c < cols; ++c) y[c] = silu(splat(gate[c]))[0] * up[c];
  }
}

}  // namespace
}  // namespace vireo
