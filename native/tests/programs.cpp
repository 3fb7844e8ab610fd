// Programs for decode(): every operation as it should be, then the same words with some of them
// changed. Whatever the words are, decode() says yes or gives a reason; and what it accepts runs
// without leaving its buffers.
#include <sys/mman.h>

#include <algorithm>
#include <memory>

#include "../layout.h"
#include "check.h"

namespace vireo::test {

namespace {

constexpr int kCases = 20000;
constexpr size_t kArenaBytes = 4 << 20, kGuardBytes = 16 << 20;
// Two pages of two heads of 16 numbers in bf16.
constexpr size_t kCacheBytes = 2 * 2 * 16 * kPageRows * 2;
constexpr int kRows = 6;

void* guard() { return mmap(nullptr, kGuardBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }

// Memory between pages that nobody may touch, as far as the system places them side by side.
struct Arena {
  Memory memory;
  std::vector<MatrixRecord> matrices;
  int buffer = -1, keys = -1, values = -1;
  uint64_t used = 0;
  void *above, *below;

  explicit Arena(Tally& tally) {
    std::string error;
    above = guard();
    buffer = memory.allocate(kArenaBytes, error);
    below = guard();
    keys = memory.allocate(kCacheBytes, error);
    values = memory.allocate(kCacheBytes, error);
    tally.expect(buffer >= 0 && keys >= 0 && values >= 0, "reserving memory: " + error);
  }
  ~Arena() {
    munmap(above, kGuardBytes);
    munmap(below, kGuardBytes);
  }
  // Offset in floats.
  int32_t take(int64_t bytes) {
    const uint64_t at = used;
    used += (uint64_t)round_up(bytes, 64);
    return (int32_t)(at / 4);
  }
  int32_t add_matrix(int32_t format, int32_t n, int32_t k) {
    matrices.push_back({buffer, (uint64_t)take(packed_bytes(format, n, k)) * 4, format, n, k});
    return (int32_t)matrices.size() - 1;
  }
};

// Writes one program the way the JavaScript side does.
class Writer {
 public:
  explicit Writer(Arena& arena) : arena_(arena) {}

  void begin(const char* name) {
    const std::vector<std::string>& names = op_names();
    start_ = ops.size();
    ops.push_back((int32_t)(std::find(names.begin(), names.end(), name) - names.begin()));
    ops.push_back(0);
  }
  void end() { ops[start_ + 1] = (int32_t)(ops.size() - start_); }
  void words(std::initializer_list<int32_t> values) { ops.insert(ops.end(), values); }
  void real(float x) {
    int32_t bits;
    memcpy(&bits, &x, 4);
    ops.push_back(bits);
  }
  void view(int32_t rows, int64_t cols) {
    const int32_t width = (int32_t)cols;
    words({arena_.buffer, arena_.take(rows * cols * 4), rows, width, width});
  }
  void scratch(int64_t bytes) { words({arena_.buffer, arena_.take(bytes)}); }
  // `units` of equally many words each.
  void list(const std::vector<int32_t>& values, int32_t units) {
    words({units, (int32_t)data.size()});
    data.insert(data.end(), values.begin(), values.end());
  }
  // Two sequences, the second going on at position 5.
  void batch() {
    list({0, 4, 0, 1, 0, 4, 2, 5, 0, 1}, 2);
    list({1, 0}, 2);
  }

  std::vector<int32_t> ops, data;

 private:
  Arena& arena_;
  size_t start_ = 0;
};

void write_products(Writer& w, Arena& arena) {
  for (const int32_t format : {kBf16, kNvfp4, kInt4}) {
    w.begin("matmul");
    w.view(kRows, 64), w.view(kRows, 24);
    w.words({arena.add_matrix(format, 24, 64), 1}), w.view(1, 24), w.words({1, 0, 0});
    w.scratch(round_up(matmul_scratch_bytes(kRows, 64), 64) +
              round_up(matmul_part_bytes(kRows), 64));
    w.end();
  }
}

void write_norms(Writer& w) {
  w.begin("rmsNorm"), w.view(kRows, 24), w.view(kRows, 24), w.view(1, 24), w.real(1e-5f), w.end();
  w.begin("layerNorm"), w.view(kRows, 24), w.view(kRows, 24), w.view(1, 24), w.view(1, 24);
  w.real(1e-5f), w.end();
  w.begin("gatedNorm"), w.view(kRows, 24), w.view(kRows, 24), w.view(kRows, 24), w.view(1, 24);
  w.words({4}), w.real(1e-5f), w.end();
  w.begin("add"), w.view(kRows, 24), w.view(kRows, 24), w.end();
}

void write_sequences(Writer& w, const Arena& arena) {
  w.begin("conv1d"), w.view(kRows, 24), w.view(kRows, 24);
  w.view(4, 24), w.view(1, 24), w.view(2, 3 * 24), w.batch(), w.end();
  const int heads = 4, width = 6, groups = 2, n = 8;
  w.begin("ssmScan"), w.view(kRows, heads * width), w.view(kRows, groups * n),
      w.view(kRows, groups * n);
  w.view(kRows, heads), w.view(kRows, heads * width);
  w.view(1, heads), w.view(1, heads), w.view(1, heads), w.view(2, heads * n * 16);
  w.view(2, kScanChunk * scan_tail_width(heads, width, groups, n)), w.words({heads, groups, n});
  w.scratch((2 * kRows * heads + scan_scratch_floats(width, n)) * 4), w.batch(), w.end();
  w.begin("attention"), w.view(kRows, 4 * 16), w.view(kRows, 2 * 16), w.view(kRows, 2 * 16);
  w.view(kRows, 4 * 16), w.words({2, 2, 16, 0, arena.keys, arena.values}), w.real(0.25f);
  w.words({1}), w.batch(), w.end();
  w.begin("rope"), w.view(kRows, 24), w.view(kRows, 24), w.view(5, 8);
  w.list({0, 4, 1, 1, 2, 3}, kRows), w.end();
  w.begin("swiglu"), w.view(kRows, 24), w.view(kRows, 24), w.view(kRows, 24), w.end();
  w.begin("meanRows"), w.view(kRows, 24), w.view(2, 24), w.batch(), w.end();
}

void write_vision(Writer& w) {
  w.begin("tileAttention"), w.view(kRows, 3 * 2 * 8), w.view(kRows, 2 * 8), w.words({3, 2, 0});
  w.real(0.3f), w.scratch(tile_attention_scratch_bytes(3, 8)), w.end();
  w.begin("patchify"), w.view(2, 3 * 64), w.view(8, 3 * 16), w.words({8, 4}), w.end();
  w.begin("tileTokens"), w.view(8, 12), w.view(2, 12), w.view(4, 12), w.view(12, 12), w.end();
  w.begin("pixelShuffle"), w.view(12, 12), w.view(2, 48), w.words({2, 2}), w.end();
}

void write_tokens(Writer& w, Arena& arena) {
  const int32_t offset64 = arena.take(30 * 24 * 2) / 16;
  w.begin("embed"), w.view(kRows, 24), w.words({arena.buffer, offset64, 30});
  w.list({0, 29, 3, 3, 7, 1}, kRows), w.end();
  w.begin("gatherRows"), w.view(8, 24), w.view(kRows, 24);
  w.list({7, 0, 1, 1, 2, 6}, kRows), w.end();
  w.begin("scatterRows"), w.view(8, 24), w.view(kRows, 24);
  w.list({7, 0, 1, 3, 2, 6}, kRows), w.end();
  w.begin("sample"), w.view(2, 50), w.view(2, 6);
  const int32_t one = 0x3f800000, half = 0x3f000000;
  const std::vector<int32_t> params = {
      2,    16,     one, half, 5,   0,    one, 0,    0, half, 2, 0, 0, 2, 0x2a, 0x7,   // row 0
      half, one,    0,   half, one, half, 0,   half, 1, 1,    1, 2, 7, 1, 9,    half,  // row 1
      -1,   0x3ffff};
  w.list(params, (int32_t)params.size()), w.end();
}

int32_t odd_word(Random& random, int32_t word) {
  switch (random.below(8)) {
    case 0: return (int32_t)random.next();
    case 1: return word ^ (int32_t)(1u << random.below(32));
    case 2: return (int32_t)((uint32_t)word + (uint32_t)random.below(9) - 4u);
    case 3: return (int32_t)random.below(20) - 2;
    case 4: return INT32_MAX - (int32_t)random.below(3);
    case 5: return INT32_MIN + (int32_t)random.below(3);
    case 6: return (int32_t)(1u << random.below(31));
    default: return (int32_t)((uint32_t)word * 2u);
  }
}

// The words of a run of whole operations, then a few of them changed, or the end cut off.
std::vector<int32_t> changed(Random& random, std::vector<int32_t> words) {
  if (words.empty()) return words;
  for (int64_t left = random.below(4); left >= 0; --left) {
    int32_t& word = words[(size_t)random.below((int64_t)words.size())];
    word = odd_word(random, word);
  }
  if (random.below(10) == 0) words.resize((size_t)random.below((int64_t)words.size()));
  return words;
}

std::vector<int32_t> some_operations(Random& random, const std::vector<int32_t>& ops) {
  std::vector<int32_t> chosen;
  for (size_t at = 0; at < ops.size(); at += (size_t)ops[at + 1])
    if (random.below(8) == 0)
      chosen.insert(chosen.end(), ops.begin() + (long)at, ops.begin() + (long)at + ops[at + 1]);
  return chosen;
}

// Arrays of exactly that many words, so that the sanitizer sees a read beyond them.
struct Exact {
  std::unique_ptr<int32_t[]> ops, data;
  ProgramInput input;
  Exact(const std::vector<int32_t>& a, const std::vector<int32_t>& b)
      : ops(new int32_t[a.size()]),
        data(new int32_t[b.size()]),
        input{ops.get(), data.get(), (int64_t)a.size(), (int64_t)b.size()} {
    std::copy(a.begin(), a.end(), ops.get());
    std::copy(b.begin(), b.end(), data.get());
  }
};

}  // namespace

void check_programs(Tally& tally) {
  Arena arena(tally);
  Writer w(arena);
  write_products(w, arena), write_norms(w), write_sequences(w, arena), write_vision(w),
      write_tokens(w, arena);
  tally.expect(arena.used <= kArenaBytes, "programs: the arena is large enough");
  Pool pool(1);
  {
    std::vector<Op> ops;
    std::string error;
    const Exact words(w.ops, w.data);
    const bool fine = decode(words.input, {arena.memory, arena.matrices, 1}, ops, error);
    tally.expect(fine && error.empty() && ops.size() == 21, "programs: a good one: " + error);
    if (!fine) return;
    execute(ops, kernels_scalar(), pool);
  }
  Random random = {2026};
  int accepted = 0;
  for (int i = 0; i < kCases; ++i) {
    const std::vector<int32_t> whole = some_operations(random, w.ops);
    const bool data_too = random.below(3) == 0;
    const Exact words(data_too && random.below(2) ? whole : changed(random, whole),
                      data_too ? changed(random, w.data) : w.data);
    std::vector<Op> ops;
    std::string error;
    const bool fine = decode(words.input, {arena.memory, arena.matrices, 1}, ops, error);
    tally.expect(fine == error.empty(), "programs: a yes without an error, a no with one");
    if (!fine) continue;
    ++accepted;
    execute(ops, kernels_scalar(), pool);
  }
  printf("programs %d cases, %d of them accepted and run\n", kCases, accepted);
}

}  // namespace vireo::test
