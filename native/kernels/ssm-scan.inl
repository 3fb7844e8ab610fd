namespace vireo {
namespace {

constexpr int kL = kScanChunk;

// Δ and its running sum within each chunk, for every row and head: scratch [2][T][heads].
void ssm_prepare(const SsmScanArgs& a, int part, int parts) {
  const int64_t heads = a.heads, total = a.y.rows,
                tail_width = scan_tail_width(a.heads, a.width, a.groups, a.n);
  const Range range = share(heads, part, parts, 16);
  float *delta = a.scratch, *running = a.scratch + total * heads;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    const float* tail = a.tail + (int64_t)span.slot * kL * tail_width + tail_width - heads;
    for (int64_t h = range.begin; h < range.end; ++h) {
      int in_chunk = span.position % kL;
      float cumulative = in_chunk > 0 ? tail[(in_chunk - 1) * tail_width + h] : 0.0f;
      for (int64_t t = span.row; t < span.row + span.rows; ++t) {
        const float x = a.dt.data[t * a.dt.stride + h] + a.dt_bias[h];
        const float d = x > 20.0f ? x : log1pf(expf(x));
        cumulative = in_chunk == 0 ? d * a.a[h] : cumulative + d * a.a[h];
        delta[t * heads + h] = d;
        running[t * heads + h] = cumulative;
        in_chunk = in_chunk + 1 == kL ? 0 : in_chunk + 1;
      }
    }
  }
}

inline float dot(const float* a, const float* b, int64_t n) {
  vf total = {};
  int64_t i = 0;
  for (; i + LANES <= n; i += LANES) total = fma(load(a + i), load(b + i), total);
  float result = sum(total);
  for (; i < n; ++i) result += a[i] * b[i];
  return result;
}

// One chunk of one group: rows [from, to) are new, rows [0, from) come from the tail.
struct Chunk {
  int from, to;
  int64_t row;        // batch row of chunk row `from`
  const float* tail;  // this slot's tail
  const float *b[kL], *c[kL];
  float scores[kL][kL];  // C_i · B_j
};

// acc[r][v] = Σ_k coefficient[r][k] · matrix[k][v], over LANES-wide columns.
template <int R>
inline void combine(vf acc[R], const float* const* coefficients, const float* matrix,
                    int64_t stride, int64_t count) {
  for (int64_t k = 0; k < count; ++k) {
    const vf m = load(matrix + k * stride);
    for (int r = 0; r < R; ++r) acc[r] = fma(coefficients[r][k], m, acc[r]);
  }
}

// y_i of rows [i, i + R) for one head. S [n][p16]; x rows padded to p16.
template <int R>
inline void chunk_rows(const SsmScanArgs& a, const Chunk& k, int i, const float* state,
                       const float* x, int64_t p16, const float (*weights)[kL], const float* decay,
                       float d, int64_t head) {
  const float* c[R];
  for (int r = 0; r < R; ++r) c[r] = k.c[i + r];
  for (int64_t p = 0; p < p16; p += LANES) {
    vf acc[R] = {};
    combine<R>(acc, c, state + p, p16, a.n);
    for (int r = 0; r < R; ++r) {
      vf y = acc[r] * decay[i + r];
      for (int j = 0; j <= i + r; ++j) y = fma(weights[i + r][j], load(x + j * p16 + p), y);
      y = fma(d, load(x + (i + r) * p16 + p), y);
      float* out = a.y.data + (k.row + i + r - k.from) * a.y.stride + head * a.width + p;
      const int64_t left = a.width - p;
      if (left >= LANES) store(out, y);
      else if (left > 0) memcpy(out, &y, (size_t)left * 4);
    }
  }
}

// S ← exp(s_last)·S + Σ_j exp(s_last − s_j)·Δ_j·(B_j ⊗ x_j)
inline void advance_state(const SsmScanArgs& a, const Chunk& k, float* state, const float* x,
                          int64_t p16, const float* gain, float decay, float* transposed) {
  for (int j = 0; j < kL; ++j)
    for (int64_t n = 0; n < a.n; ++n) transposed[n * kL + j] = k.b[j][n] * gain[j];
  for (int64_t n = 0; n < a.n; n += 4) {
    const int rows = a.n - n < 4 ? (int)(a.n - n) : 4;
    for (int64_t p = 0; p < p16; p += LANES) {
      vf acc[4];
      for (int r = 0; r < rows; ++r) acc[r] = load(state + (n + r) * p16 + p) * decay;
      if (rows == 4) {
        const float* t = transposed + n * kL;
        for (int j = 0; j < kL; ++j) {
          const vf m = load(x + j * p16 + p);
          for (int r = 0; r < 4; ++r) acc[r] = fma(t[r * kL + j], m, acc[r]);
        }
      } else {
        for (int r = 0; r < rows; ++r)
          for (int j = 0; j < kL; ++j)
            acc[r] = fma(transposed[(n + r) * kL + j], load(x + j * p16 + p), acc[r]);
      }
      for (int r = 0; r < rows; ++r) store(state + (n + r) * p16 + p, acc[r]);
    }
  }
}

inline void scan_head(const SsmScanArgs& a, const Span& span, const Chunk& k, int64_t head,
                      float* scratch) {
  const int64_t width = a.width, p16 = round_up(width, 16), total = a.y.rows, heads = a.heads;
  const int64_t tail_width = scan_tail_width(heads, width, a.groups, a.n);
  float* x = scratch;                // [kL][p16]
  float* transposed = x + kL * p16;  // [n][kL]
  float(*weights)[kL] = (float(*)[kL])(transposed + kL * round_up(a.n, 16));
  float delta[kL], running[kL], decay[kL], gain[kL];
  for (int j = 0; j < k.to; ++j) {
    const bool old = j < k.from;
    const int64_t row = k.row + j - k.from;
    const float* tail = k.tail + j * tail_width;
    const float* u = old ? tail + head * width : a.u.data + row * a.u.stride + head * width;
    memcpy(x + j * p16, u, (size_t)width * 4);
    for (int64_t p = width; p < p16; ++p) x[j * p16 + p] = 0.0f;
    delta[j] = old ? tail[tail_width - 2 * heads + head] : a.scratch[row * heads + head];
    running[j] = old ? tail[tail_width - heads + head] : a.scratch[(total + row) * heads + head];
  }
  for (int j = k.to; j < kL; ++j) delta[j] = running[j] = 0.0f;
  for (int j = 0; j < kL; j += LANES) store(decay + j, vexp(load(running + j)));
  for (int i = k.from; i < k.to; ++i)
    for (int j = 0; j < kL; j += LANES) {
      const vf e = vexp(vmin(running[i] - load(running + j), splat(0.0f)));
      store(weights[i] + j, e * load(k.scores[i] + j) * load(delta + j));
    }
  float* state = a.state + ((int64_t)span.slot * heads + head) * a.n * p16;
  if (span.position == 0 && k.row == span.row) memset(state, 0, (size_t)(a.n * p16) * 4);
  int i = k.from;
  for (; i + 4 <= k.to; i += 4)
    chunk_rows<4>(a, k, i, state, x, p16, weights, decay, a.d[head], head);
  for (; i < k.to; ++i) chunk_rows<1>(a, k, i, state, x, p16, weights, decay, a.d[head], head);
  if (k.to < kL) return;
  for (int j = 0; j < kL; j += LANES)
    store(gain + j, vexp(vmin(running[kL - 1] - load(running + j), splat(0.0f))) * load(delta + j));
  advance_state(a, k, state, x, p16, gain, decay[kL - 1], transposed);
}

void ssm_scan(const SsmScanArgs& a, int part, int parts) {
  const int64_t per_group = a.heads / a.groups,
                tail_width = scan_tail_width(a.heads, a.width, a.groups, a.n);
  const Range range = share(a.heads, part, parts);
  float* scratch = a.scratch + 2 * a.y.rows * a.heads + part * scan_scratch_floats(a.width, a.n);
  Chunk k;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    k.tail = a.tail + (int64_t)span.slot * kL * tail_width;
    int64_t done = 0;
    while (done < span.rows) {
      k.from = (int)((span.position + done) % kL);
      k.to = k.from + (int)(span.rows - done < kL - k.from ? span.rows - done : kL - k.from);
      k.row = span.row + done;
      done += k.to - k.from;
      for (int64_t head = range.begin; head < range.end;) {
        const int64_t group = head / per_group;
        for (int j = 0; j < k.to; ++j) {
          const int64_t row = k.row + j - k.from;
          k.b[j] = j < k.from ? k.tail + j * tail_width + a.heads * a.width + group * a.n
                              : a.b.data + row * a.b.stride + group * a.n;
          k.c[j] = j < k.from ? nullptr : a.c.data + row * a.c.stride + group * a.n;
        }
        for (int i = k.from; i < k.to; ++i)
          for (int j = 0; j < kL; ++j) k.scores[i][j] = j <= i ? dot(k.c[i], k.b[j], a.n) : 0.0f;
        for (; head < range.end && head / per_group == group; ++head)
          scan_head(a, span, k, head, scratch);
      }
    }
  }
}

