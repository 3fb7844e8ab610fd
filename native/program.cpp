#include "program.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "layout.h"
#include "operand-reader.h"

namespace vireo {

namespace {

// Bounds the sizes that an operation names, so that no product of them overflows before it is
// compared.
constexpr int32_t kMaxSize = 1 << 20;
bool sizes_fit(std::initializer_list<int32_t> sizes) {
  return std::all_of(sizes.begin(), sizes.end(), [](int32_t x) { return x > 0 && x <= kMaxSize; });
}

bool same_rows(const View& a, const View& b) { return a.rows == b.rows; }
bool same_shape(const View& a, const View& b) { return a.rows == b.rows && a.cols == b.cols; }

bool read_matrix(Reader& r, Matrix& m) {
  const std::vector<MatrixRecord>& matrices = r.machine().matrices;
  const int32_t id = r.integer();
  r.require(id >= 0 && (size_t)id < matrices.size(), "no such matrix");
  if (!r.ok()) return false;
  const MatrixRecord& record = matrices[(size_t)id];
  const int64_t bytes = packed_bytes(record.format, record.n, record.k);
  const uint8_t* at = r.machine().memory.at(record.buffer, record.offset, (uint64_t)bytes);
  r.require(at, "a matrix lies outside its buffer");
  if (!at) return false;
  m = {at, (const float*)(at + bytes - round_up(record.n, 16) * 4), record.format, record.n,
       record.k};
  return true;
}

Op read_matmul(Reader& r) {
  MatmulArgs a = {};
  a.x = r.view(), a.y = r.view();
  if (!read_matrix(r, a.w)) return a;
  if (r.integer()) a.bias = r.vector(a.w.n);
  a.activation = r.integer();
  a.accumulate = r.integer();
  a.exact = r.integer();
  const int64_t shared = round_up(matmul_scratch_bytes(a.x.rows, a.w.k), 64);
  a.scratch = r.scratch(shared + r.machine().parts * round_up(matmul_part_bytes(a.x.rows), 64));
  r.require(a.x.cols == a.w.k && a.y.cols == a.w.n && same_rows(a.x, a.y), "shapes do not fit");
  return a;
}

Op read_rms_norm(Reader& r) {
  RmsNormArgs a = {};
  a.x = r.view(), a.y = r.view();
  a.weight = r.vector(a.x.cols);
  a.eps = r.real();
  r.require(same_shape(a.x, a.y), "shapes do not fit");
  return a;
}

Op read_layer_norm(Reader& r) {
  LayerNormArgs a = {};
  a.x = r.view(), a.y = r.view();
  a.weight = r.vector(a.x.cols);
  a.bias = r.vector(a.x.cols);
  a.eps = r.real();
  r.require(same_shape(a.x, a.y), "shapes do not fit");
  return a;
}

Op read_gated_norm(Reader& r) {
  GatedNormArgs a = {};
  a.x = r.view();
  a.y = r.view();
  a.gate = r.view();
  a.weight = r.vector(a.x.cols);
  a.groups = r.integer();
  a.eps = r.real();
  r.require(same_shape(a.x, a.y) && same_shape(a.x, a.gate) && a.groups > 0 &&
                a.x.cols % a.groups == 0,
            "shapes do not fit");
  return a;
}

Op read_conv1d(Reader& r) {
  Conv1dArgs a = {};
  a.x = r.view(), a.y = r.view();
  const View weight = r.view();
  a.weight = weight.data;
  r.require(weight.rows >= 2 && weight.rows <= 8, "a convolution has 2 to 8 taps");
  if (!r.ok()) return a;
  a.taps = (int32_t)weight.rows;
  a.bias = r.vector(a.x.cols);
  const View state = r.view();
  a.state = state.data;
  a.batch = r.batch(a.x.rows);
  r.require(same_shape(a.x, a.y) && weight.cols == a.x.cols && weight.stride == weight.cols &&
                state.cols == (a.taps - 1) * a.x.cols && state.stride == state.cols,
            "shapes do not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i)
    r.require(a.batch.spans[i].slot < state.rows, "no such slot");
  return a;
}

Op read_scan(Reader& r) {
  SsmScanArgs a = {};
  a.u = r.view(), a.b = r.view(), a.c = r.view(), a.dt = r.view(), a.y = r.view();
  a.a = r.vector(a.dt.cols), a.d = r.vector(a.dt.cols), a.dt_bias = r.vector(a.dt.cols);
  const View state = r.view(), tail = r.view();
  a.state = state.data, a.tail = tail.data;
  a.heads = r.integer(), a.groups = r.integer(), a.n = r.integer();
  r.require(sizes_fit({a.heads, a.groups, a.n}) && a.heads % a.groups == 0 &&
                a.u.cols % a.heads == 0 && a.u.cols / a.heads <= kMaxSize,
            "sizes do not fit");
  if (!r.ok()) return a;
  a.width = (int32_t)(a.u.cols / a.heads);
  const int64_t part = scan_scratch_floats(a.width, a.n);
  a.scratch = (float*)r.scratch((2 * a.y.rows * a.heads + r.machine().parts * part) * 4);
  a.batch = r.batch(a.y.rows);
  r.require(same_shape(a.u, a.y) && a.b.cols == (int64_t)a.groups * a.n && same_shape(a.b, a.c) &&
                a.dt.cols == a.heads && same_rows(a.u, a.b) && same_rows(a.u, a.dt),
            "shapes do not fit");
  r.require(state.cols == (int64_t)a.heads * a.n * round_up(a.width, 16) &&
                state.stride == state.cols &&
                tail.cols == kScanChunk * scan_tail_width(a.heads, a.width, a.groups, a.n) &&
                tail.stride == tail.cols,
            "the state does not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i)
    r.require(a.batch.spans[i].slot < state.rows && a.batch.spans[i].slot < tail.rows,
              "no such slot");
  return a;
}

Op read_attention(Reader& r) {
  AttentionArgs a = {};
  a.q = r.view(), a.k = r.view(), a.v = r.view(), a.y = r.view();
  const int32_t pages = r.integer();
  a.kv_heads = r.integer(), a.dim = r.integer(), a.cache_f32 = r.integer();
  const int32_t keys = r.integer(), values = r.integer();
  a.scale = r.real();
  a.bidirectional = r.integer();
  r.require(sizes_fit({a.kv_heads, a.dim}) && a.dim % 16 == 0 && a.q.cols % a.dim == 0 &&
                a.q.cols / a.dim <= kMaxSize && (int64_t)a.kv_heads * a.dim <= 1 << 24 &&
                pages >= 0,
            "sizes do not fit");
  if (!r.ok()) return a;
  a.heads = (int32_t)(a.q.cols / a.dim);
  const Memory& memory = r.machine().memory;
  const int64_t bytes = (int64_t)pages * a.kv_heads * a.dim * kPageRows * (a.cache_f32 ? 4 : 2);
  a.k_cache = memory.at(keys, 0, (uint64_t)bytes);
  a.v_cache = memory.at(values, 0, (uint64_t)bytes);
  r.require(a.k_cache && a.v_cache, "the cache lies outside its buffer");
  a.batch = r.batch(a.q.rows);
  r.require(a.heads % a.kv_heads == 0 && a.heads / a.kv_heads <= kMaxHeads &&
                same_shape(a.q, a.y) && a.k.cols == (int64_t)a.kv_heads * a.dim &&
                same_shape(a.k, a.v) && same_rows(a.q, a.k),
            "shapes do not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i) {
    const Span& s = a.batch.spans[i];
    const int64_t used = ((int64_t)s.position + s.rows + kPageRows - 1) / kPageRows;
    r.require(s.page_begin + used <= r.page_words(), "too few pages");
    for (int64_t p = 0; r.ok() && p < used; ++p)
      r.require(a.batch.pages[s.page_begin + p] >= 0 && a.batch.pages[s.page_begin + p] < pages,
                "no such page");
  }
  return a;
}

Op read_rope(Reader& r) {
  RopeArgs a = {};
  a.x = r.view(), a.y = r.view(), a.angles = r.view();
  a.positions = r.data_of_rows(a.x.rows);
  if (!r.ok()) return a;
  r.require(same_shape(a.x, a.y) && a.angles.cols % 2 == 0 && a.x.cols % a.angles.cols == 0,
            "shapes do not fit");
  for (int64_t i = 0; r.ok() && i < a.x.rows; ++i)
    r.require(a.positions[i] >= 0 && a.positions[i] < a.angles.rows, "no such position");
  return a;
}

Op read_swiglu(Reader& r) {
  SwigluArgs a = {};
  a.gate = r.view(), a.up = r.view(), a.y = r.view();
  r.require(same_shape(a.gate, a.up) && same_shape(a.up, a.y), "shapes do not fit");
  return a;
}

Op read_mean_rows(Reader& r) {
  MeanRowsArgs a = {};
  a.x = r.view(), a.y = r.view();
  a.batch = r.batch(a.x.rows);
  r.require(a.x.cols == a.y.cols && a.y.rows == a.batch.count, "shapes do not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i)
    r.require(a.batch.spans[i].rows > 0, "a span without rows has no mean");
  return a;
}

Op read_tile_attention(Reader& r) {
  TileAttentionArgs a = {};
  a.qkv = r.view(), a.y = r.view();
  a.tokens = r.integer(), a.heads = r.integer(), a.exact = r.integer();
  a.scale = r.real();
  r.require(sizes_fit({a.tokens, a.heads}) && a.y.cols % a.heads == 0 &&
                a.y.cols / a.heads <= kMaxSize && a.y.cols / a.heads % 2 == 0,
            "sizes do not fit");
  if (!r.ok()) return a;
  a.dim = (int32_t)(a.y.cols / a.heads);
  a.scratch = r.scratch(r.machine().parts * tile_attention_scratch_bytes(a.tokens, a.dim));
  r.require(a.qkv.cols == 3 * a.y.cols && same_rows(a.qkv, a.y) && a.y.rows % a.tokens == 0,
            "shapes do not fit");
  return a;
}

Op read_embed(Reader& r) {
  EmbedArgs a = {};
  a.y = r.view();
  const int32_t buffer = r.integer(), offset64 = r.integer(), vocabulary = r.integer();
  const uint64_t bytes = (uint64_t)vocabulary * (uint64_t)a.y.cols * 2;
  const Memory& memory = r.machine().memory;
  a.table = (const uint16_t*)memory.at(buffer, (uint64_t)(uint32_t)offset64 * 64, bytes);
  r.require(a.table, "the table lies outside its buffer");
  a.ids = r.data_of_rows(a.y.rows);
  for (int64_t i = 0; r.ok() && i < a.y.rows; ++i)
    r.require(a.ids[i] >= 0 && a.ids[i] < vocabulary, "no such token");
  return a;
}

RowsArgs read_rows(Reader& r) {
  RowsArgs a = {};
  a.x = r.view(), a.y = r.view();
  a.index = r.data_of_rows(a.y.rows);
  r.require(a.x.cols == a.y.cols, "widths do not fit");
  for (int64_t i = 0; r.ok() && i < a.y.rows; ++i)
    r.require(a.index[i] >= 0 && a.index[i] < a.x.rows, "no such row");
  return a;
}

Op read_gather_rows(Reader& r) { return read_rows(r); }

Op read_scatter_rows(Reader& r) {
  RowsArgs a = read_rows(r);
  a.scatter = 1;
  return a;
}

Op read_patchify(Reader& r) {
  PatchifyArgs a = {r.view(), r.view(), r.integer(), r.integer()};
  r.require(sizes_fit({a.patch, a.side}) && a.side % a.patch == 0 &&
                a.x.cols == 3ll * a.side * a.side && a.y.cols == 3ll * a.patch * a.patch &&
                a.y.rows == a.x.rows * (a.side / a.patch) * (a.side / a.patch),
            "shapes do not fit");
  return a;
}

Op read_tile_tokens(Reader& r) {
  TileTokensArgs a = {r.view(), r.view(), r.view(), r.view()};
  const int64_t tokens = a.prefix.rows + a.position.rows;
  r.require(a.x.cols == a.y.cols && a.prefix.cols == a.y.cols && a.position.cols == a.y.cols &&
                tokens > 0 && a.y.rows % tokens == 0 &&
                a.x.rows == a.y.rows / tokens * a.position.rows,
            "shapes do not fit");
  return a;
}

Op read_pixel_shuffle(Reader& r) {
  PixelShuffleArgs a = {r.view(), r.view(), r.integer(), r.integer()};
  const int64_t tokens = a.prefix + (int64_t)a.grid * a.grid, out = (int64_t)a.grid * a.grid / 4;
  r.require(a.grid > 0 && a.grid % 2 == 0 && a.prefix >= 0 && a.y.cols == 4 * a.x.cols &&
                a.x.rows % tokens == 0 && a.y.rows == a.x.rows / tokens * out,
            "shapes do not fit");
  return a;
}

Op read_sample(Reader& r) {
  SampleArgs a = {r.view(), r.view(), nullptr};
  int64_t words = 0;
  a.params = r.data(1, words);
  r.require(same_rows(a.logits, a.y) && a.y.cols >= 2 && words >= a.logits.rows,
            "shapes do not fit");
  for (int64_t i = 0; r.ok() && i < a.logits.rows; ++i) {
    const int64_t at = a.params[i];
    r.require(at >= 0 && at + 12 <= words, "parameters out of range");
    if (!r.ok()) break;
    const int64_t history = a.params[at + 9], bias = a.params[at + 10], wanted = a.params[at + 8];
    const int64_t allowed = a.params[at + 11];
    r.require(history >= 0 && bias >= 0 && (allowed == 0 || allowed == (a.logits.cols + 31) / 32) &&
                  at + 12 + 2 * (history + bias) + allowed <= words &&
                  2 + 2 * std::max<int64_t>(wanted, 0) <= a.y.cols,
              "parameters out of range");
  }
  return a;
}

Op read_cosine_distance(Reader& r) {
  const CosineDistanceArgs a = {r.view(), r.view(), r.view()};
  r.require(same_shape(a.x, a.y) && same_rows(a.x, a.z) && a.z.cols == 1, "shapes do not fit");
  return a;
}

Op read_add(Reader& r) {
  const AddArgs a = {r.view(), r.view()};
  r.require(same_shape(a.x, a.y), "shapes do not fit");
  return a;
}

// Every operation: its name and its reader. An operation's code is its position here, which is
// its position in OPS of src/backends/ops.ts; the operands are the same as there.
struct Entry {
  const char* name;
  Op (*read)(Reader&);
};
constexpr Entry kOps[] = {
    {"matmul", read_matmul},
    {"rmsNorm", read_rms_norm},
    {"layerNorm", read_layer_norm},
    {"gatedNorm", read_gated_norm},
    {"conv1d", read_conv1d},
    {"ssmScan", read_scan},
    {"attention", read_attention},
    {"rope", read_rope},
    {"swiglu", read_swiglu},
    {"meanRows", read_mean_rows},
    {"tileAttention", read_tile_attention},
    {"embed", read_embed},
    {"gatherRows", read_gather_rows},
    {"scatterRows", read_scatter_rows},
    {"patchify", read_patchify},
    {"tileTokens", read_tile_tokens},
    {"pixelShuffle", read_pixel_shuffle},
    {"sample", read_sample},
    {"add", read_add},
    {"cosineDistance", read_cosine_distance},
};

}  // namespace

const std::vector<std::string>& op_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Entry& entry : kOps) list.push_back(entry.name);
    return list;
  }();
  return names;
}

bool decode(const ProgramInput& input, const Machine& machine, std::vector<Op>& ops,
            std::string& error) {
  for (int64_t at = 0; at < input.op_words;) {
    const int32_t code = input.ops[at];
    const int64_t words = at + 1 < input.op_words ? input.ops[at + 1] : -1;
    if (code < 0 || (size_t)code >= std::size(kOps) || words < 2 || words > input.op_words - at) {
      error = "an operation's header is wrong";
      return false;
    }
    const Entry& entry = kOps[code];
    Reader reader(input.ops + at + 2, words - 2, input, machine, error);
    ops.push_back(entry.read(reader));
    if (!error.empty()) {
      error = std::string(entry.name) + " (operation " + std::to_string(ops.size() - 1) +
              "): " + error;
      return false;
    }
    at += words;
  }
  return true;
}

}  // namespace vireo
