// Fused CPU kernels for training: Mamba-2 mixing, attention, the two norms, and their gradients.
//
// The scan processes chunks of 64 tokens as products of small matrices. The rest is plain loops
// over contiguous floats that the compiler vectorises. A work item is one sequence of a batch. Each
// thread sums its own gradients of the parameters; the sums are added in the order of the threads.
// The tests compare the kernels with the PyTorch implementations in network.py.

#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using bf16 = uint16_t;
constexpr int P = 64;         // width of a head
constexpr int N = 64;         // state size; one group
constexpr int STATE = N * P;  // laid out [N][P]
constexpr int CHUNK = 64;     // tokens that interact directly; others interact through the state
constexpr float RMS_NORM_EPS = 1e-5f;
constexpr float LAYER_NORM_EPS = 1e-6f;

/** The element type of activations between the kernels. */
#ifdef ROWS_OF_FLOAT32
using Low = float;
#else
using Low = bf16;
#endif

inline float wide(float value) { return value; }

inline float wide(bf16 value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

inline Low narrow(float value) {
  if constexpr (sizeof(Low) == sizeof(float)) return value;
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return Low((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline float sigmoid(float x) { return 1.f / (1.f + std::exp(-x)); }

// ROWS rows of PARTS vectors: as many accumulators as fit into the registers.
#ifdef __AVX512F__
constexpr int LANES = 16, ROWS = 4, PARTS = 4;
#else
constexpr int LANES = 8, ROWS = 6, PARTS = 2;
#endif
using Vector = float __attribute__((vector_size(4 * LANES), aligned(4)));

/** R rows of out [R][64] = (out +) a·b: a(i, k) = a[i·row + k·deep], b [depth][64]. */
template <int R>
void product_rows(const float* a, int row, int deep, const float* b, int stride, int depth,
                  float* out, int out_stride, bool add) {
  for (int column = 0; column < 64; column += PARTS * LANES) {
    Vector sums[R][PARTS] = {};
    for (int k = 0; k < depth; k++) {
      const Vector* line = reinterpret_cast<const Vector*>(b + size_t(k) * stride + column);
      for (int i = 0; i < R; i++)
        for (int part = 0; part < PARTS; part++)
          sums[i][part] += a[i * row + size_t(k) * deep] * line[part];
    }
    for (int i = 0; i < R; i++) {
      Vector* to = reinterpret_cast<Vector*>(out + size_t(i) * out_stride + column);
      for (int part = 0; part < PARTS; part++)
        to[part] = add ? to[part] + sums[i][part] : sums[i][part];
    }
  }
}

/** A matrix whose element (i, k) is at[i·row + k·deep]. */
struct Left {
  const float* at;
  int row, deep;
};

/** Rows of 64 floats. */
struct Right {
  const float* at;
  int stride;
};

void product(Left a, Right b, int rows, int depth, float* out, int stride, bool add = false) {
  const auto from = [&](int i) { return a.at + size_t(i) * a.row; };
  const auto to = [&](int i) { return out + size_t(i) * stride; };
  const auto take = [&](auto kernel, int i) {
    kernel(from(i), a.row, a.deep, b.at, b.stride, depth, to(i), stride, add);
  };
  int i = 0;
  for (; i + ROWS <= rows; i += ROWS) take(product_rows<ROWS>, i);
  for (; i + 2 <= rows; i += 2) take(product_rows<2>, i);
  for (; i < rows; i++) take(product_rows<1>, i);
}

/** Copies [rows][64] with a stride to [64][64]; the remaining rows are 0. */
void transpose(Right from, int rows, float* to) {
  for (int j = 0; j < 64; j++)
    for (int i = 0; i < 64; i++) {
      to[j * 64 + i] = i < rows ? from.at[size_t(i) * from.stride + j] : 0;
    }
}

float dot(const float* a, const float* b) {
  float sum = 0;
  for (int i = 0; i < 64; i++) sum += a[i] * b[i];
  return sum;
}

/** d/dx of x·sigmoid(x), from x and its sigmoid. */
inline float silu_slope(float x, float s) { return s * (1.f + x * (1.f - s)); }

struct Shape {
  int length, heads;
  int inner() const { return heads * P; }
  int conv() const { return inner() + 2 * N; }
  int width() const { return inner() + conv() + heads; }
};

/** Parameters, or their gradients: [conv][4], [conv], [heads] three times, [inner]. */
struct Params {
  float *conv_weight, *conv_bias, *dt_bias, *a_log, *d, *norm;
};

/** All values that the forward pass computes for one sequence. */
struct Pass {
  Shape shape;
  std::vector<float> raw;     // [3 + length][conv] before the convolution, three rows of zeros
  std::vector<float> before;  // [length][conv] before SiLU
  std::vector<float> x;       // [length][conv] after it: x | B | C
  std::vector<float> z, y;    // [length][inner]
  std::vector<float> dt;      // [length][heads]: Δ
  std::vector<float> products;   // [chunks][CHUNK][CHUNK]: C·B of the tokens of a chunk
  std::vector<float> states;  // [chunks][heads][STATE] at the start of each chunk

  explicit Pass(Shape s) : shape(s) {
    const size_t rows = s.length, chunks = (s.length + CHUNK - 1) / CHUNK;
    raw.resize((rows + 3) * s.conv());
    before.resize(rows * s.conv());
    x.resize(rows * s.conv());
    z.resize(rows * s.inner());
    y.resize(rows * s.inner());
    dt.resize(rows * s.heads);
    products.resize(chunks * CHUNK * CHUNK);
    states.resize(chunks * s.heads * STATE);
  }

  void run(const Low* u, const Params& w, const float* taps) {
    split(u, w);
    convolve(w, taps);
    for (int chunk = 0; chunk < chunks(); chunk++) {
      alignas(64) float transposed[CHUNK * N];
      transpose(b(chunk), rows_of(chunk), transposed);
      product(left(c(chunk)), {transposed, CHUNK}, rows_of(chunk), N, product_of(chunk), CHUNK);
    }
    for (int head = 0; head < shape.heads; head++) scan(head, w);
  }

  int chunks() const { return (shape.length + CHUNK - 1) / CHUNK; }
  int rows_of(int chunk) const { return std::min(CHUNK, shape.length - chunk * CHUNK); }
  float* product_of(int chunk) { return &products[size_t(chunk) * CHUNK * CHUNK]; }
  Right values(int chunk, int head) const { return part(chunk, head * P); }
  Right b(int chunk) const { return part(chunk, shape.inner()); }
  Right c(int chunk) const { return part(chunk, shape.inner() + N); }
  Right part(int chunk, int column) const {
    return {&x[size_t(chunk) * CHUNK * shape.conv() + column], shape.conv()};
  }
  static Left left(Right m) { return {m.at, m.stride, 1}; }
  static Left transposed(Right m) { return {m.at, 1, m.stride}; }

  void split(const Low* u, const Params& w) {
    const int inner = shape.inner(), conv = shape.conv(), heads = shape.heads;
    std::memset(raw.data(), 0, 3 * conv * sizeof(float));
    for (int t = 0; t < shape.length; t++, u += shape.width()) {
      for (int i = 0; i < inner; i++) z[t * inner + i] = wide(u[i]);
      for (int i = 0; i < conv; i++) raw[(t + 3) * conv + i] = wide(u[inner + i]);
      for (int h = 0; h < heads; h++) {
        const float v = wide(u[inner + conv + h]) + w.dt_bias[h];
        const float step = v > 20.f ? v : std::log1p(std::exp(v));
        dt[t * heads + h] = step;
      }
    }
  }

  void convolve(const Params& w, const float* __restrict taps) {
    const int conv = shape.conv();
    for (int t = 0; t < shape.length; t++) {
      const float *__restrict in = &raw[t * conv], *__restrict bias = w.conv_bias;
      float *__restrict pre = &before[t * conv], *__restrict out = &x[t * conv];
      for (int i = 0; i < conv; i++)
        pre[i] = bias[i] + taps[i] * in[i] + taps[conv + i] * in[conv + i] +
                 taps[2 * conv + i] * in[2 * conv + i] + taps[3 * conv + i] * in[3 * conv + i];
      for (int i = 0; i < conv; i++) out[i] = pre[i] * sigmoid(pre[i]);
    }
  }

  /** The decay of one head in one chunk: Δ; `kept`, the factor of the state before the chunk at
   * each token; `rest`, the factor of a token's contribution at the end of the chunk. */
  struct Decay {
    int rows;
    alignas(64) float dt[CHUNK] = {}, log[CHUNK] = {}, kept[CHUNK], rest[CHUNK];
    float all;

    Decay(const Pass& pass, int chunk, int head, float a) : rows(pass.rows_of(chunk)) {
      float sum = 0;
      for (int t = 0; t < rows; t++) {
        dt[t] = pass.dt[(chunk * CHUNK + t) * pass.shape.heads + head];
        log[t] = sum += a * dt[t];
      }
      all = std::exp(sum);
      for (int t = 0; t < CHUNK; t++) kept[t] = std::exp(log[t]);
      for (int t = 0; t < CHUNK; t++) rest[t] = t < rows ? std::exp(sum - log[t]) : 0.f;
    }

    /** The factor of token j's contribution at token t >= j, for all j. */
    void between(int t, float* out) const {
      for (int j = 0; j < CHUNK; j++) {
        const float left = std::exp(std::min(0.f, log[t] - log[j]));
        out[j] = j <= t ? left : 0.f;
      }
    }
  };

  /** y = D·x + kept·C·S + Σ between·Δ·(C·B)·x; S ← all·S + Σ rest·Δ·B⊗x. */
  void scan(int head, const Params& w) {
    alignas(64) float s[STATE] = {}, mix[CHUNK * CHUNK], scaled[CHUNK * P], line[CHUNK];
    const int inner = shape.inner();
    for (int chunk = 0; chunk < chunks(); chunk++) {
      const Decay decay(*this, chunk, head, -std::exp(w.a_log[head]));
      const Right v = values(chunk, head);
      const int rows = decay.rows;
      float* out = &y[size_t(chunk) * CHUNK * inner + head * P];
      std::memcpy(state(chunk, head), s, sizeof s);
      product(left(c(chunk)), {s, P}, rows, N, out, inner);
      for (int t = 0; t < rows; t++) {
        const float *value = v.at + size_t(t) * v.stride, *met = product_of(chunk) + t * CHUNK;
        decay.between(t, line);
        for (int j = 0; j < CHUNK; j++) mix[t * CHUNK + j] = line[j] * decay.dt[j] * met[j];
        for (int p = 0; p < P; p++) {
          out[t * inner + p] = out[t * inner + p] * decay.kept[t] + w.d[head] * value[p];
          scaled[t * P + p] = decay.rest[t] * decay.dt[t] * value[p];
        }
      }
      product({mix, CHUNK, 1}, v, rows, rows, out, inner, true);
      for (int i = 0; i < STATE; i++) s[i] *= decay.all;
      product(transposed(b(chunk)), {scaled, P}, N, rows, s, P, true);
    }
  }

  float* state(int chunk, int head) {
    return &states[(size_t(chunk) * shape.heads + head) * STATE];
  }

  /** y·silu(z), normed over the row and weighted. */
  void gate(const Params& w, Low* out) const {
    const int inner = shape.inner();
    std::vector<float> g(inner);
    for (int t = 0; t < shape.length; t++, out += inner) {
      float squares = 0;
      for (int i = 0; i < inner; i++) {
        const float gate = z[t * inner + i];
        g[i] = y[t * inner + i] * gate * sigmoid(gate);
        squares += g[i] * g[i];
      }
      const float scale = 1.f / std::sqrt(squares / inner + RMS_NORM_EPS);
      for (int i = 0; i < inner; i++) out[i] = narrow(g[i] * scale * w.norm[i]);
    }
  }
};

/** The backward pass of one sequence. */
struct Back {
  Pass& pass;
  Shape shape;
  const Params& w;
  Params grad;
  std::vector<float> dy, dz;    // [length][inner]
  std::vector<float> dx;        // [length][conv]
  std::vector<float> ddt;       // [length][heads]
  std::vector<float> draw;      // [3 + length][conv]
  std::vector<float> dproducts;    // [chunks][CHUNK][CHUNK]

  Back(Pass& p, const Params& weights, Params gradients)
      : pass(p), shape(p.shape), w(weights), grad(gradients) {
    const size_t rows = shape.length;
    dy.resize(rows * shape.inner());
    dz.resize(rows * shape.inner());
    dx.assign(rows * shape.conv(), 0);
    ddt.assign(rows * shape.heads, 0);
    draw.assign((rows + 3) * shape.conv(), 0);
    dproducts.resize(p.products.size());
  }

  void run(const Low* dout, const float* taps, float* dtaps, Low* du) {
    gate(dout);
    std::fill(dproducts.begin(), dproducts.end(), 0.f);
    for (int head = 0; head < shape.heads; head++) scan(head);
    for (int chunk = 0; chunk < pass.chunks(); chunk++) {
      const int rows = pass.rows_of(chunk), conv = shape.conv();
      const float* d = &dproducts[size_t(chunk) * CHUNK * CHUNK];
      float* db = &dx[size_t(chunk) * CHUNK * conv + shape.inner()];
      product({d, CHUNK, 1}, pass.b(chunk), rows, rows, db + N, conv, true);
      product({d, 1, CHUNK}, pass.c(chunk), rows, rows, db, conv, true);
    }
    convolve(taps, dtaps);
    join(du);
  }

  void gate(const Low* dout) {
    const int inner = shape.inner();
    std::vector<float> gated(inner), normed(inner), sigmoids(inner);
    float *__restrict g = gated.data(), *__restrict dn = normed.data();
    float *__restrict sig = sigmoids.data(), *__restrict dnorm = grad.norm;
    for (int t = 0; t < shape.length; t++, dout += inner) {
      const float *__restrict z = &pass.z[t * inner], *__restrict y = &pass.y[t * inner];
      float *__restrict to_y = &dy[t * inner], *__restrict to_z = &dz[t * inner];
      float squares = 0, along = 0;
      for (int i = 0; i < inner; i++) {
        sig[i] = sigmoid(z[i]);
        g[i] = y[i] * z[i] * sig[i];
        squares += g[i] * g[i];
      }
      const float scale = 1.f / std::sqrt(squares / inner + RMS_NORM_EPS);
      for (int i = 0; i < inner; i++) {
        const float d = wide(dout[i]);
        dnorm[i] += d * g[i] * scale;
        dn[i] = d * w.norm[i];
        along += dn[i] * g[i];
      }
      const float pull = along / inner * scale * scale * scale;
      for (int i = 0; i < inner; i++) {
        const float dg = scale * dn[i] - pull * g[i];
        to_y[i] = dg * z[i] * sig[i];
        to_z[i] = dg * y[i] * silu_slope(z[i], sig[i]);
      }
    }
  }

  /** The gradients of the terms of Pass::scan in turn; dlog sums those of the log decays. */
  void scan(int head) {
    alignas(64) float ds[STATE] = {}, transposed[STATE], mix[CHUNK * CHUNK], dmix[CHUNK * CHUNK];
    alignas(64) float made[CHUNK * P], line[CHUNK];
    const int inner = shape.inner(), conv = shape.conv();
    const float a = -std::exp(w.a_log[head]);
    for (int chunk = pass.chunks() - 1; chunk >= 0; chunk--) {
      const Pass::Decay decay(pass, chunk, head, a);
      const int rows = decay.rows;
      const size_t first = size_t(chunk) * CHUNK;
      const Right v = pass.values(chunk, head), go{&dy[first * inner + head * P], inner};
      const Right b = pass.b(chunk), c = pass.c(chunk);
      float *out = &dx[first * conv + head * P], *db = &dx[first * conv + inner], *dc = db + N;
      const auto at = [](Right m, int t) { return m.at + size_t(t) * m.stride; };
      alignas(64) float dlog[CHUNK] = {}, ddt[CHUNK] = {};

      // Σ between·Δ·(C·B)·x
      transpose(v, rows, transposed);
      product(Pass::left(go), {transposed, CHUNK}, rows, P, dmix, CHUNK);
      float* dmeet = &dproducts[first * CHUNK];
      for (int t = 0; t < rows; t++) {
        const float *met = pass.product_of(chunk) + t * CHUNK, *d = dmix + t * CHUNK;
        decay.between(t, line);
        float sum = 0;
        for (int j = 0; j < CHUNK; j++) {
          const float share = line[j] * decay.dt[j], slope = d[j] * line[j] * met[j];
          mix[t * CHUNK + j] = share * met[j];
          dmeet[t * CHUNK + j] += d[j] * share;
          ddt[j] += slope;
          sum += slope * decay.dt[j];
        }
        dlog[t] += sum;
      }
      for (int j = 0; j < CHUNK; j++) dlog[j] -= ddt[j] * decay.dt[j];
      product({mix, 1, CHUNK}, go, rows, rows, out, conv, true);

      // all·S + Σ rest·Δ·B⊗x, whose gradient is ds
      float* before = pass.state(chunk, head);
      float end = 0;
      for (int i = 0; i < STATE; i++) end += before[i] * ds[i];
      end *= decay.all;
      product(Pass::left(b), {ds, P}, rows, N, made, P);
      for (int t = 0; t < rows; t++) {
        const float rest = decay.rest[t], share = rest * decay.dt[t];
        const float along = dot(made + t * P, at(v, t));
        for (int p = 0; p < P; p++) out[t * conv + p] += share * made[t * P + p];
        ddt[t] += rest * along;
        dlog[t] -= share * along;
        end += share * along;
      }
      dlog[rows - 1] += end;
      transpose({ds, P}, N, transposed);
      product(Pass::left(v), {transposed, N}, rows, P, made, N);
      for (int t = 0; t < rows; t++)
        for (int n = 0; n < N; n++)
          db[t * conv + n] += decay.rest[t] * decay.dt[t] * made[t * N + n];

      // kept·C·S + D·x
      transpose({before, P}, N, transposed);
      product(Pass::left(go), {transposed, N}, rows, P, made, N);
      for (int t = 0; t < rows; t++) {
        for (int n = 0; n < N; n++) dc[t * conv + n] += decay.kept[t] * made[t * N + n];
        dlog[t] += decay.kept[t] * dot(made + t * N, at(c, t));
        grad.d[head] += dot(at(go, t), at(v, t));
        for (int p = 0; p < P; p++) out[t * conv + p] += w.d[head] * at(go, t)[p];
      }
      for (int t = 0; t < rows; t++)
        for (int p = 0; p < P; p++) made[t * P + p] = decay.kept[t] * at(go, t)[p];
      for (int i = 0; i < STATE; i++) ds[i] *= decay.all;
      product(Pass::transposed(c), {made, P}, N, rows, ds, P, true);

      // The logarithms are running sums of Δ·A within the chunk.
      float sum = 0;
      for (int t = rows - 1; t >= 0; t--) {
        sum += dlog[t];
        this->ddt[(first + t) * shape.heads + head] = ddt[t] + sum * a;
        grad.a_log[head] += sum * decay.dt[t] * a;
      }
    }
  }

  void convolve(const float* __restrict taps, float* __restrict dtaps) {
    const int conv = shape.conv();
    for (int t = 0; t < shape.length; t++) {
      const float *__restrict pre = &pass.before[t * conv], *__restrict in = &pass.raw[t * conv];
      float *__restrict d = &dx[t * conv], *__restrict out = &draw[t * conv];
      float* __restrict dbias = grad.conv_bias;
      for (int i = 0; i < conv; i++) d[i] *= silu_slope(pre[i], sigmoid(pre[i]));
      for (int i = 0; i < conv; i++) dbias[i] += d[i];
      for (int k = 0; k < 4; k++)
        for (int i = 0; i < conv; i++) {
          dtaps[k * conv + i] += d[i] * in[k * conv + i];
          out[k * conv + i] += taps[k * conv + i] * d[i];
        }
    }
  }

  void join(Low* du) {
    const int inner = shape.inner(), conv = shape.conv(), heads = shape.heads;
    for (int t = 0; t < shape.length; t++, du += shape.width()) {
      for (int i = 0; i < inner; i++) du[i] = narrow(dz[t * inner + i]);
      for (int i = 0; i < conv; i++) du[inner + i] = narrow(draw[(t + 3) * conv + i]);
      for (int h = 0; h < heads; h++) {
        // softplus' = sigmoid(v) = 1 - exp(-softplus(v))
        const float g = ddt[t * heads + h] * (1.f - std::exp(-pass.dt[t * heads + h]));
        grad.dt_bias[h] += g;
        du[inner + conv + h] = narrow(g);
      }
    }
  }
};

/** Attention of one head over one sequence, with rows 64 wide. A block of 64 rows is multiplied
 * with all columns at once, so that its scores stay in the caches. */
struct HeadAttention {
  int tokens, padded;
  bool causal;
  float scale;
  std::vector<float> q, k, v;                // [tokens][64]; q times scale
  std::vector<float> k_transposed, v_transposed;     // [padded / 64][64][64]
  std::vector<float> shares, slopes;         // [64][padded]
  std::vector<float> out, dout, dq, dk, dv;  // [64][64] twice, then [tokens][64]

  HeadAttention(int n, float s, bool c)
      : tokens(n), padded((n + 63) / 64 * 64), causal(c), scale(s) {
    for (auto* rows : {&q, &k, &v, &dq, &dk, &dv}) rows->resize(size_t(n) * 64);
    for (auto* rows : {&k_transposed, &v_transposed, &shares, &slopes}) {
      rows->resize(size_t(padded) * 64);
    }
    out.resize(64 * 64);
    dout.resize(64 * 64);
  }

  static void widen(const Low* from, int rows, float scale, float* to) {
    for (int i = 0; i < rows * 64; i++) to[i] = wide(from[i]) * scale;
  }

  static void narrowed(const float* from, int rows, float scale, Low* to) {
    for (int i = 0; i < rows * 64; i++) to[i] = narrow(from[i] * scale);
  }

  void take(const Low* from_q, const Low* from_k, const Low* from_v) {
    widen(from_q, tokens, scale, q.data());
    widen(from_k, tokens, 1, k.data());
    widen(from_v, tokens, 1, v.data());
  }

  void turn(const std::vector<float>& from, std::vector<float>& to) const {
    for (int at = 0; at < tokens; at += 64)
      transpose({&from[size_t(at) * 64], 64}, std::min(64, tokens - at), &to[size_t(at) * 64]);
  }

  int rows_at(int first) const { return std::min(64, tokens - first); }
  int columns_at(int first) const { return causal ? first + rows_at(first) : tokens; }
  int columns_of(int row) const { return causal ? row + 1 : tokens; }

  /** into [rows][padded] = a block of 64 rows times a transposed matrix. */
  void multiply_block(const float* rows, int first, const std::vector<float>& transposed,
                      float* into) {
    for (int at = 0; at < columns_at(first); at += 64)
      product({rows, 64, 1}, {&transposed[size_t(at) * 64], 64}, rows_at(first), 64, into + at,
              padded);
  }

  void forward(Low* to, float* sums) {
    turn(k, k_transposed);
    for (int first = 0; first < tokens; first += 64) {
      const int rows = rows_at(first), columns = columns_at(first);
      multiply_block(&q[size_t(first) * 64], first, k_transposed, shares.data());
      for (int i = 0; i < rows; i++) {
        float* row = &shares[size_t(i) * padded];
        const int seen = columns_of(first + i);
        float most = row[0], sum = 0;
        for (int j = 1; j < seen; j++) most = std::max(most, row[j]);
        for (int j = 0; j < seen; j++) sum += row[j] = std::exp(row[j] - most);
        for (int j = 0; j < seen; j++) row[j] /= sum;
        for (int j = seen; j < columns; j++) row[j] = 0;
        sums[first + i] = most + std::log(sum);
      }
      product({shares.data(), padded, 1}, {v.data(), 64}, rows, columns, out.data(), 64);
      narrowed(out.data(), rows, 1, to + size_t(first) * 64);
    }
  }

  void backward(const Low* made, const Low* given, const float* sums, Low* to_q, Low* to_k,
                Low* to_v) {
    turn(k, k_transposed);
    turn(v, v_transposed);
    std::fill(dk.begin(), dk.end(), 0.f);
    std::fill(dv.begin(), dv.end(), 0.f);
    for (int first = 0; first < tokens; first += 64) {
      const int rows = rows_at(first), columns = columns_at(first);
      const float* asked = &q[size_t(first) * 64];
      widen(made + size_t(first) * 64, rows, 1, out.data());
      widen(given + size_t(first) * 64, rows, 1, dout.data());
      multiply_block(asked, first, k_transposed, shares.data());
      multiply_block(dout.data(), first, v_transposed, slopes.data());
      for (int i = 0; i < rows; i++) {
        float *share = &shares[size_t(i) * padded], *slope = &slopes[size_t(i) * padded];
        const float along = dot(&out[size_t(i) * 64], &dout[size_t(i) * 64]);
        const float sum = sums[first + i];
        const int seen = columns_of(first + i);
        for (int j = 0; j < seen; j++) {
          share[j] = std::exp(share[j] - sum);
          slope[j] = share[j] * (slope[j] - along);
        }
        for (int j = seen; j < columns; j++) share[j] = slope[j] = 0;
      }
      product({slopes.data(), padded, 1}, {k.data(), 64}, rows, columns, &dq[size_t(first) * 64],
              64);
      product({slopes.data(), 1, padded}, {asked, 64}, columns, rows, dk.data(), 64, true);
      product({shares.data(), 1, padded}, {dout.data(), 64}, columns, rows, dv.data(), 64, true);
    }
    narrowed(dq.data(), tokens, scale, to_q);
    narrowed(dk.data(), tokens, 1, to_k);
    narrowed(dv.data(), tokens, 1, to_v);
  }
};

/** Calls work(attention of a head, offset of its values, offset of its rows) for every head; each
 * thread has a workspace of its own. */
template <class Work>
void each_head(int count, const HeadAttention& alike, const Work& work) {
#pragma omp parallel
  {
    HeadAttention head_attention = alike;
#pragma omp for schedule(dynamic)
    for (int i = 0; i < count; i++) {
      const size_t row = size_t(i) * head_attention.tokens;
      work(head_attention, row * 64, row);
    }
  }
}

/** [conv][4] to [4][conv], so that channels are contiguous. */
std::vector<float> transposed(const float* weight, int conv) {
  std::vector<float> taps(4 * conv);
  for (int i = 0; i < conv; i++)
    for (int k = 0; k < 4; k++) taps[k * conv + i] = weight[4 * i + k];
  return taps;
}

int size_of(Shape s) { return 5 * s.conv() + 3 * s.heads + s.inner(); }

Params within(float* base, Shape s) {
  float* bias = base + 4 * s.conv();
  float* dt = bias + s.conv();
  return {base, bias, dt, dt + s.heads, dt + 2 * s.heads, dt + 3 * s.heads};
}

template <bool CENTRED>
void norm_row(const float* x, const float* w, const float* b, int width, Low* y, float* mean,
              float* scale) {
  float sum = 0, squares = 0;
  if (CENTRED) {
    for (int i = 0; i < width; i++) sum += x[i];
    sum /= width;
  }
  for (int i = 0; i < width; i++) squares += (x[i] - sum) * (x[i] - sum);
  const float s = 1.f / std::sqrt(squares / width + (CENTRED ? LAYER_NORM_EPS : RMS_NORM_EPS));
  for (int i = 0; i < width; i++) y[i] = narrow((x[i] - sum) * s * w[i] + (CENTRED ? b[i] : 0.f));
  *mean = sum;
  *scale = s;
}

template <bool CENTRED>
void norm_row_back(const float* x, const float* w, const Low* dy, int width, float mean,
                   float scale, float* dx, float* dw, float* db) {
  float along = 0, sum = 0;
  for (int i = 0; i < width; i++) {
    const float d = wide(dy[i]), g = d * w[i], v = (x[i] - mean) * scale;
    along += g * v;
    sum += g;
    dw[i] += d * v;
    if (CENTRED) db[i] += d;
  }
  along /= width;
  sum = CENTRED ? sum / width : 0.f;
  for (int i = 0; i < width; i++)
    dx[i] = scale * (wide(dy[i]) * w[i] - sum - (x[i] - mean) * scale * along);
}

}  // namespace

extern "C" {

/** u [batch][length][width] to out [batch][length][inner]; params as `within` lays them out. */
void mamba(const Low* u, float* params, int batch, int length, int heads, Low* out) {
  const Shape shape{length, heads};
  const Params w = within(params, shape);
  const auto taps = transposed(w.conv_weight, shape.conv());
#pragma omp parallel
  {
    Pass pass(shape);
#pragma omp for schedule(dynamic)
    for (int i = 0; i < batch; i++) {
      pass.run(u + size_t(i) * length * shape.width(), w, taps.data());
      pass.gate(w, out + size_t(i) * length * shape.inner());
    }
  }
}

/** Gradients of u and of the parameters; the latter are summed over the batch into dparams. */
void mamba_back(const Low* u, float* params, const Low* dout, int batch, int length, int heads,
                Low* du, float* dparams) {
  const Shape shape{length, heads};
  const Params w = within(params, shape);
  const int conv = shape.conv(), count = size_of(shape), threads = omp_get_max_threads();
  const auto taps = transposed(w.conv_weight, conv);
  std::vector<float> sums(size_t(threads) * count);
#pragma omp parallel
  {
    float* mine = &sums[size_t(omp_get_thread_num()) * count];
    const Params grad = within(mine, shape);
    Pass pass(shape);
    Back back(pass, w, grad);
#pragma omp for schedule(static)
    for (int i = 0; i < batch; i++) {
      pass.run(u + size_t(i) * length * shape.width(), w, taps.data());
      std::fill(back.dx.begin(), back.dx.end(), 0.f);
      std::fill(back.draw.begin(), back.draw.end(), 0.f);
      back.run(dout + size_t(i) * length * shape.inner(), taps.data(), grad.conv_weight,
               du + size_t(i) * length * shape.width());
    }
  }
  for (int thread = 0; thread < threads; thread++) {
    const float* mine = &sums[size_t(thread) * count];
    for (int i = 0; i < conv; i++)
      for (int k = 0; k < 4; k++) dparams[4 * i + k] += mine[k * conv + i];
    for (int i = 4 * conv; i < count; i++) dparams[i] += mine[i];
  }
}

/** softmax(q·kᵀ·scale)·v for each of `count` heads [tokens][64].
 * sums: the logarithms of the rows' sums. */
void attention(const Low* q, const Low* k, const Low* v, int count, int tokens, float scale,
               bool causal, Low* out, float* sums) {
  const HeadAttention first(tokens, scale, causal);
  each_head(count, first, [&](HeadAttention& head_attention, size_t at, size_t row) {
    head_attention.take(q + at, k + at, v + at);
    head_attention.forward(out + at, sums + row);
  });
}

void attention_back(const Low* q, const Low* k, const Low* v, const Low* out, const Low* dout,
                    const float* sums, int count, int tokens, float scale, bool causal, Low* dq,
                    Low* dk, Low* dv) {
  const HeadAttention first(tokens, scale, causal);
  each_head(count, first, [&](HeadAttention& head_attention, size_t at, size_t row) {
    head_attention.take(q + at, k + at, v + at);
    head_attention.backward(out + at, dout + at, sums + row, dq + at, dk + at, dv + at);
  });
}

/** RMS norm (bias null) or layer norm of [rows][width]; keeps [rows][2] mean and scale. */
void norm(const float* x, const float* w, const float* b, int rows, int width, Low* y,
          float* kept) {
#pragma omp parallel for schedule(static)
  for (int row = 0; row < rows; row++) {
    const size_t at = size_t(row) * width;
    const auto kernel = b ? norm_row<true> : norm_row<false>;
    kernel(x + at, w, b, width, y + at, kept + 2 * row, kept + 2 * row + 1);
  }
}

void norm_back(const float* x, const float* w, const Low* dy, const float* kept, int rows,
               int width, bool centred, float* dx, float* dw, float* db) {
  const int threads = omp_get_max_threads();
  std::vector<float> sums(size_t(threads) * 2 * width);
#pragma omp parallel
  {
    float* mine = &sums[size_t(omp_get_thread_num()) * 2 * width];
    const auto kernel = centred ? norm_row_back<true> : norm_row_back<false>;
#pragma omp for schedule(static)
    for (int row = 0; row < rows; row++) {
      const size_t at = size_t(row) * width;
      kernel(x + at, w, dy + at, width, kept[2 * row], kept[2 * row + 1], dx + at, mine,
             mine + width);
    }
  }
  for (int thread = 0; thread < threads; thread++)
    for (int i = 0; i < width; i++) {
      dw[i] += sums[size_t(thread) * 2 * width + i];
      if (centred) db[i] += sums[size_t(thread) * 2 * width + width + i];
    }
}

}  // extern "C"
