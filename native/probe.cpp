#include "probe.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "cpu.h"
#include "layout.h"
#include "memory.h"
#include "kernels/probe-loops.h"

namespace vireo {

static double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

static double (*loop_of(const std::string& what))(int64_t) {
#if defined(__x86_64__)
  const std::vector<std::string> sets = kernel_sets();
  auto has = [&](const char* set) {
    return std::find(sets.begin(), sets.end(), set) != sets.end();
  };
  if (what == "amx-bf16" && has("amx")) return probe_amx_bf16;
  if (what == "amx-int8" && has("amx")) return probe_amx_int8;
  if (what == "avx512-f32" && has("avx512")) return probe_avx512_f32;
  if (what == "avx512-int8" && has("avx512")) return probe_avx512_int8;
#endif
  (void)what;
  return nullptr;
}

// One product on weights in the cache: everything it touches, and the call.
class CachedProduct {
 public:
  explicit CachedProduct(int format) {
    constexpr int64_t kRows = 256, kK = 1280, kN = 640;
    const int64_t packed = packed_bytes(format, kN, kK);
    uint8_t* weights = take((size_t)packed);
    for (int64_t i = 0; i < packed; ++i) weights[i] = (uint8_t)(i * 37 % 251);
    for (int64_t i = 1; format == kBf16 && i < packed; i += 2) weights[i] = 0x3c | (i & 0x80);
    float* scales = (float*)(weights + packed - kN * 4);
    for (int64_t i = 0; i < kN; ++i) scales[i] = 1.0f;
    const int64_t strip = strip_bytes(format, kK);  // one block: its scales end the strip
    for (int64_t n = 0; format == kInt8 && n < kN; n += 16)
      for (int64_t i = 0; i < 16; ++i)
        ((float*)(weights + (n / 16 + 1) * strip - kScaleBytes))[i] = 0.01f;
    float* x = (float*)take(kRows * kK * 4);
    for (int64_t i = 0; i < kRows * kK; ++i) x[i] = (float)(i * 7919 % 1000) / 500.0f - 1.0f;
    float* y = (float*)take(kRows * kN * 4);
    const int64_t shared = round_up(matmul_scratch_bytes(kRows, kK), 64);
    uint8_t* scratch = take((size_t)(shared + matmul_part_bytes(kRows)));
    args_ = {{x, kRows, kK, kK},
             {y, kRows, kN, kN},
             {weights, scales, format, kN, kK},
             nullptr,
             0,
             0,
             0,
             scratch};
  }
  void prepare(const KernelTable& table) const { table.matmul_prepare(args_, 0, 1); }
  double run(const KernelTable& table) const {
    table.matmul(args_, 0, 1);
    return 2.0 * (double)args_.x.rows * args_.w.k * args_.w.n;
  }

 private:
  uint8_t* take(size_t bytes) {
    std::string error;
    const int id = memory_.allocate(bytes, error);
    return id < 0 ? nullptr : memory_.at(id, 0, bytes);
  }
  Memory memory_;
  MatmulArgs args_;
};

constexpr int kRuns = 200;
constexpr size_t kReadBytes = 96u << 20;

static double probe_product(int format, const KernelTable& table, Pool& pool) {
  std::vector<std::unique_ptr<CachedProduct>> products;
  for (int part = 0; part < pool.size(); ++part) {
    products.push_back(std::make_unique<CachedProduct>(format));
    products.back()->prepare(table);
  }
  double best = 0;
  for (int i = 0; i < kRuns * 4; ++i) {
    double work[kMaxParts] = {};
    const double start = seconds();
    pool.run([&](int part, int) { work[part] = products[(size_t)part]->run(table); });
    const double time = seconds() - start;
    double total = 0;
    for (int part = 0; part < pool.size(); ++part) total += work[part];
    best = std::max(best, total / time);
  }
  return best;
}

double probe(const std::string& what, const KernelTable& table, Pool& pool) {
  if (what == "matmul-bf16") return probe_product(kBf16, table, pool);
  if (what == "matmul-int8") return probe_product(kInt8, table, pool);
  double (*const loop)(int64_t) = loop_of(what);
  std::vector<uint8_t> memory;
  if (what == "read") memory.assign(kReadBytes, 1);
  else if (!loop) return -1;
  double best = 0;
  for (int i = 0; i < kRuns; ++i) {
    double work[kMaxParts] = {};
    const double start = seconds();
    pool.run([&](int part, int parts) {
      if (loop) {
        work[part] = loop(20000);
        return;
      }
      // a different 8 MiB each time, so that no cache below the last one holds it
      const size_t size = (8u << 20) / (size_t)parts,
                   from = ((size_t)i * (8u << 20) + (size_t)part * size) % (kReadBytes - size);
      work[part] = probe_read(memory.data() + from / 64 * 64, size);
    });
    const double time = seconds() - start;
    double total = 0;
    for (int part = 0; part < pool.size(); ++part) total += work[part];
    best = std::max(best, total / time);
  }
  return best;
}

}  // namespace vireo
