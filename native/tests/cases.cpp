// The operations that every kernel set is compared on: odd shapes, gaps between rows, many spans,
// slots and cuts.
#include <algorithm>

#include "../pack.h"
#include "check.h"

namespace vireo::test {

namespace {

constexpr int kParts = 3;  // as many threads as a case is run with
const int kRows[] = {1, 2, 5, 16, 17, 33};

// ---- matrix products
// -----------------------------------------------------------------------------

void fill_codes(Random& random, std::vector<uint8_t>& data, bool may_be_negative) {
  for (uint8_t& byte : data) {
    byte = (uint8_t)(random.next() & (may_be_negative ? 0xff : 0x7f));
    if ((byte & 0x7f) == 0x7f) byte ^= 1;  // not a number
  }
}

Matrix packed(Case& c, int format, int32_t n, int32_t k) {
  std::vector<uint8_t> data, scales;
  if (format == kFp8) {
    data.resize((size_t)n * k);
    fill_codes(c.random, data, true);
  } else if (format == kNvfp4) {
    data.resize((size_t)n * k / 2);
    for (uint8_t& byte : data) byte = (uint8_t)c.random.next();
    scales.resize((size_t)n * k / 16);
    fill_codes(c.random, scales, false);
  } else {
    data.resize((size_t)n * k * 4);
    const float* values = c.numbers((int64_t)n * k);
    memcpy(data.data(), values, data.size());
  }
  const int source = format == kFp8 ? kFromFp8 : format == kNvfp4 ? kFromNvfp4 : kFromF32;
  const int64_t size = codes_bytes(format, n, k);
  uint8_t* codes = c.keep(c.bytes(size));
  float* row_scale = c.numbers(round_up(n, 16), 0.0f);
  const PackArgs args = {source,      format,        n,    k,     0,        n,
                         data.data(), scales.data(), 0.5f, codes, row_scale};
  for (int part = 0; part < 2; ++part) pack(args, part, 2);
  return {codes, row_scale, format, n, k};
}

void add_matmul(Case& c, const Matrix& w, int64_t rows, const MatmulArgs& options) {
  MatmulArgs a = options;
  const int64_t shared = round_up(matmul_scratch_bytes(rows, w.k), 64);
  a.x = c.matrix(rows, w.k, rows % 3);
  a.y = c.result(rows, w.n, rows % 2);
  a.w = w;
  a.scratch = c.bytes(shared + kParts * round_up(matmul_part_bytes(rows), 64));
  c.ops.push_back(a);
}

void add_matmuls(std::vector<Case*>& cases) {
  const char* names[] = {"bf16", "fp8", "nvfp4", "int8", "int4"};
  for (int format = kBf16; format <= kInt4; ++format)
    for (const int k : {40, 64, 160, 1280, 1344})
      for (const int n : {16, 40, 96}) {
        const int inputs = format == kNvfp4 && k == 40 ? 48 : k;
        const std::string name = std::string("matmul ") + names[format] + " [" + std::to_string(n) +
                                 ", " + std::to_string(inputs) + "]";
        Case* c = new Case(name, 4e-6, (uint64_t)(format * 10000 + k * 7 + n));
        const Matrix w = packed(*c, format, n, inputs);
        for (const int rows : kRows) add_matmul(*c, w, rows, {});
        MatmulArgs options = {};
        options.bias = c->numbers(n);
        for (const int activation : {kNone, kRelu2, kGelu, kGeluTanh}) {
          options.activation = activation;
          options.accumulate = activation == kNone;
          options.exact = activation == kGelu;
          add_matmul(*c, w, 17, options);
        }
        cases.push_back(c);
      }
}

// ---- norms and moves
// -----------------------------------------------------------------------------

void add_norms(std::vector<Case*>& cases) {
  for (const int rows : kRows)
    for (const int cols : {40, 64, 160, 1280}) {
      Case* c = new Case("norms of " + std::to_string(cols), 2e-6, (uint64_t)(rows * 5000 + cols));
      const View x = c->matrix(rows, cols, 3), gate = c->matrix(rows, cols, 1);
      const float *weight = c->numbers(cols), *bias = c->numbers(cols);
      c->ops.push_back(RmsNormArgs{x, c->result(rows, cols, 2), weight, 1e-5f});
      c->ops.push_back(LayerNormArgs{x, c->result(rows, cols), weight, bias, 1e-6f});
      c->ops.push_back(GatedNormArgs{x, gate, c->result(rows, cols, 5), weight, 4, 1e-5f});
      c->ops.push_back(AddArgs{x, c->result(rows, cols, 1)});
      cases.push_back(c);
    }
}

void add_moves(std::vector<Case*>& cases) {
  for (const int cols : {3, 40, 64}) {
    Case* c = new Case("moves of " + std::to_string(cols), 0.0, (uint64_t)cols);
    std::vector<int32_t> ids, order;
    for (int i = 0; i < 17; ++i) ids.push_back((int32_t)c->random.below(30));
    for (int i = 0; i < 17; ++i) order.push_back((i * 5 + 3) % 17);
    uint8_t* table = c->keep(c->bytes(30 * cols * 2));
    for (int i = 0; i < 30 * cols; ++i) {
      const uint16_t code = (uint16_t)(0x3f00 + c->random.below(0x100));
      memcpy(table + 2 * i, &code, 2);
    }
    c->ops.push_back(EmbedArgs{c->result(17, cols, 2), (const uint16_t*)table, c->words(ids)});
    const int32_t* index = c->words(order);
    c->ops.push_back(RowsArgs{c->matrix(17, cols, 1), c->result(17, cols), index, 0});
    c->ops.push_back(RowsArgs{c->result(17, cols, 1), c->matrix(17, cols), index, 1});
    c->ops.push_back(PatchifyArgs{c->matrix(3, 3 * 16 * 16), c->result(12, 3 * 8 * 8, 1), 16, 8});
    const View prefix = c->matrix(5, cols), position = c->matrix(16, cols, 3);
    const View tokens = c->result(42, cols, 1);
    c->ops.push_back(TileTokensArgs{c->matrix(32, cols), prefix, position, tokens});
    c->ops.push_back(PixelShuffleArgs{tokens, c->result(8, 4 * cols), 5, 4});
    cases.push_back(c);
  }
}

// ---- sequences
// -----------------------------------------------------------------------------------

// One step of several sequences: each takes `rows[i]` more rows.
struct Sequences {
  std::vector<int32_t> position, slot, page_begin;
  Batch step(Case& c, const std::vector<int32_t>& rows, const int32_t* pages, int64_t& total) {
    std::vector<Span> spans;
    int32_t row = 0;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i] == 0) continue;
      spans.push_back({row, rows[i], position[i], slot[i], page_begin[i]});
      position[i] += rows[i];
      row += rows[i];
    }
    total = row;
    const int32_t count = (int32_t)spans.size();
    return {c.spans(std::move(spans)), pages, count};
  }
};

