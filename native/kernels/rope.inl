// Rotary positions: turns pairs of each head by the angles of its row's position.
namespace vireo {
namespace {

void rope(const RopeArgs& a, int part, int parts) {
  const int64_t dim = a.angles.cols, half = dim / 2;
  const Range rows = share(a.x.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const float* cosine = a.angles.data + (int64_t)a.positions[r] * a.angles.stride;
    const float* sine = cosine + half;
    for (int64_t head = 0; head < a.x.cols; head += dim) {
      const float* x = a.x.data + r * a.x.stride + head;
      float* y = a.y.data + r * a.y.stride + head;
      int64_t d = 0;
      for (; d + LANES <= half; d += LANES) {
        const vf low = load(x + d), high = load(x + half + d);
        const vf c = load(cosine + d), s = load(sine + d);
        store(y + d, fma(low, c, -(high * s)));
        store(y + half + d, fma(high, c, low * s));
      }
      for (; d < half; ++d) {
        const float low = x[d], high = x[half + d];
        y[d] = low * cosine[d] - high * sine[d];
        y[half + d] = high * cosine[d] + low * sine[d];
      }
    }
  }
}

}  // namespace
}  // namespace vireo
