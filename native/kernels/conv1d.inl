namespace vireo {
namespace {

// One span, channels [from, from + LANES·count): count is 1, or the scalar tail is done lane by
// lane.
inline void conv_columns(const Conv1dArgs& a, const Span& span, int64_t c, int lanes) {
  const int64_t cols = a.x.cols;
  const int before = a.taps - 1;
  float* window = a.state + (int64_t)span.slot * before * cols;
  vf past[8] = {};  // inputs t − before … t − 1
  vf weight[9], bias;
  auto get = [lanes](const float* p) {
    if (lanes == LANES) return load(p);
    vf v = {};
    memcpy(&v, p, (size_t)lanes * 4);
    return v;
  };
  auto put = [lanes](float* p, vf v) { memcpy(p, &v, (size_t)lanes * 4); };
  if (span.position > 0)
    for (int k = 0; k < before; ++k) past[k] = get(window + k * cols + c);
  for (int k = 0; k < a.taps; ++k) weight[k] = get(a.weight + k * cols + c);
  bias = get(a.bias + c);
  for (int64_t t = span.row; t < span.row + span.rows; ++t) {
    const vf x = get(a.x.data + t * a.x.stride + c);
    vf y = bias;
    for (int k = 0; k < before; ++k) y = fma(weight[k], past[k], y);
    y = fma(weight[before], x, y);
    put(a.y.data + t * a.y.stride + c, silu(y));
    for (int k = 0; k + 1 < before; ++k) past[k] = past[k + 1];
    past[before - 1] = x;
  }
  for (int k = 0; k < before; ++k) put(window + k * cols + c, past[k]);
}

void conv1d(const Conv1dArgs& a, int part, int parts) {
  const Range cols = share(a.x.cols, part, parts, 16);
  for (int s = 0; s < a.batch.count; ++s) {
    int64_t c = cols.begin;
    for (; c + LANES <= cols.end; c += LANES) conv_columns(a, a.batch.spans[s], c, LANES);
    if (c < cols.end) conv_columns(a, a.batch.spans[s], c, (int)(cols.end - c));
  }
}

}  // namespace
}  // namespace vireo