// Rows of each step: whole prompts, cuts at and beside the chunk and page sizes, single tokens.
const std::vector<std::vector<int32_t>> kSteps = {{33, 1, 70}, {1, 0, 1}, {31, 64, 26},
                                                  {0, 5, 33},  {2, 1, 1}, {32, 17, 0}};

void add_conv1d(std::vector<Case*>& cases) {
  for (const int cols : {16, 40, 160})
    for (const int taps : {2, 4, 8}) {
      Case* c = new Case("conv1d of " + std::to_string(cols), 2e-6, (uint64_t)(cols * 10 + taps));
      const float *weight = c->numbers(taps * cols), *bias = c->numbers(cols);
      const View state = c->result(5, (taps - 1) * cols);
      Sequences all = {{0, 0, 0}, {3, 0, 4}, {0, 0, 0}};
      for (const std::vector<int32_t>& rows : kSteps) {
        int64_t total;
        const Batch batch = all.step(*c, rows, nullptr, total);
        const View x = c->matrix(total, cols, 1), y = c->result(total, cols, 2);
        c->ops.push_back(Conv1dArgs{x, y, weight, bias, state.data, taps, batch});
      }
      cases.push_back(c);
    }
}

void add_scan(std::vector<Case*>& cases, int heads, int width, int groups, int n) {
  Case* c = new Case("ssm_scan of " + std::to_string(heads) + "x" + std::to_string(width), 4e-6,
                     (uint64_t)(heads * 1000 + width));
  const float *a = c->numbers(heads, 0.5f, -0.6f), *d = c->numbers(heads),
              *bias = c->numbers(heads);
  const View state = c->result(5, heads * n * round_up(width, 16));
  const View tail = c->result(5, kScanChunk * scan_tail_width(heads, width, groups, n));
  Sequences all = {{0, 0, 0}, {3, 0, 4}, {0, 0, 0}};
  for (const std::vector<int32_t>& rows : kSteps) {
    int64_t total;
    const Batch batch = all.step(*c, rows, nullptr, total);
    SsmScanArgs args = {};
    args.u = c->matrix(total, heads * width, 2);
    args.b = c->matrix(total, groups * n, 1), args.c = c->matrix(total, groups * n);
    args.dt = c->matrix(total, heads, 3), args.y = c->result(total, heads * width, 1);
    args.a = a, args.d = d, args.dt_bias = bias;
    args.state = state.data, args.tail = tail.data;
    args.heads = heads, args.width = width, args.groups = groups, args.n = n;
    args.scratch = c->numbers(2 * total * heads + kParts * scan_scratch_floats(width, n));
    args.batch = batch;
    c->ops.push_back(args);
  }
  cases.push_back(c);
}

