// Shared by the native tests: numbers from a seed, memory that every run of a case starts from,
// and a tally.
#pragma once
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <deque>
#include <string>
#include <vector>

#include "../program.h"

namespace vireo::test {

// SplitMix64.
struct Random {
  uint64_t state;
  uint64_t next() {
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
  }
  int64_t below(int64_t limit) { return (int64_t)(next() % (uint64_t)limit); }
  // Between −1 and 1.
  float real() { return (float)(int64_t)(next() >> 40) / 8388608.0f - 1.0f; }
};

struct Tally {
  int passed = 0, failed = 0;
  void expect(bool right, const std::string& what) {
    ++(right ? passed : failed);
    if (!right) printf("FAILED: %s\n", what.c_str());
  }
};

// Operations over memory of their own, every array as long as the contract says and no longer.
class Case {
 public:
  Case(std::string name, double tolerance, uint64_t seed)
      : name(std::move(name)), tolerance(tolerance), random{seed} {}

  View matrix(int64_t rows, int64_t cols, int64_t gap = 0) {
    const int64_t stride = cols + gap;
    return {numbers((rows - 1) * stride + cols), rows, cols, stride};
  }
  View result(int64_t rows, int64_t cols, int64_t gap = 0) {
    const View v = matrix(rows, cols, gap);
    results.push_back((int)floats_.size() - 1);
    return v;
  }
  float* numbers(int64_t count, float scale = 1.0f, float offset = 0.0f) {
    std::vector<float>& v = floats_.emplace_back((size_t)count);
    for (float& x : v) x = random.real() * scale + offset;
    return v.data();
  }
  uint8_t* bytes(int64_t count) { return bytes_.emplace_back((size_t)count).data(); }
  int32_t* words(std::vector<int32_t> values) {
    return words_.emplace_back(std::move(values)).data();
  }
  Span* spans(std::vector<Span> values) { return spans_.emplace_back(std::move(values)).data(); }

  // Runs all operations from the same beginning, scratch and caches full of NaN; returns every
  // number that they change.
  std::vector<float> run(const KernelTable& table, Pool& pool) {
    if (start_.empty()) start_ = floats_;
    for (size_t i = 0; i < floats_.size(); ++i)
      memcpy(floats_[i].data(), start_[i].data(), floats_[i].size() * sizeof(float));
    for (std::vector<uint8_t>& b : bytes_)
      if (!kept(b.data())) memset(b.data(), 0xff, b.size());
    execute(ops, table, pool);
    std::vector<float> all;
    for (const int i : results) all.insert(all.end(), floats_[i].begin(), floats_[i].end());
    return all;
  }
  // Bytes that are input, not scratch.
  uint8_t* keep(uint8_t* p) {
    kept_.push_back(p);
    return p;
  }

  const std::string name;
  const double tolerance;
  double amx_tolerance = 0.0;
  Random random;
  std::vector<Op> ops;
  std::vector<int> results;

 private:
  bool kept(const uint8_t* p) const {
    for (const uint8_t* k : kept_)
      if (k == p) return true;
    return false;
  }

  std::deque<std::vector<float>> floats_, start_;
  std::deque<std::vector<uint8_t>> bytes_;
  std::deque<std::vector<int32_t>> words_;
  std::deque<std::vector<Span>> spans_;
  std::vector<const uint8_t*> kept_;
};

// Largest difference, as a share of the largest number expected; infinite where one is NaN alone.
inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
  double widest = 1e-30, largest = 0.0;
  for (const float x : b) widest = fmax(widest, fabs((double)x));
  for (size_t i = 0; i < b.size(); ++i) {
    const double d = fabs((double)a[i] - (double)b[i]);
    if (memcmp(&a[i], &b[i], 4) != 0) largest = d == d ? fmax(largest, d) : INFINITY;
  }
  return largest / widest;
}
inline bool identical(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

// Every kernel's cases (cases.cpp).
std::vector<Case*> all_cases();
// Programs that decode() must accept or refuse, and nothing else (programs.cpp).
void check_programs(Tally&);

}  // namespace vireo::test
