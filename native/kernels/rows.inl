// Moves rows about: embedding look-up, gather and scatter, and the three rearrangements of the
// vision tower.
namespace vireo {
namespace {

void embed(const EmbedArgs& a, int part, int parts) {
  const int64_t cols = a.y.cols;
  const Range rows = share(a.y.rows, part, parts);
  for (int64_t r = rows.begin; r < rows.end; ++r) {
    const uint16_t* from = a.table + (int64_t)a.ids[r] * cols;
    float* y = a.y.data + r * a.y.stride;
    int64_t c = 0;
    for (; c + LANES <= cols; c += LANES) store(y + c, load_bf16(from + c));
    for (; c < cols; ++c) y[c] = bf16_to_f32(from[c]);
  }
}

void rows(const RowsArgs& a, int part, int parts) {
  const Range range = share(a.y.rows, part, parts);
  for (int64_t r = range.begin; r < range.end; ++r) {
    float* far = a.x.data + (int64_t)a.index[r] * a.x.stride;
    float* near = a.y.data + r * a.y.stride;
    memcpy(a.scatter ? far : near, a.scatter ? near : far, (size_t)a.y.cols * 4);
  }
}

void patchify(const PatchifyArgs& a, int part, int parts) {
  const int side = a.side, patch = a.patch, grid = side / patch;
  const Range range = share(a.y.rows, part, parts);
  for (int64_t r = range.begin; r < range.end; ++r) {
    const int64_t tile = r / (grid * grid), p = r % (grid * grid);
    const float* x = a.x.data + tile * a.x.stride + p / grid * patch * side + p % grid * patch;
    float* y = a.y.data + r * a.y.stride;
    for (int channel = 0; channel < 3; ++channel)
      for (int row = 0; row < patch; ++row, y += patch)
        memcpy(y, x + (int64_t)channel * side * side + (int64_t)row * side, (size_t)patch * 4);
  }
}

void tile_tokens(const TileTokensArgs& a, int part, int parts) {
  const int64_t prefix = a.prefix.rows, patches = a.position.rows, tokens = prefix + patches,
                cols = a.y.cols;
  const Range range = share(a.y.rows, part, parts);
  for (int64_t r = range.begin; r < range.end; ++r) {
    const int64_t tile = r / tokens, t = r % tokens;
    float* y = a.y.data + r * a.y.stride;
    if (t < prefix) {
      memcpy(y, a.prefix.data + t * a.prefix.stride, (size_t)cols * 4);
      continue;
    }
    const float* x = a.x.data + (tile * patches + t - prefix) * a.x.stride;
    const float* position = a.position.data + (t - prefix) * a.position.stride;
    for (int64_t c = 0; c < cols; ++c) y[c] = x[c] + position[c];
  }
}

void pixel_shuffle(const PixelShuffleArgs& a, int part, int parts) {
  const int64_t grid = a.grid, half = grid / 2, tokens = a.prefix + grid * grid, width = a.x.cols;
  const Range range = share(a.y.rows, part, parts);
  for (int64_t r = range.begin; r < range.end; ++r) {
    const int64_t tile = r / (half * half), i = r % (half * half) / half, j = r % half;
    for (int64_t k = 0; k < 4; ++k) {
      const int64_t from = tile * tokens + a.prefix + (2 * i + k / 2) * grid + 2 * j + k % 2;
      memcpy(a.y.data + r * a.y.stride + k * width, a.x.data + from * a.x.stride,
             (size_t)width * 4);
    }
  }
}

}  // namespace
}  // namespace vireo
