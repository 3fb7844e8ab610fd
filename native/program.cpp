#include "program.h"

#include <string.h>

#include <algorithm>
#include <initializer_list>

#include "layout.h"

namespace vireo {

const std::vector<std::string>& op_names() {
  static const std::vector<std::string> names = {
      "matmul",     "rmsNorm",       "layerNorm", "gatedNorm",  "conv1d",      "ssmScan",
      "attention",  "tileAttention", "embed",     "gatherRows", "scatterRows", "patchify",
      "tileTokens", "pixelShuffle",  "sample",    "add",
      "cosineDistance"};
  return names;
}

namespace {

// In the order of op_names().
enum Code : int32_t {
  kMatmul,
  kRmsNorm,
  kLayerNorm,
  kGatedNorm,
  kConv1d,
  kSsmScan,
  kAttention,
  kTileAttention,
  kEmbed,
  kGatherRows,
  kScatterRows,
  kPatchify,
  kTileTokens,
  kPixelShuffle,
  kSample,
  kAdd,
  kCosineDistance
};

// Reads one operation's words. The first failure sticks; everything read after it is harmless
// zeros.
class Reader {
 public:
  Reader(const int32_t* words, int64_t count, const ProgramInput& input, const Memory& memory,
         std::string& error)
      : words_(words), left_(count), input_(input), memory_(memory), error_(error) {}

  int32_t integer() {
    if (left_ < 1) return fail("too few words"), 0;
    --left_;
    return *words_++;
  }
  float real() {
    const int32_t bits = integer();
    float f;
    memcpy(&f, &bits, 4);
    return f;
  }
  // buffer, offset in floats, rows, columns, stride
  View view() {
    const int32_t buffer = integer(), offset = integer();
    View v = {nullptr, integer(), integer(), integer()};
    if (v.rows < 0 || v.cols < 1 || v.stride < v.cols) return fail("a tensor's shape is wrong"), v;
    const int64_t floats = v.rows == 0 ? 0 : (v.rows - 1) * v.stride + v.cols;
    v.data = (float*)memory_.at(buffer, (uint64_t)(uint32_t)offset * 4, (uint64_t)floats * 4);
    if (!v.data) fail("a tensor lies outside its buffer");
    return v;
  }
  const float* vector(int64_t cols) {
    const View v = view();
    if (v.rows * v.cols != cols) fail("a vector's length is wrong");
    return v.data;
  }
  uint8_t* bytes(int64_t count) {
    const int32_t buffer = integer(), offset = integer();
    uint8_t* at = memory_.at(buffer, (uint64_t)(uint32_t)offset * 4, (uint64_t)count);
    if (!at) fail("scratch lies outside its buffer");
    return at;
  }
  // index of a word in the data section, of which `count` words must exist
  const int32_t* data(int64_t count) {
    const int64_t at = integer();
    if (at < 0 || count < 0 || at > input_.data_words || count > input_.data_words - at)
      return fail("data out of range"), nullptr;
    return input_.data + at;
  }
  Batch batch(int64_t rows) {
    Batch b = {nullptr, nullptr, integer()};
    const int32_t pages = (b.spans = (const Span*)data((int64_t)b.count * 5), integer());
    b.pages = data(pages);
    for (int i = 0; ok() && i < b.count; ++i) {
      const Span& s = b.spans[i];
      if (s.row < 0 || s.rows < 0 || s.position < 0 || s.slot < 0 || s.page_begin < 0 ||
          (int64_t)s.row + s.rows > rows || (int64_t)s.position + s.rows > INT32_MAX)
        fail("a span is out of range");
      page_words_ = pages;
    }
    return b;
  }
  int64_t page_words() const { return page_words_; }
  void fail(const char* what) {
    if (error_.empty()) error_ = what;
  }
  void require(bool condition, const char* what) {
    if (!condition) fail(what);
  }
  bool ok() const { return error_.empty(); }

