#include "probe.h"

#include <string.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "cpu.h"
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

constexpr int kRuns = 200;
constexpr size_t kReadBytes = 96u << 20;

double probe(const std::string& what, Pool& pool) {
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
