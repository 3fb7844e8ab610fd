// Arguments of a call from JavaScript, checked as they are taken.
#pragma once
#define NAPI_VERSION 8
#include <node_api.h>

#include <string>
#include <vector>

#include "engine.h"

namespace vireo {

// Arguments of one call. The first failure throws in JavaScript; the rest of the call then returns
// at once.
class Call {
 public:
  Call(napi_env env, napi_callback_info info) : env(env) {
    size_t count = kMax;
    napi_get_cb_info(env, info, &count, values_, nullptr, nullptr);
    count_ = count;
  }
  napi_env env;

  double number(size_t i) {
    double x = 0;
    if (i >= count_ || napi_get_value_double(env, values_[i], &x) != napi_ok)
      fail("expected a number");
    return x;
  }
  int32_t integer(size_t i) { return (int32_t)number(i); }
  uint64_t size(size_t i) {
    const double x = number(i);
    if (!(x >= 0 && x <= 9007199254740991.0)) return fail("expected a size"), 0;
    return (uint64_t)x;
  }
  std::string text(size_t i) {
    size_t length = 0;
    if (i >= count_ || napi_get_value_string_utf8(env, values_[i], nullptr, 0, &length) != napi_ok)
      return fail("expected a string"), "";
    std::string s(length + 1, '\0');
    napi_get_value_string_utf8(env, values_[i], s.data(), s.size(), &length);
    s.resize(length);
    return s;
  }
  struct Bytes {
    uint8_t* data = nullptr;
    size_t bytes = 0;
  };
  // Any typed array.
  Bytes array(size_t i) {
    napi_typedarray_type type;
    size_t length = 0;
    void* data = nullptr;
    bool is = false;
    if (i >= count_ || napi_is_typedarray(env, values_[i], &is) != napi_ok || !is ||
        napi_get_typedarray_info(env, values_[i], &type, &length, &data, nullptr, nullptr) !=
            napi_ok)
      return fail("expected a typed array"), Bytes{};
    static const size_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
    return {(uint8_t*)data, length * sizes[type]};
  }
  Engine* engine() {
    void* data = nullptr;
    if (count_ < 1 || napi_get_value_external(env, values_[0], &data) != napi_ok || !data ||
        !*(Engine**)data)
      return fail("expected an open engine"), nullptr;
    return *(Engine**)data;
  }
  napi_value value(size_t i) const { return values_[i]; }
  void fail(const std::string& what) {
    if (failed_) return;
    failed_ = true;
    napi_throw_error(env, nullptr, what.c_str());
  }
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kMax = 16;  // resize takes the most
  napi_value values_[kMax] = {};
  size_t count_ = 0;
  bool failed_ = false;
};

inline napi_value make_number(napi_env env, double x) {
  napi_value v;
  napi_create_double(env, x, &v);
  return v;
}
inline napi_value make_strings(napi_env env, const std::vector<std::string>& strings) {
  napi_value list;
  napi_create_array_with_length(env, strings.size(), &list);
  for (size_t i = 0; i < strings.size(); ++i) {
    napi_value s;
    napi_create_string_utf8(env, strings[i].c_str(), strings[i].size(), &s);
    napi_set_element(env, list, (uint32_t)i, s);
  }
  return list;
}

}  // namespace vireo
