// Every kernel of every set that this CPU has against the scalar set; sampling, resizing, the pool,
// the queue and the decoder of programs.      kernels [all | kernels | programs]
#include <atomic>
#include <memory>

#include "../cpu.h"
#include "../engine.h"
#include "../resize.h"
#include "check.h"

namespace vireo::test {

namespace {

void check_set(const std::string& set, const std::vector<Case*>& cases,
               const std::vector<std::vector<float>>& expected, Tally& tally) {
  KernelTable table;
  if (!kernel_table(set, table)) return tally.expect(false, "no kernel set " + set);
  Pool one(1), two(2), three(3);
  double farthest = 0.0;
  const int before = tally.failed;
  for (size_t i = 0; i < cases.size(); ++i) {
    Case& c = *cases[i];
    const bool loose = set == "amx" && c.amx_tolerance > 0.0;
    const double most = loose ? c.amx_tolerance : c.tolerance;
    const std::vector<float> alone = c.run(table, one);
    const double found = distance(alone, expected[i]);
    if (!loose) farthest = fmax(farthest, found);
    char text[200];
    snprintf(text, sizeof text, "%s: %s is %.2e off, more than %.2e", set.c_str(), c.name.c_str(),
             found, most);
    tally.expect(found <= most, text);
    tally.expect(identical(c.run(table, two), alone), set + ": " + c.name + " with two threads");
    tally.expect(identical(c.run(table, three), alone),
                 set + ": " + c.name + " with three threads");
  }
  printf("%-7s %zu cases with 1, 2 and 3 threads, %d failed, at most %.1e off\n", set.c_str(),
         cases.size(), tally.failed - before, farthest);
}

void check_kernels(Tally& tally) {
  const std::vector<Case*> cases = all_cases();
  Pool one(1);
  std::vector<std::vector<float>> expected;
  for (Case* c : cases) expected.push_back(c->run(kernels_scalar(), one));
  for (const std::string& set : kernel_sets()) check_set(set, cases, expected, tally);
  for (Case* c : cases) delete c;
}

// ---- sampling
// ------------------------------------------------------------------------------------

int32_t bits_of(float x) {
  int32_t bits;
  memcpy(&bits, &x, 4);
  return bits;
}

void check_sample(Tally& tally) {
  constexpr int kRows = 7, kVocabulary = 333, kColumns = 2 + 2 * 5;
  constexpr int kAllowed = (kVocabulary + 31) / 32;
  // Whole words, none, and every other token.
  const std::vector<uint32_t> allowed = {0,           0xffffffffu, 0xaaaaaaaau, 0,
                                         0xffffffffu, 0x55555555u, 0,           0x80000001u,
                                         0,           0xffffffffu, 0x1000u};
  const auto masked = [](int row) { return row % 2 == 1; };
  Case c("sample", 0.0, 11);
  const View logits = c.matrix(kRows, kVocabulary, 1);
  std::vector<int32_t> params(kRows);
  for (int row = 0; row < kRows; ++row) {
    params[(size_t)row] = (int32_t)params.size();
    const bool greedy = row < 2;
    const std::vector<int32_t> block = {bits_of(greedy ? 0.0f : 0.3f * (float)row),
                                        bits_of(row == 3 ? 0.5f : 1.0f),
                                        row == 4 ? 3 : 0,
                                        bits_of(row == 5   ? 0.1f
                                                : row == 6 ? 3.0f
                                                           : 0.0f),
                                        bits_of(1.3f),
                                        bits_of(0.2f),
                                        bits_of(0.1f),
                                        bits_of(0.37f * (float)(row % 3)),
                                        5,
                                        row < 2 ? 0 : 2,
                                        row < 2 ? 0 : 1,
                                        masked(row) ? kAllowed : 0,
                                        7,
                                        2,
                                        12,
                                        0,
                                        30,
                                        bits_of(0.5f)};
    params.insert(params.end(), block.begin(), block.begin() + (row < 2 ? 12 : 18));
    if (masked(row)) params.insert(params.end(), allowed.begin(), allowed.end());
  }
  SampleArgs args = {logits, c.result(kRows, kColumns, 1), c.words(params)};
  c.ops.push_back(args);
  Pool one(1), two(2), three(3);
  const std::vector<float> alone = c.run(kernels_scalar(), one);
  tally.expect(identical(c.run(kernels_scalar(), two), alone), "sample with two threads");
  tally.expect(identical(c.run(kernels_scalar(), three), alone), "sample with three threads");
  int best = 0, best_allowed = -1;
  double total = 0.0;
  for (int i = 0; i < kVocabulary; ++i) {
    if (logits.data[i] > logits.data[best]) best = i;
    total += exp((double)logits.data[i]);
    const float* next = logits.data + logits.stride;
    const bool may = allowed[(size_t)i / 32] >> (i % 32) & 1u;
    if (may && (best_allowed < 0 || next[i] > next[best_allowed])) best_allowed = i;
  }
  tally.expect(alone[(size_t)args.y.stride] == (float)best_allowed,
               "sample: greedy takes the largest that is allowed");
  tally.expect(alone[0] == (float)best && alone[2] == (float)best,
               "sample: greedy takes the largest");
  tally.expect(fabs(alone[1] - (logits.data[best] - log(total))) < 1e-5, "sample: log probability");
  for (int row = 0; row < kRows; ++row) {
    const float* y = alone.data() + row * args.y.stride;
    tally.expect(y[0] >= 0.0f && y[0] < (float)kVocabulary && y[1] <= 0.0f, "sample: a token");
    const uint32_t token = (uint32_t)y[0];
    tally.expect(!masked(row) || (allowed[token / 32] >> (token % 32) & 1u),
                 "sample: an allowed token");
    for (int i = 0; i < 4; ++i) tally.expect(y[3 + 2 * i] >= y[5 + 2 * i], "sample: best first");
  }
}

// ---- resizing
// ------------------------------------------------------------------------------------

struct Axis {
  std::vector<int32_t> starts, counts, weights;
  ResizeAxis axis;
  // A box of up to four inputs with weights that add up to one.
  Axis(int from, int to) : weights((size_t)to * 4) {
    for (int i = 0; i < to; ++i) {
      const int start = i * from / to, count = from - start < 4 ? from - start : 4;
      starts.push_back(start), counts.push_back(count);
      for (int k = 0; k < count; ++k) weights[(size_t)i * 4 + (size_t)k] = (1 << 22) / count;
    }
    axis = {starts.data(), counts.data(), weights.data(), 4, to};
  }
};

void check_resize(Tally& tally) {
  Random random = {5};
  for (const int parts : {1, 2, 3})
    for (const int width : {1, 17, 400}) {
      const int height = 13, wide = width * 2 + 1, tall = 7;
      std::vector<uint8_t> rgb((size_t)width * height * 3), middle((size_t)wide * height * 3);
      std::vector<uint8_t> out((size_t)wide * tall * 3);
      for (uint8_t& x : rgb) x = (uint8_t)random.next();
      const Axis across(width, wide), down(height, tall);
      const ResizeArgs a = {rgb.data(), middle.data(), out.data(), width,
                            height,     across.axis,   down.axis};
      for (int part = 0; part < parts; ++part) resize_horizontal(a, part, parts);
      for (int part = 0; part < parts; ++part) resize_vertical(a, part, parts);
      bool right = true;
      for (int y = 0; y < tall; ++y)
        for (int i = 0; i < wide * 3; ++i) {
          int64_t sum = 1 << 21;
          for (int t = 0; t < down.counts[(size_t)y]; ++t)
            sum += (int64_t)down.weights[(size_t)y * 4 + (size_t)t] *
                   middle[(size_t)(down.starts[(size_t)y] + t) * wide * 3 + (size_t)i];
          right = right && out[(size_t)y * wide * 3 + (size_t)i] == (uint8_t)(sum >> 22);
        }
      tally.expect(right, "resize of " + std::to_string(width));
    }
}

// ---- threads
// -------------------------------------------------------------------------------------

void check_pool(Tally& tally) {
  for (const int threads : {1, 2, 3}) {
    Pool pool(threads);
    std::vector<int> seen((size_t)threads);
    for (int round = 0; round < 300; ++round)
      pool.run([&](int part, int parts) { seen[(size_t)part] += parts; });
    bool right = pool.size() == threads;
    for (const int count : seen) right = right && count == 300 * threads;
    tally.expect(right, "pool of " + std::to_string(threads));
  }
}

void check_engine(Tally& tally) {
  std::vector<int> order;
  std::vector<std::string> answers;
  {
    Engine engine(kernels_scalar(), 2);
    for (int i = 0; i < 200; ++i)
      engine.submit([&order, i] { return order.push_back(i), i % 7 ? "" : "seven"; },
                    [&answers](std::string text) { answers.push_back(std::move(text)); });
  }  // what is queued is finished first
  bool right = order.size() == 200 && answers.size() == 200;
  for (size_t i = 0; right && i < 200; ++i)
    right = order[i] == (int)i && answers[i] == (i % 7 ? "" : "seven");
  tally.expect(right, "engine: work in order, each with its answer");
  std::string error;
  Memory memory;
  const int id = memory.allocate(100, error);
  tally.expect(memory.at(id, 96, 4) && !memory.at(id, 97, 4) && !memory.at(id + 1, 0, 1),
               "memory: bounds");
  tally.expect(!memory.at(id, ~0ull, 2) && !memory.at(id, 1, ~0ull),
               "memory: sums that wrap round");
  memory.release(id);
  tally.expect(!memory.at(id, 0, 1), "memory: released");
}

}  // namespace
}  // namespace vireo::test

int main(int count, char** words) {
  using namespace vireo::test;
  const std::string what = count > 1 ? words[1] : "all";
  vireo::flush_subnormals();
  Tally tally;
  if (what != "programs") {
    check_kernels(tally);
    check_sample(tally);
    check_resize(tally);
    check_pool(tally);
    check_engine(tally);
  }
  if (what != "kernels") check_programs(tally);
  printf("%d passed, %d failed\n", tally.passed, tally.failed);
  return tally.failed == 0 ? 0 : 1;
}