// Keeps the rows since the last chunk boundary for the next step.
void ssm_tail(const SsmScanArgs& a, int part, int parts) {
  const int64_t tail_width = scan_tail_width(a.heads, a.width, a.groups, a.n), total = a.y.rows;
  const int64_t inner = (int64_t)a.heads * a.width, bc = (int64_t)a.groups * a.n;
  int64_t index = 0;
  for (int s = 0; s < a.batch.count; ++s) {
    const Span& span = a.batch.spans[s];
    const int end = (span.position + span.rows) % kL;
    const int fresh =
        end < span.rows ? end : span.rows;  // rows of the last, unfinished chunk made in this step
    for (int j = end - fresh; j < end; ++j, ++index) {
      if (index % parts != part) continue;
      const int64_t row = span.row + span.rows - end + j;
      float* tail = a.tail + ((int64_t)span.slot * kL + j) * tail_width;
      memcpy(tail, a.u.data + row * a.u.stride, (size_t)inner * 4);
      memcpy(tail + inner, a.b.data + row * a.b.stride, (size_t)bc * 4);
      memcpy(tail + inner + bc, a.scratch + row * a.heads, (size_t)a.heads * 4);
      memcpy(tail + inner + bc + a.heads, a.scratch + (total + row) * a.heads, (size_t)a.heads * 4);
    }
  }
}

}  // namespace
}  // namespace vireo
