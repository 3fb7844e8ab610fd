// Mamba-2 mixing and the two norms with their gradients, fused, for training on a CPU.
//
// Plain loops over contiguous floats that the compiler turns into vectors. One sequence of a batch
// is one piece of work; every thread sums the gradients of parameters apart, in a fixed order of
// threads at the end. The same formulas in PyTorch stand in network.py, which tests compare.

#include <omp.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

namespace {

using bf16 = uint16_t;
constexpr int P = 64;         // width of a head
constexpr int N = 64;         // state size; one group
constexpr int STATE = N * P;  // laid out [N][P]
constexpr int CHUNK = 64;     // states are kept at these distances, and made again between them
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
  std::vector<float> dt, keep;  // [length][heads]: Δ and exp(Δ·A)
  std::vector<float> states;  // [chunks][heads][STATE] at the start of each chunk

  explicit Pass(Shape s) : shape(s) {
    const size_t rows = s.length, chunks = (s.length + CHUNK - 1) / CHUNK;
    raw.resize((rows + 3) * s.conv());
    before.resize(rows * s.conv());
    x.resize(rows * s.conv());
    z.resize(rows * s.inner());
    y.resize(rows * s.inner());
    dt.resize(rows * s.heads);
    keep.resize(rows * s.heads);
    states.resize(chunks * s.heads * STATE);
  }

