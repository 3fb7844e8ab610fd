// Reads the operands of one recorded operation from its words; src/backends/ops.ts is the layout.
#pragma once
#include <string.h>

#include <string>

#include "program.h"

namespace vireo {

// Reads one operation's words. The first failure sticks; everything read after it is harmless
// zeros.
class Reader {
 public:
  Reader(const int32_t* words, int64_t count, const ProgramInput& input, const Machine& machine,
         std::string& error)
      : words_(words), left_(count), input_(input), machine_(machine), error_(error) {}

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
    const uint64_t begin = (uint64_t)(uint32_t)offset * 4;
    v.data = (float*)machine_.memory.at(buffer, begin, (uint64_t)floats * 4);
    if (!v.data) fail("a tensor lies outside its buffer");
    return v;
  }
  const float* vector(int64_t cols) {
    const View v = view();
    if (v.rows * v.cols != cols) fail("a vector's length is wrong");
    return v.data;
  }
  // Scratch memory: a buffer and an offset in floats.
  uint8_t* scratch(int64_t count) {
    const int32_t buffer = integer(), offset = integer();
    uint8_t* at = machine_.memory.at(buffer, (uint64_t)(uint32_t)offset * 4, (uint64_t)count);
    if (!at) fail("scratch lies outside its buffer");
    return at;
  }
  // How many units of `size` words, and where they begin in the data.
  const int32_t* data(int64_t size, int64_t& count) {
    count = integer();
    const int64_t at = integer();
    if (at < 0 || count < 0 || at > input_.data_words ||
        count > (input_.data_words - at) / size)
      return fail("data out of range"), nullptr;
    return input_.data + at;
  }
  // One word per row.
  const int32_t* data_of_rows(int64_t rows) {
    int64_t count = 0;
    const int32_t* words = data(1, count);
    require(count == rows, "there is not one word per row");
    return words;
  }
  Batch batch(int64_t rows) {
    int64_t count = 0, pages = 0;
    Batch b = {(const Span*)data(5, count), nullptr, 0};
    b.pages = data(1, pages);
    b.count = (int32_t)count;
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
  const Machine& machine() const { return machine_; }
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
  const Machine& machine_;
  std::string& error_;
};

}  // namespace vireo
