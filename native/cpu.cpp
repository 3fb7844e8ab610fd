#include "cpu.h"

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#endif

namespace vireo {

#if defined(__x86_64__)

struct Features {
  bool avx2 = false, avx512 = false, amx = false;
};

static uint64_t enabled_states() {
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return (uint64_t)high << 32 | low;
}

// The kernel hands out tile registers only on request, once per process.
static bool ask_for_tiles() {
#if defined(__linux__)
  constexpr long kRequestPermission = 0x1023, kTileData = 18;
  return syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

static Features detect() {
  Features f;
  uint32_t a, b, c, d, b7 = 0, c7 = 0, d7 = 0, a71 = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d)) return f;
  const uint32_t c1 = c;
  if (!(c1 & bit_OSXSAVE)) return f;
  if (__get_cpuid_count(7, 0, &a, &b, &c, &d)) b7 = b, c7 = c, d7 = d;
  if (__get_cpuid_count(7, 1, &a, &b, &c, &d)) a71 = a;
  const uint64_t states = enabled_states();
  const bool ymm = (states & 0x6) == 0x6, zmm = (states & 0xe6) == 0xe6,
             tiles = (states & 0x60000) == 0x60000;
  f.avx2 = ymm && (b7 >> 5 & 1) && (c1 >> 12 & 1) && (c1 >> 29 & 1);  // AVX2, FMA, F16C
  // F, DQ, BW, VL, VNNI
  f.avx512 = f.avx2 && zmm && (b7 >> 16 & 1) && (b7 >> 17 & 1) && (b7 >> 30 & 1) &&
             (b7 >> 31 & 1) && (c7 >> 11 & 1);
  // AMX tile, bf16, int8, and AVX512_BF16
  f.amx = f.avx512 && tiles && (d7 >> 24 & 1) && (d7 >> 22 & 1) && (d7 >> 25 & 1) &&
          (a71 >> 5 & 1) && ask_for_tiles();
  return f;
}

static const Features& features() {
  static const Features f = detect();
  return f;
}

std::vector<std::string> kernel_sets() {
  std::vector<std::string> names;
  if (features().amx) names.push_back("amx");
  if (features().avx512) names.push_back("avx512");
  if (features().avx2) names.push_back("avx2");
  names.push_back("scalar");
  return names;
}

bool kernel_table(const std::string& name, KernelTable& table) {
  if (name == "amx" && features().amx) table = kernels_amx();
  else if (name == "avx512" && features().avx512) table = kernels_avx512();
  else if (name == "avx2" && features().avx2) table = kernels_avx2();
  else if (name == "scalar") table = kernels_scalar();
  else return false;
  return true;
}

#else

std::vector<std::string> kernel_sets() {
#if defined(__ARM_NEON)
  return {"neon", "scalar"};
#else
  return {"scalar"};
#endif
}

bool kernel_table(const std::string& name, KernelTable& table) {
#if defined(__ARM_NEON)
  if (name == "neon") {
    table = kernels_neon();
    return true;
  }
#endif
  if (name != "scalar") return false;
  table = kernels_scalar();
  return true;
}

#endif

}  // namespace vireo