  void run(const bf16* u, const Params& w, const float* taps) {
    split(u, w);
    convolve(w, taps);
    for (int head = 0; head < shape.heads; head++) scan(head, w);
  }

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
        keep[t * heads + h] = std::exp(-std::exp(w.a_log[h]) * step);
      }
    }
  }

  void convolve(const Params& w, const float* taps) {
    const int conv = shape.conv();
    for (int t = 0; t < shape.length; t++) {
      const float* in = &raw[t * conv];
      float *pre = &before[t * conv], *out = &x[t * conv];
      for (int i = 0; i < conv; i++) {
        const float v = w.conv_bias[i] + taps[i] * in[i] + taps[conv + i] * in[conv + i] +
                        taps[2 * conv + i] * in[2 * conv + i] +
                        taps[3 * conv + i] * in[3 * conv + i];
        pre[i] = v;
        out[i] = v * sigmoid(v);
      }
    }
  }

  /** S ← keep·S + Δ·B⊗x; y = C·S + D·x. */
  void scan(int head, const Params& w) {
    alignas(64) float s[STATE] = {};
    const int inner = shape.inner(), conv = shape.conv();
    for (int t = 0; t < shape.length; t++) {
      if (t % CHUNK == 0) std::memcpy(state(t / CHUNK, head), s, sizeof s);
      const float *row = &x[t * conv], *values = row + head * P;
      step(s, values, row + inner, dt[t * shape.heads + head], keep[t * shape.heads + head], s);
      float* out = &y[t * inner + head * P];
      const float* c = row + inner + N;
      alignas(64) float sum[P];
      for (int p = 0; p < P; p++) sum[p] = w.d[head] * values[p];
      for (int n = 0; n < N; n++)
        for (int p = 0; p < P; p++) sum[p] += c[n] * s[n * P + p];
      std::memcpy(out, sum, sizeof sum);
    }
  }

  static void step(const float* from, const float* values, const float* b, float step, float keep,
                   float* to) {
    alignas(64) float scaled[P];
    for (int p = 0; p < P; p++) scaled[p] = step * values[p];
    for (int n = 0; n < N; n++)
      for (int p = 0; p < P; p++) to[n * P + p] = keep * from[n * P + p] + b[n] * scaled[p];
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
  std::vector<float> states;    // [CHUNK + 1][STATE] of one chunk of one head

  Back(Pass& p, const Params& weights, Params gradients)
      : pass(p), shape(p.shape), w(weights), grad(gradients) {
    const size_t rows = shape.length;
    dy.resize(rows * shape.inner());
    dz.resize(rows * shape.inner());
    dx.assign(rows * shape.conv(), 0);
    ddt.assign(rows * shape.heads, 0);
    draw.assign((rows + 3) * shape.conv(), 0);
    states.resize(size_t(CHUNK + 1) * STATE);
  }

  void run(const bf16* dout, const float* taps, float* dtaps, bf16* du) {
    gate(dout);
    for (int head = 0; head < shape.heads; head++) scan(head);
    convolve(taps, dtaps);
    join(du);
  }

  void gate(const bf16* dout) {
    const int inner = shape.inner();
    std::vector<float> g(inner), dn(inner), sig(inner);
    for (int t = 0; t < shape.length; t++, dout += inner) {
      const float *z = &pass.z[t * inner], *y = &pass.y[t * inner];
      float squares = 0, along = 0;
      for (int i = 0; i < inner; i++) {
        sig[i] = sigmoid(z[i]);
        g[i] = y[i] * z[i] * sig[i];
        squares += g[i] * g[i];
      }
      const float scale = 1.f / std::sqrt(squares / inner + RMS_NORM_EPS);
      for (int i = 0; i < inner; i++) {
        const float d = wide(dout[i]);
        grad.norm[i] += d * g[i] * scale;
        dn[i] = d * w.norm[i];
        along += dn[i] * g[i];
      }
      const float pull = along / inner * scale * scale * scale;
      for (int i = 0; i < inner; i++) {
        const float dg = scale * dn[i] - pull * g[i];
        dy[t * inner + i] = dg * z[i] * sig[i];
        dz[t * inner + i] = dg * y[i] * silu_slope(z[i], sig[i]);
      }
    }
  }

  void scan(int head) {
    alignas(64) float ds[STATE] = {};
    const int last = (shape.length + CHUNK - 1) / CHUNK - 1;
    for (int chunk = last; chunk >= 0; chunk--) {
      const int begin = chunk * CHUNK, end = std::min(shape.length, begin + CHUNK);
      std::memcpy(states.data(), pass.state(chunk, head), STATE * sizeof(float));
      for (int t = begin; t < end; t++) {
        const float* row = &pass.x[t * shape.conv()];
        const int at = t * shape.heads + head;
        Pass::step(state(t - begin), row + head * P, row + shape.inner(), pass.dt[at],
                   pass.keep[at], state(t - begin + 1));
      }
      for (int t = end - 1; t >= begin; t--) back(head, t, state(t - begin), ds);
    }
  }

  float* state(int i) { return &states[size_t(i) * STATE]; }

  /** One token: before holds S of the token before, before + STATE the one after this token. */
  void back(int head, int t, const float* before, float* ds) {
    const int inner = shape.inner(), conv = shape.conv(), at = t * shape.heads + head;
    const float *row = &pass.x[t * conv], *x = row + head * P, *b = row + inner, *c = b + N;
    const float* dout = &dy[t * inner + head * P];
    const float step = pass.dt[at], keep = pass.keep[at];
    float *out = &dx[t * conv], *db = out + inner, *dc = db + N;
    alignas(64) float dscaled[P] = {}, kept[P] = {}, scaled[P], go[P];
    for (int p = 0; p < P; p++) scaled[p] = step * x[p], go[p] = dout[p];
    for (int n = 0; n < N; n++) {
      const float *old = before + n * P, *now = old + STATE;
      float* d = ds + n * P;
      float to_b = 0, to_c = 0;
      for (int p = 0; p < P; p++) {
        const float v = d[p] + c[n] * go[p];
        to_c += now[p] * go[p];
        to_b += v * scaled[p];
        dscaled[p] += v * b[n];
        kept[p] += v * old[p];
        d[p] = keep * v;
      }
      db[n] += to_b;
      dc[n] += to_c;
    }
    float dstep = 0, dkeep = 0, dd = 0;
    for (int p = 0; p < P; p++) {
      out[head * P + p] += step * dscaled[p] + w.d[head] * go[p];
      dstep += dscaled[p] * x[p];
      dkeep += kept[p];
      dd += go[p] * x[p];
    }
    const float a = -std::exp(w.a_log[head]);
    ddt[at] = dstep + dkeep * keep * a;
    grad.a_log[head] += dkeep * keep * step * a;
    grad.d[head] += dd;
  }

  void convolve(const float* taps, float* dtaps) {
    const int conv = shape.conv();
    for (int t = 0; t < shape.length; t++) {
      const float *pre = &pass.before[t * conv], *in = &pass.raw[t * conv];
      float *d = &dx[t * conv], *out = &draw[t * conv];
      for (int i = 0; i < conv; i++) {
        const float g = d[i] * silu_slope(pre[i], sigmoid(pre[i]));
        d[i] = g;
        grad.conv_bias[i] += g;
      }
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
