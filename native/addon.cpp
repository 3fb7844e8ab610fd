// The whole surface towards JavaScript: check, enqueue, settle a promise.
// src/backends/cpu/native.ts types it.
#include <string.h>

#include <memory>

#include "call.h"
#include "cpu.h"
#include "engine.h"
#include "pack.h"
#include "probe.h"
#include "resize.h"

namespace vireo {
namespace {

// ---- work that settles a promise ----

struct Pending {
  napi_deferred deferred;
  napi_ref kept;  // an array of the buffers in use, so that they are not collected
  std::string error;
  double result = 0;
};

void settle(napi_env env, napi_value, void*, void* data) {
  std::unique_ptr<Pending> pending((Pending*)data);
  if (!env) return;
  napi_handle_scope scope;
  napi_open_handle_scope(env, &scope);
  napi_delete_reference(env, pending->kept);
  if (pending->error.empty()) {
    napi_resolve_deferred(env, pending->deferred, make_number(env, pending->result));
  } else {
    napi_value text, error;
    napi_create_string_utf8(env, pending->error.c_str(), pending->error.size(), &text);
    napi_create_error(env, nullptr, text, &error);
    napi_reject_deferred(env, pending->deferred, error);
  }
  napi_close_handle_scope(env, scope);
}

// `work` may set the promise's number. `keep` names the arguments whose memory it uses.
napi_value promise(Call& call, Engine* engine, std::initializer_list<size_t> keep,
                   std::function<std::string(double& result)> work) {
  auto* pending = new Pending;
  napi_value result, kept, name;
  napi_create_promise(call.env, &pending->deferred, &result);
  napi_create_array(call.env, &kept);
  uint32_t at = 0;
  for (size_t i : keep) napi_set_element(call.env, kept, at++, call.value(i));
  napi_create_reference(call.env, kept, 1, &pending->kept);
  napi_create_string_utf8(call.env, "vireo", NAPI_AUTO_LENGTH, &name);
  napi_threadsafe_function settled;
  napi_create_threadsafe_function(call.env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                  settle, &settled);
  engine->submit([work = std::move(work), pending] { return work(pending->result); },
                 [pending, settled](std::string error) {
                   pending->error = std::move(error);
                   napi_call_threadsafe_function(settled, pending, napi_tsfn_blocking);
                   napi_release_threadsafe_function(settled, napi_tsfn_release);
                 });
  return result;
}

// ---- functions ----

napi_value kernel_set_names(napi_env env, napi_callback_info) {
  return make_strings(env, kernel_sets());
}
napi_value operation_names(napi_env env, napi_callback_info) {
  return make_strings(env, op_names());
}

napi_value open_engine(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string set = call.text(0);
  const int threads = call.integer(1);
  KernelTable table;
  if (call.failed()) return nullptr;
  if (threads < 1 || threads > kMaxParts)
    return call.fail("threads: 1 to " + std::to_string(kMaxParts)), nullptr;
  if (!kernel_table(set, table)) return call.fail("this CPU has no kernel set " + set), nullptr;
  auto** holder = new Engine*(new Engine(table, threads));
  napi_value external;
  napi_create_external(
      env, holder,
      [](napi_env, void* data, void*) {
        delete *(Engine**)data;
        delete (Engine**)data;
      },
      nullptr, &external);
  return external;
}

napi_value close_engine(napi_env env, napi_callback_info info) {
  Call call(env, info);
  void* data = nullptr;
  if (napi_get_value_external(env, call.value(0), &data) != napi_ok || !data) return nullptr;
  delete *(Engine**)data;
  *(Engine**)data = nullptr;
  return nullptr;
}

napi_value allocate(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const uint64_t bytes = call.size(1);
  if (call.failed()) return nullptr;
  std::string error;
  const int id = engine->memory.allocate(bytes, error);
  if (id < 0) return call.fail(error), nullptr;
  return make_number(env, id);
}

napi_value map_file(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const std::string path = call.text(1);
  const uint64_t bytes = call.size(2);
  const int create = call.integer(3);
  if (call.failed()) return nullptr;
  std::string error;
  const int id = engine->memory.map(path, bytes, create ? MapMode::kCreate : MapMode::kRead, error);
  if (id < 0) return call.fail(error), nullptr;
  return make_number(env, id);
}

napi_value flush(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const int id = call.integer(1);
  if (call.failed()) return nullptr;
  return promise(call, engine, {}, [engine, id](double&) {
    std::string error;
    engine->memory.flush(id, error);
    return error;
  });
}

napi_value release(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const int id = call.integer(1);
  if (!call.failed()) engine->memory.release(id);
  return nullptr;
}

napi_value copy(napi_env env, napi_callback_info info, bool write) {
  Call call(env, info);
  Engine* engine = call.engine();
  const int id = call.integer(1);
  const uint64_t offset = call.size(2);
  const Call::Bytes array = call.array(3);
  if (call.failed()) return nullptr;
  uint8_t* at = engine->memory.at(id, offset, array.bytes);
  if (!at) return call.fail("outside the buffer"), nullptr;
  memcpy(write ? at : array.data, write ? array.data : at, array.bytes);
  return nullptr;
}
napi_value write_buffer(napi_env env, napi_callback_info info) { return copy(env, info, true); }
napi_value read_buffer(napi_env env, napi_callback_info info) { return copy(env, info, false); }

bool known_format(int format) { return format >= kBf16 && format <= kInt4; }

napi_value size_of(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const std::string what = call.text(0);
  const int64_t a = (int64_t)call.number(1), b = (int64_t)call.number(2),
                c = (int64_t)call.number(3);
  if (call.failed()) return nullptr;
  if (what == "packed" && known_format((int)a))
    return make_number(env, (double)packed_bytes((int)a, b, c));
  if (what == "matmul")  // rows, k, parts
    return make_number(env, (double)(round_up(matmul_scratch_bytes(a, b), 64) +
                                     c * round_up(matmul_part_bytes(a), 64)));
  if (what == "ssmScan")
    return make_number(env, (double)(scan_scratch_floats(a, b) * c * 4));  // width, n, parts
  if (what == "tileAttention")
    return make_number(env,
                       (double)(tile_attention_scratch_bytes(a, b) * c));  // tokens, dim, parts
  return call.fail("no such size: " + what), nullptr;
}

napi_value register_matrix(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const MatrixRecord m = {call.integer(1), call.size(2), call.integer(3), call.integer(4),
                          call.integer(5)};
  if (call.failed()) return nullptr;
  if (!known_format(m.format) || m.n < 1 || m.k < 1 || m.offset % 64 != 0 ||
      !engine->memory.at(m.buffer, m.offset, (uint64_t)packed_bytes(m.format, m.n, m.k)))
    return call.fail("the matrix does not fit its buffer"), nullptr;
  engine->matrices.push_back(m);
  return make_number(env, (double)engine->matrices.size() - 1);
}

// engine, matrix, source, first row, rows, data, block scales, tensor scale
napi_value pack_rows(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const int id = call.integer(1), source = call.integer(2), first = call.integer(3),
            rows = call.integer(4);
  const Call::Bytes data = call.array(5), scales = call.array(6);
  const float tensor_scale = (float)call.number(7);
  if (call.failed()) return nullptr;
  if (id < 0 || (size_t)id >= engine->matrices.size()) return call.fail("no such matrix"), nullptr;
  const MatrixRecord m = engine->matrices[(size_t)id];
  static const int64_t bits[] = {32, 16, 16, 8, 4};
  if (source < 0 || source > kFromNvfp4 || !can_pack(source, m.format))
    return call.fail("this format cannot be made from that"), nullptr;
  if (first < 0 || rows < 0 || (int64_t)first + rows > m.n ||
      data.bytes != (uint64_t)((int64_t)rows * m.k * bits[source] / 8) ||
      (source == kFromNvfp4 &&
       (m.k % 16 != 0 || scales.bytes != (uint64_t)((int64_t)rows * m.k / 16))))
    return call.fail("the data's size does not fit"), nullptr;
  const int64_t bytes = packed_bytes(m.format, m.n, m.k);
  uint8_t* codes = engine->memory.at(m.buffer, m.offset, (uint64_t)bytes);
  if (!codes) return call.fail("the matrix does not fit its buffer"), nullptr;
  const PackArgs args = {source,
                         m.format,
                         m.n,
                         m.k,
                         first,
                         rows,
                         data.data,
                         scales.data,
                         tensor_scale,
                         codes,
                         (float*)(codes + bytes - round_up(m.n, 16) * 4)};
  return promise(call, engine, {5, 6}, [engine, args](double& bad) {
    std::atomic<int64_t> total = 0;
    engine->pool.run([&](int part, int parts) { total += pack(args, part, parts); });
    bad = (double)total;
    return std::string();
  });
}

// engine, buffer, offset, source, data
napi_value pack_rows_of_table(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const int buffer = call.integer(1), source = call.integer(3);
  const uint64_t offset = call.size(2);
  const Call::Bytes data = call.array(4);
  if (call.failed()) return nullptr;
  if (source < kFromF32 || source > kFromBf16)
    return call.fail("a table is made from unquantised values"), nullptr;
  const int64_t count = (int64_t)data.bytes / (source == kFromF32 ? 4 : 2);
  uint16_t* to = (uint16_t*)engine->memory.at(buffer, offset, (uint64_t)count * 2);
  if (!to) return call.fail("outside the buffer"), nullptr;
  return promise(call, engine, {4}, [=](double& bad) {
    std::atomic<int64_t> total = 0;
    engine->pool.run([&](int part, int parts) {
      total += pack_table(source, data.data, count, to, part, parts);
    });
    bad = (double)total;
    return std::string();
  });
}

napi_value run(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const Call::Bytes ops = call.array(1);
  const uint64_t op_words = call.size(2);
  const Call::Bytes data = call.array(3);
  const uint64_t data_words = call.size(4);
  if (call.failed()) return nullptr;
  if (op_words * 4 > ops.bytes || data_words * 4 > data.bytes)
    return call.fail("the program is shorter than it says"), nullptr;
  // a copy, so that the recorder may start the next step at once
  auto words = std::make_shared<std::vector<int32_t>>(op_words + data_words);
  memcpy(words->data(), ops.data, op_words * 4);
  memcpy(words->data() + op_words, data.data, data_words * 4);
  return promise(call, engine, {}, [engine, words, op_words, data_words](double&) {
    const ProgramInput input = {words->data(), words->data() + op_words, (int64_t)op_words,
                                (int64_t)data_words};
    std::vector<Op> program;
    std::string error;
    if (decode(input, {engine->memory, engine->matrices, engine->pool.size()}, program, error))
      execute(program, engine->table, engine->pool);
    return error;
  });
}

// engine, rgb, width, height, middle, out, then per axis: starts, counts, weights, taps, size
napi_value resize(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const Call::Bytes rgb = call.array(1), middle = call.array(4), out = call.array(5);
  ResizeArgs a = {rgb.data, middle.data, out.data, call.integer(2), call.integer(3), {}, {}};
  bool fits = true;
  for (size_t axis = 0; axis < 2; ++axis) {
    const size_t at = 6 + axis * 5;
    const Call::Bytes starts = call.array(at), counts = call.array(at + 1),
                      weights = call.array(at + 2);
    ResizeAxis& x = axis == 0 ? a.horizontal : a.vertical;
    x = {(int32_t*)starts.data, (int32_t*)counts.data, (int32_t*)weights.data, call.integer(at + 3),
         call.integer(at + 4)};
    if (call.failed()) return nullptr;
    const int64_t input = axis == 0 ? a.width : a.height;
    fits = fits && x.size > 0 && x.taps > 0 && starts.bytes == (uint64_t)x.size * 4 &&
           counts.bytes == starts.bytes && weights.bytes == (uint64_t)x.size * 4 * (uint64_t)x.taps;
    for (int32_t i = 0; fits && i < x.size; ++i)
      fits = x.starts[i] >= 0 && x.counts[i] >= 0 && x.counts[i] <= x.taps &&
             (int64_t)x.starts[i] + x.counts[i] <= input;
  }
  fits = fits && a.width > 0 && a.height > 0 &&
         rgb.bytes == (uint64_t)a.width * (uint64_t)a.height * 3 &&
         middle.bytes == (uint64_t)a.height * (uint64_t)a.horizontal.size * 3 &&
         out.bytes == (uint64_t)a.vertical.size * (uint64_t)a.horizontal.size * 3;
  if (!fits) return call.fail("resize: sizes do not fit"), nullptr;
  return promise(call, engine, {1, 4, 5, 6, 7, 8, 11, 12, 13}, [engine, a](double&) {
    engine->pool.run([&a](int part, int parts) { resize_horizontal(a, part, parts); });
    engine->pool.run([&a](int part, int parts) { resize_vertical(a, part, parts); });
    return std::string();
  });
}

// engine, rgb, width, height, left, top, side, table, out
napi_value cut(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const Call::Bytes rgb = call.array(1), table = call.array(7), out = call.array(8);
  const CutTileArgs a = {rgb.data,        call.integer(2), call.integer(3),    call.integer(4),
                         call.integer(5), call.integer(6), (float*)table.data, (float*)out.data};
  if (call.failed()) return nullptr;
  if (a.width <= 0 || a.height <= 0 || a.side <= 0 || a.left < 0 || a.top < 0 ||
      (int64_t)a.left + a.side > a.width || (int64_t)a.top + a.side > a.height ||
      rgb.bytes != (uint64_t)a.width * (uint64_t)a.height * 3 || table.bytes != 3 * 256 * 4 ||
      out.bytes != (uint64_t)a.side * (uint64_t)a.side * 12)
    return call.fail("cutTile: sizes do not fit"), nullptr;
  return promise(call, engine, {1, 7, 8}, [engine, a](double&) {
    engine->pool.run([&a](int part, int parts) { cut_tile(a, part, parts); });
    return std::string();
  });
}

// Measures the peak speed of the hardware; see probe.h.
napi_value measure(napi_env env, napi_callback_info info) {
  Call call(env, info);
  Engine* engine = call.engine();
  const std::string what = call.text(1);
  if (call.failed()) return nullptr;
  return promise(call, engine, {}, [engine, what](double& result) {
    result = probe(what, engine->table, engine->pool);
    return result < 0 ? "no such probe here: " + what : std::string();
  });
}

napi_value init(napi_env env, napi_value exports) {
  const std::pair<const char*, napi_callback> functions[] = {{"kernelSets", kernel_set_names},
                                                             {"opNames", operation_names},
                                                             {"open", open_engine},
                                                             {"close", close_engine},
                                                             {"allocate", allocate},
                                                             {"map", map_file},
                                                             {"flush", flush},
                                                             {"release", release},
                                                             {"write", write_buffer},
                                                             {"read", read_buffer},
                                                             {"sizeOf", size_of},
                                                             {"matrix", register_matrix},
                                                             {"pack", pack_rows},
                                                             {"packTable", pack_rows_of_table},
                                                             {"run", run},
                                                             {"resize", resize},
                                                             {"cutTile", cut},
                                                             {"probe", measure}};
  for (const auto& [name, callback] : functions) {
    napi_value function;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}

}  // namespace
}  // namespace vireo

NAPI_MODULE(NODE_GYP_MODULE_NAME, vireo::init)