void add_rope(std::vector<Case*>& cases, int heads, int dim) {
  Case* c = new Case("rope of " + std::to_string(heads) + "x" + std::to_string(dim), 2e-6,
                     (uint64_t)(heads * 300 + dim));
  const int32_t* positions = c->words({0, 4, 2, 2, 6, 1, 5, 3, 0});
  const View x = c->matrix(9, heads * dim, 2), angles = c->matrix(7, dim);
  c->ops.push_back(RopeArgs{x, c->result(9, heads * dim, 1), angles, positions});
  const View gate = c->matrix(9, heads * dim, 1);
  c->ops.push_back(SwigluArgs{gate, x, c->result(9, heads * dim, 3)});
  const Batch batch = {c->spans({{0, 1, 0, 0, 0}, {1, 5, 0, 0, 0}, {6, 3, 0, 0, 0}}), nullptr, 3};
  c->ops.push_back(MeanRowsArgs{x, c->result(3, heads * dim, 1), batch});
  cases.push_back(c);
}

void add_attention(std::vector<Case*>& cases, int heads, int kv_heads, int dim, bool f32,
                   bool bidirectional) {
  Case* c = new Case("attention of " + std::to_string(heads) + "x" + std::to_string(dim), 4e-6,
                     (uint64_t)(heads * 100 + dim + f32 + 2 * bidirectional));
  constexpr int kPages = 9;
  const int32_t* pages = c->words({7, 2, 0, 8, 1, 5, 6, 3, 4});
  const int64_t bytes = (int64_t)kPages * kv_heads * dim * kPageRows * (f32 ? 4 : 2);
  uint8_t *k_cache = c->bytes(bytes), *v_cache = c->bytes(bytes);
  Sequences all = {{0, 0, 0}, {0, 1, 2}, {0, 3, 6}};
  for (const std::vector<int32_t>& rows : kSteps) {
    int64_t total;
    const Batch batch = all.step(*c, rows, pages, total);
    const View q = c->matrix(total, heads * dim, 1), k = c->matrix(total, kv_heads * dim);
    const View v = c->matrix(total, kv_heads * dim, 2), y = c->result(total, heads * dim, 3);
    c->ops.push_back(AttentionArgs{q, k, v, y, k_cache, v_cache, heads, kv_heads, dim, f32,
                                   1.0f / sqrtf((float)dim), bidirectional, batch});
  }
  cases.push_back(c);
}

void add_tile_attention(std::vector<Case*>& cases, int tokens, int heads, int dim, bool exact) {
  Case* c = new Case("tile_attention of " + std::to_string(tokens), 4e-6,
                     (uint64_t)(tokens * 100 + dim + exact));
  if (!exact) c->amx_tolerance = 1.5e-2;  // queries, keys, values and weights rounded to bf16
  const View qkv = c->matrix(2 * tokens, 3 * heads * dim, 1);
  const View y = c->result(2 * tokens, heads * dim, 2);
  c->ops.push_back(TileAttentionArgs{qkv, y, tokens, heads, dim, exact, 1.0f / sqrtf((float)dim),
                                     c->bytes(kParts * tile_attention_scratch_bytes(tokens, dim))});
  cases.push_back(c);
}

}  // namespace

std::vector<Case*> all_cases() {
  std::vector<Case*> cases;
  add_matmuls(cases);
  add_norms(cases);
  add_moves(cases);
  add_conv1d(cases);
  add_scan(cases, 4, 16, 2, 16);
  add_scan(cases, 3, 10, 1, 7);
  add_scan(cases, 8, 80, 4, 32);
  for (const bool f32 : {false, true}) {
    for (const bool bidirectional : {false, true}) {
      add_attention(cases, 4, 2, 16, f32, bidirectional);
      add_attention(cases, 5, 1, 48, f32, bidirectional);
      add_attention(cases, 6, 3, 128, f32, bidirectional);
      add_attention(cases, 4, 1, 64, f32, bidirectional);
    }
  }
  add_rope(cases, 3, 16);
  add_rope(cases, 2, 64);
  add_rope(cases, 1, 6);
  for (const bool exact : {false, true})
    for (const int tokens : {1, 17, 64, 70}) {
      add_tile_attention(cases, tokens, 3, 80, exact);
      add_tile_attention(cases, tokens, 2, 6, exact);
    }
  return cases;
}

}  // namespace vireo::test
