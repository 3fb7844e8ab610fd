// Mamba-2 mixing and the two norms with their gradients, fused, for training on a CPU.
//
// The scan goes by chunks of 64 tokens, as products of small matrices; the rest is plain loops over
// contiguous floats that the compiler turns into vectors. One sequence of a batch is one piece of
// work; every thread sums the gradients of parameters apart, in a fixed order of threads at the
// end. The same formulas in PyTorch stand in network.py, which tests compare.

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
constexpr int CHUNK = 64;     // tokens that meet one another directly, the rest through the state
constexpr float RMS_NORM_EPS = 1e-5f;
constexpr float LAYER_NORM_EPS = 1e-6f;

inline float wide(bf16 value) {
  uint32_t bits = uint32_t(value) << 16;
  float result;
  std::memcpy(&result, &bits, 4);
  return result;
}

inline bf16 narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  return bf16((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

inline float sigmoid(float x) { return 1.f / (1.f + std::exp(-x)); }

using Lanes = float __attribute__((vector_size(64), aligned(4)));

/** R rows of out [R][64] = (out +) a·b: a(i, k) = a[i·row + k·deep], b [depth][64]. */
template <int R>
void product_rows(const float* a, int row, int deep, const float* b, int stride, int depth,
                  float* out, int out_stride, bool add) {
  Lanes sums[R][4] = {};
  for (int k = 0; k < depth; k++) {
    const Lanes* line = reinterpret_cast<const Lanes*>(b + size_t(k) * stride);
    for (int i = 0; i < R; i++)
      for (int part = 0; part < 4; part++) sums[i][part] += a[i * row + k * deep] * line[part];
  }
  for (int i = 0; i < R; i++) {
    Lanes* to = reinterpret_cast<Lanes*>(out + size_t(i) * out_stride);
    for (int part = 0; part < 4; part++) to[part] = add ? to[part] + sums[i][part] : sums[i][part];
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
  const int whole = rows / 4 * 4;
  for (int i = 0; i < whole; i += 4)
    product_rows<4>(from(i), a.row, a.deep, b.at, b.stride, depth, to(i), stride, add);
  for (int i = whole; i < rows; i++)
    product_rows<1>(from(i), a.row, a.deep, b.at, b.stride, depth, to(i), stride, add);
}

/** [rows][64] with its stride to [64][64]; what is beyond the rows is 0. */
void transpose(Right from, int rows, float* to) {
  for (int j = 0; j < 64; j++)
    for (int i = 0; i < 64; i++) to[j * 64 + i] = i < rows ? from.at[size_t(i) * from.stride + j] : 0;
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

/** Everything the forward pass makes for one sequence. */
struct Pass {
  Shape shape;
  std::vector<float> raw;     // [3 + length][conv] before the convolution, three rows of zeros
  std::vector<float> before;  // [length][conv] before SiLU
  std::vector<float> x;       // [length][conv] after it: x | B | C
  std::vector<float> z, y;    // [length][inner]
  std::vector<float> dt;      // [length][heads]: Δ
  std::vector<float> meets;   // [chunks][CHUNK][CHUNK]: C·B of the tokens of a chunk
  std::vector<float> states;  // [chunks][heads][STATE] at the start of each chunk

  explicit Pass(Shape s) : shape(s) {
    const size_t rows = s.length, chunks = (s.length + CHUNK - 1) / CHUNK;
    raw.resize((rows + 3) * s.conv());
    before.resize(rows * s.conv());
    x.resize(rows * s.conv());
    z.resize(rows * s.inner());
    y.resize(rows * s.inner());
    dt.resize(rows * s.heads);
    meets.resize(chunks * CHUNK * CHUNK);
    states.resize(chunks * s.heads * STATE);
  }

  void run(const bf16* u, const Params& w, const float* taps) {
    split(u, w);
    convolve(w, taps);
    for (int chunk = 0; chunk < chunks(); chunk++) {
      alignas(64) float turned[CHUNK * N];
      transpose(b(chunk), rows_of(chunk), turned);
      product(left(c(chunk)), {turned, CHUNK}, rows_of(chunk), N, meet(chunk), CHUNK);
    }
    for (int head = 0; head < shape.heads; head++) scan(head, w);
  }

  int chunks() const { return (shape.length + CHUNK - 1) / CHUNK; }
  int rows_of(int chunk) const { return std::min(CHUNK, shape.length - chunk * CHUNK); }
  float* meet(int chunk) { return &meets[size_t(chunk) * CHUNK * CHUNK]; }
  Right values(int chunk, int head) const { return part(chunk, head * P); }
  Right b(int chunk) const { return part(chunk, shape.inner()); }
  Right c(int chunk) const { return part(chunk, shape.inner() + N); }
  Right part(int chunk, int column) const {
    return {&x[size_t(chunk) * CHUNK * shape.conv() + column], shape.conv()};
  }
  static Left left(Right m) { return {m.at, m.stride, 1}; }
  static Left turned(Right m) { return {m.at, 1, m.stride}; }

  void split(const bf16* u, const Params& w) {
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

  /** Of one head in one chunk: Δ, how much of the state before the chunk is left at each token, and
   * how much of what a token brings is left at the chunk's end. */
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

    /** What of token j is left at token t >= j, for all j. */
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
        const float *value = v.at + size_t(t) * v.stride, *met = meet(chunk) + t * CHUNK;
        decay.between(t, line);
        for (int j = 0; j < CHUNK; j++) mix[t * CHUNK + j] = line[j] * decay.dt[j] * met[j];
        for (int p = 0; p < P; p++) {
          out[t * inner + p] = out[t * inner + p] * decay.kept[t] + w.d[head] * value[p];
          scaled[t * P + p] = decay.rest[t] * decay.dt[t] * value[p];
        }
      }
      product({mix, CHUNK, 1}, v, rows, rows, out, inner, true);
      for (int i = 0; i < STATE; i++) s[i] *= decay.all;
      product(turned(b(chunk)), {scaled, P}, N, rows, s, P, true);
    }
  }

  float* state(int chunk, int head) { return &states[(size_t(chunk) * shape.heads + head) * STATE]; }

  /** y·silu(z), normed over the row and weighted. */
  void gate(const Params& w, bf16* out) const {
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

/** The way back through one sequence. */
struct Back {
  Pass& pass;
  Shape shape;
  const Params& w;
  Params grad;
  std::vector<float> dy, dz;    // [length][inner]
  std::vector<float> dx;        // [length][conv]
  std::vector<float> ddt;       // [length][heads]
  std::vector<float> draw;      // [3 + length][conv]
  std::vector<float> dmeets;    // [chunks][CHUNK][CHUNK]

  Back(Pass& p, const Params& weights, Params gradients)
      : pass(p), shape(p.shape), w(weights), grad(gradients) {
    const size_t rows = shape.length;
    dy.resize(rows * shape.inner());
    dz.resize(rows * shape.inner());
    dx.assign(rows * shape.conv(), 0);
    ddt.assign(rows * shape.heads, 0);
    draw.assign((rows + 3) * shape.conv(), 0);
    dmeets.resize(p.meets.size());
  }

  void run(const bf16* dout, const float* taps, float* dtaps, bf16* du) {
    gate(dout);
    std::fill(dmeets.begin(), dmeets.end(), 0.f);
    for (int head = 0; head < shape.heads; head++) scan(head);
    for (int chunk = 0; chunk < pass.chunks(); chunk++) {
      const int rows = pass.rows_of(chunk), conv = shape.conv();
      const float* d = &dmeets[size_t(chunk) * CHUNK * CHUNK];
      float* db = &dx[size_t(chunk) * CHUNK * conv + shape.inner()];
      product({d, CHUNK, 1}, pass.b(chunk), rows, rows, db + N, conv, true);
      product({d, 1, CHUNK}, pass.c(chunk), rows, rows, db, conv, true);
    }
    convolve(taps, dtaps);
    join(du);
  }

  void gate(const bf16* dout) {
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

  /** The terms of Pass::scan in turn; dlog gathers the slopes of the logarithms of what is left. */
  void scan(int head) {
    alignas(64) float ds[STATE] = {}, turned[STATE], mix[CHUNK * CHUNK], dmix[CHUNK * CHUNK];
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
      transpose(v, rows, turned);
      product(Pass::left(go), {turned, CHUNK}, rows, P, dmix, CHUNK);
      float* dmeet = &dmeets[first * CHUNK];
      for (int t = 0; t < rows; t++) {
        const float *met = pass.meet(chunk) + t * CHUNK, *d = dmix + t * CHUNK;
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

      // all·S + Σ rest·Δ·B⊗x, whose slope is ds
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
      transpose({ds, P}, N, turned);
      product(Pass::left(v), {turned, N}, rows, P, made, N);
      for (int t = 0; t < rows; t++)
        for (int n = 0; n < N; n++)
          db[t * conv + n] += decay.rest[t] * decay.dt[t] * made[t * N + n];

      // kept·C·S + D·x
      transpose({before, P}, N, turned);
      product(Pass::left(go), {turned, N}, rows, P, made, N);
      for (int t = 0; t < rows; t++) {
        for (int n = 0; n < N; n++) dc[t * conv + n] += decay.kept[t] * made[t * N + n];
        dlog[t] += decay.kept[t] * dot(made + t * N, at(c, t));
        grad.d[head] += dot(at(go, t), at(v, t));
        for (int p = 0; p < P; p++) out[t * conv + p] += w.d[head] * at(go, t)[p];
      }
      for (int t = 0; t < rows; t++)
        for (int p = 0; p < P; p++) made[t * P + p] = decay.kept[t] * at(go, t)[p];
      for (int i = 0; i < STATE; i++) ds[i] *= decay.all;
      product(Pass::turned(c), {made, P}, N, rows, ds, P, true);

      // The logarithms are sums of Δ·A from the chunk's beginning on.
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

  void join(bf16* du) {
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

/** [conv][4] to [4][conv], so that channels lie beside each other. */
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
void norm_row(const float* x, const float* w, const float* b, int width, bf16* y, float* mean,
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
void norm_row_back(const float* x, const float* w, const bf16* dy, int width, float mean,
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
void mamba(const bf16* u, float* params, int batch, int length, int heads, bf16* out) {
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

/** Gradients by u and by the parameters, which are summed over the batch into dparams. */
void mamba_back(const bf16* u, float* params, const bf16* dout, int batch, int length, int heads,
                bf16* du, float* dparams) {
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

/** RMS norm (bias null) or layer norm of [rows][width]; keeps [rows][2] mean and scale. */
void norm(const float* x, const float* w, const float* b, int rows, int width, bf16* y,
          float* kept) {
#pragma omp parallel for schedule(static)
  for (int row = 0; row < rows; row++) {
    const size_t at = size_t(row) * width;
    const auto kernel = b ? norm_row<true> : norm_row<false>;
    kernel(x + at, w, b, width, y + at, kept + 2 * row, kept + 2 * row + 1);
  }
}

void norm_back(const float* x, const float* w, const bf16* dy, const float* kept, int rows,
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