 private:
  const int32_t* words_;
  int64_t left_, page_words_ = 0;
  const ProgramInput& input_;
  const Memory& memory_;
  std::string& error_;
};

// Bounds the sizes that an operation names, so that no product of them overflows before it is
// compared.
constexpr int32_t kSizeMax = 1 << 20;
bool sizes_fit(std::initializer_list<int32_t> sizes) {
  return std::all_of(sizes.begin(), sizes.end(), [](int32_t x) { return x > 0 && x <= kSizeMax; });
}

bool same_rows(const View& a, const View& b) { return a.rows == b.rows; }
bool same_shape(const View& a, const View& b) { return a.rows == b.rows && a.cols == b.cols; }

bool read_matrix(Reader& r, const Memory& memory, const std::vector<MatrixRecord>& matrices,
                 Matrix& m) {
  const int32_t id = r.integer();
  r.require(id >= 0 && (size_t)id < matrices.size(), "no such matrix");
  if (!r.ok()) return false;
  const MatrixRecord& record = matrices[(size_t)id];
  const int64_t bytes = packed_bytes(record.format, record.n, record.k);
  const uint8_t* at = memory.at(record.buffer, record.offset, (uint64_t)bytes);
  r.require(at, "a matrix lies outside its buffer");
  if (!at) return false;
  m = {at, (const float*)(at + bytes - round_up(record.n, 16) * 4), record.format, record.n,
       record.k};
  return true;
}

Op read_matmul(Reader& r, const Memory& memory, const std::vector<MatrixRecord>& matrices,
               int parts) {
  MatmulArgs a = {r.view(), r.view(), {}, nullptr, 0, 0, 0, nullptr};
  if (!read_matrix(r, memory, matrices, a.w)) return a;
  if (r.integer()) a.bias = r.vector(a.w.n);
  a.activation = r.integer();
  a.accumulate = r.integer();
  a.exact = r.integer();
  const int64_t shared = round_up(matmul_scratch_bytes(a.x.rows, a.w.k), 64);
  a.scratch = r.bytes(shared + parts * round_up(matmul_part_bytes(a.x.rows), 64));
  r.require(a.x.cols == a.w.k && a.y.cols == a.w.n && same_rows(a.x, a.y),
            "matmul: shapes do not fit");
  return a;
}

Op read_conv1d(Reader& r) {
  Conv1dArgs a = {r.view(), r.view(), nullptr, nullptr, nullptr, 0, {}};
  a.taps = r.integer();
  r.require(a.taps >= 2 && a.taps <= 8, "conv1d: 2 to 8 taps");
  if (!r.ok()) return a;
  a.weight = r.vector(a.taps * a.x.cols);
  a.bias = r.vector(a.x.cols);
  const View state = r.view();
  a.state = state.data;
  a.batch = r.batch(a.x.rows);
  r.require(
      same_shape(a.x, a.y) && state.cols == (a.taps - 1) * a.x.cols && state.stride == state.cols,
      "conv1d: shapes do not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i)
    r.require(a.batch.spans[i].slot < state.rows, "conv1d: no such slot");
  return a;
}

Op read_scan(Reader& r, int parts) {
  SsmScanArgs a = {r.view(), r.view(), r.view(), r.view(), r.view(), nullptr, nullptr, nullptr,
                   nullptr,  nullptr,  0,        0,        0,        0,       nullptr, {}};
  a.heads = r.integer(), a.width = r.integer(), a.groups = r.integer(), a.n = r.integer();
  r.require(sizes_fit({a.heads, a.width, a.groups, a.n}) && a.heads % a.groups == 0,
            "ssmScan: sizes");
  a.a = r.vector(a.heads), a.d = r.vector(a.heads), a.dt_bias = r.vector(a.heads);
  const View state = r.view(), tail = r.view();
  a.state = state.data, a.tail = tail.data;
  if (!r.ok()) return a;
  a.scratch =
      (float*)r.bytes((2 * a.y.rows * a.heads + parts * scan_scratch_floats(a.width, a.n)) * 4);
  a.batch = r.batch(a.y.rows);
  r.require(a.u.cols == (int64_t)a.heads * a.width && same_shape(a.u, a.y) &&
                a.b.cols == (int64_t)a.groups * a.n && same_shape(a.b, a.c) &&
                a.dt.cols == a.heads && same_rows(a.u, a.b) && same_rows(a.u, a.dt),
            "ssmScan: shapes do not fit");
  r.require(state.cols == (int64_t)a.heads * a.n * round_up(a.width, 16) &&
                state.stride == state.cols &&
                tail.cols == kScanChunk * scan_tail_width(a.heads, a.width, a.groups, a.n) &&
                tail.stride == tail.cols,
            "ssmScan: the state does not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i)
    r.require(a.batch.spans[i].slot < state.rows && a.batch.spans[i].slot < tail.rows,
              "ssmScan: no such slot");
  return a;
}

Op read_attention(Reader& r) {
  AttentionArgs a = {r.view(), r.view(), r.view(), r.view(), nullptr, nullptr, 0, 0, 0, 0, 0, {}};
  a.heads = r.integer(), a.kv_heads = r.integer(), a.dim = r.integer(), a.cache_f32 = r.integer(),
  a.scale = r.real();
  const int32_t pages = r.integer();
  r.require(sizes_fit({a.heads, a.kv_heads, a.dim}) && a.heads % a.kv_heads == 0 &&
                a.heads / a.kv_heads <= kHeadsMax && a.dim % 16 == 0 &&
                (int64_t)a.kv_heads * a.dim <= 1 << 24 && pages >= 0,
            "attention: sizes");
  if (!r.ok()) return a;
  const int64_t bytes = (int64_t)pages * a.kv_heads * a.dim * kPageRows * (a.cache_f32 ? 4 : 2);
  a.k_cache = r.bytes(bytes), a.v_cache = r.bytes(bytes);
  a.batch = r.batch(a.q.rows);
  r.require(a.q.cols == (int64_t)a.heads * a.dim && same_shape(a.q, a.y) &&
                a.k.cols == (int64_t)a.kv_heads * a.dim && same_shape(a.k, a.v) &&
                same_rows(a.q, a.k),
            "attention: shapes do not fit");
  for (int i = 0; r.ok() && i < a.batch.count; ++i) {
    const Span& s = a.batch.spans[i];
    const int64_t used = ((int64_t)s.position + s.rows + kPageRows - 1) / kPageRows;
    r.require(s.page_begin + used <= r.page_words(), "attention: too few pages");
    for (int64_t p = 0; r.ok() && p < used; ++p)
      r.require(a.batch.pages[s.page_begin + p] >= 0 && a.batch.pages[s.page_begin + p] < pages,
                "attention: no such page");
  }
  return a;
}

Op read_tile_attention(Reader& r, int parts) {
  TileAttentionArgs a = {r.view(),    r.view(),    r.integer(), r.integer(),
                         r.integer(), r.integer(), r.real(),    nullptr};
  r.require(sizes_fit({a.tokens, a.heads, a.dim}) && a.dim % 2 == 0, "tileAttention: sizes");
  if (!r.ok()) return a;
  a.scratch = r.bytes(parts * tile_attention_scratch_bytes(a.tokens, a.dim));
  r.require(a.qkv.cols == 3ll * a.heads * a.dim && a.y.cols == (int64_t)a.heads * a.dim &&
                same_rows(a.qkv, a.y) && a.y.rows % a.tokens == 0,
            "tileAttention: shapes do not fit");
  return a;
}

Op read_embed(Reader& r, const Memory& memory) {
  EmbedArgs a = {r.view(), nullptr, nullptr};
  const int32_t buffer = r.integer(), offset64 = r.integer(), vocabulary = r.integer();
  a.table = (const uint16_t*)memory.at(buffer, (uint64_t)(uint32_t)offset64 * 64,
                                       (uint64_t)vocabulary * (uint64_t)a.y.cols * 2);
  r.require(a.table, "embed: the table lies outside its buffer");
  a.ids = r.data(a.y.rows);
  for (int64_t i = 0; r.ok() && i < a.y.rows; ++i)
    r.require(a.ids[i] >= 0 && a.ids[i] < vocabulary, "embed: no such token");
  return a;
}

Op read_rows(Reader& r, bool scatter) {
  RowsArgs a = {r.view(), r.view(), nullptr, scatter};
  a.index = r.data(a.y.rows);
  r.require(a.x.cols == a.y.cols, "rows: widths do not fit");
  for (int64_t i = 0; r.ok() && i < a.y.rows; ++i)
    r.require(a.index[i] >= 0 && a.index[i] < a.x.rows, "rows: no such row");
  return a;
}

Op read_patchify(Reader& r) {
  PatchifyArgs a = {r.view(), r.view(), r.integer(), r.integer()};
  r.require(sizes_fit({a.patch, a.side}) && a.side % a.patch == 0 &&
                a.x.cols == 3ll * a.side * a.side && a.y.cols == 3ll * a.patch * a.patch &&
                a.y.rows == a.x.rows * (a.side / a.patch) * (a.side / a.patch),
            "patchify: shapes do not fit");
  return a;
}

Op read_tile_tokens(Reader& r) {
  TileTokensArgs a = {r.view(), r.view(), r.view(), r.view()};
  const int64_t tokens = a.prefix.rows + a.position.rows;
  r.require(a.x.cols == a.y.cols && a.prefix.cols == a.y.cols && a.position.cols == a.y.cols &&
                tokens > 0 && a.y.rows % tokens == 0 &&
                a.x.rows == a.y.rows / tokens * a.position.rows,
            "tileTokens: shapes do not fit");
  return a;
}

Op read_pixel_shuffle(Reader& r) {
  PixelShuffleArgs a = {r.view(), r.view(), r.integer(), r.integer()};
  const int64_t tokens = a.prefix + (int64_t)a.grid * a.grid, out = (int64_t)a.grid * a.grid / 4;
  r.require(a.grid > 0 && a.grid % 2 == 0 && a.prefix >= 0 && a.y.cols == 4 * a.x.cols &&
                a.x.rows % tokens == 0 && a.y.rows == a.x.rows / tokens * out,
            "pixelShuffle: shapes do not fit");
  return a;
}

Op read_sample(Reader& r) {
  SampleArgs a = {r.view(), r.view(), nullptr};
  const int32_t words = r.integer();
  a.params = r.data(words);
  r.require(same_rows(a.logits, a.y) && a.y.cols >= 2 && words >= a.logits.rows,
            "sample: shapes do not fit");
  for (int64_t i = 0; r.ok() && i < a.logits.rows; ++i) {
    const int64_t at = a.params[i];
    r.require(at >= 0 && at + 12 <= words, "sample: parameters out of range");
    if (!r.ok()) break;
    const int64_t history = a.params[at + 9], bias = a.params[at + 10], wanted = a.params[at + 8];
    const int64_t allowed = a.params[at + 11];
    r.require(history >= 0 && bias >= 0 && (allowed == 0 || allowed == (a.logits.cols + 31) / 32) &&
                  at + 12 + 2 * (history + bias) + allowed <= words &&
                  2 + 2 * std::max<int64_t>(wanted, 0) <= a.y.cols,
              "sample: parameters out of range");
  }
  return a;
}

Op read_cosine_distance(Reader& r) {
  const CosineDistanceArgs a = {r.view(), r.view(), r.view()};
  r.require(same_shape(a.x, a.y) && same_rows(a.x, a.z) && a.z.cols == 1, "shapes do not fit");
  return a;
}

Op read_row_wise(int32_t code, Reader& r) {
  View x = r.view(), y = r.view();
  r.require(same_shape(x, y), "shapes do not fit");
  if (code == kAdd) return AddArgs{x, y};
  if (code == kRmsNorm) return RmsNormArgs{x, y, r.vector(x.cols), r.real()};
  if (code == kLayerNorm) return LayerNormArgs{x, y, r.vector(x.cols), r.vector(x.cols), r.real()};
  const View gate = r.view();
  GatedNormArgs a = {x, gate, y, r.vector(x.cols), r.integer(), r.real()};
  r.require(same_shape(x, gate) && a.groups > 0 && x.cols % a.groups == 0,
            "gatedNorm: shapes do not fit");
  return a;
}

Op read_op(int32_t code, Reader& r, const Memory& memory, const std::vector<MatrixRecord>& matrices,
           int parts) {
  switch (code) {
    case kMatmul: return read_matmul(r, memory, matrices, parts);
    case kConv1d: return read_conv1d(r);
    case kSsmScan: return read_scan(r, parts);
    case kAttention: return read_attention(r);
    case kTileAttention: return read_tile_attention(r, parts);
    case kEmbed: return read_embed(r, memory);
    case kGatherRows: return read_rows(r, false);
    case kScatterRows: return read_rows(r, true);
    case kPatchify: return read_patchify(r);
    case kTileTokens: return read_tile_tokens(r);
    case kPixelShuffle: return read_pixel_shuffle(r);
    case kSample: return read_sample(r);
    case kCosineDistance: return read_cosine_distance(r);
    default: return read_row_wise(code, r);
  }
}

}  // namespace

bool decode(const ProgramInput& input, const Memory& memory,
            const std::vector<MatrixRecord>& matrices, int parts, std::vector<Op>& ops,
            std::string& error) {
  for (int64_t at = 0; at < input.op_words;) {
    const int32_t code = input.ops[at];
    const int64_t words = at + 1 < input.op_words ? input.ops[at + 1] : -1;
    if (code < 0 || (size_t)code >= op_names().size() || words < 2 || words > input.op_words - at) {
      error = "an operation's header is wrong";
      return false;
    }
    Reader reader(input.ops + at + 2, words - 2, input, memory, error);
    ops.push_back(read_op(code, reader, memory, matrices, parts));
    if (!error.empty()) {
      error = op_names()[(size_t)code] + " (operation " + std::to_string(ops.size() - 1) +
              "): " + error;
      return false;
    }
    at += words;
  }
  return true;
}

}  // namespace vireo
