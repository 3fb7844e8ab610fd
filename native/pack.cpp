#include "pack.h"

#include <math.h>
#include <string.h>

#include <algorithm>
#include <vector>

namespace vireo {

bool can_pack(int source, int format) {
  if (source == kFromFp8) return format == kFp8;
  if (source == kFromNvfp4) return format == kNvfp4;
  return format == kBf16 || is_integer(format);
}

static float half_to_f32(uint16_t h) {
  const uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 1023;
  float value;
  if (exponent == 0) {
    value = (float)fraction * 5.9604644775390625e-8f;  // 2^-24
    return sign ? -value : value;
  }
  const uint32_t bits = sign | (exponent == 31 ? 255 : exponent + 112) << 23 | fraction << 13;
  memcpy(&value, &bits, 4);
  return value;
}

static uint16_t to_bf16(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (uint16_t)(bits >> 16 | 0x40u);
  return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

// Values [begin, begin + count) of an unquantised source.
static void read_values(int source, const uint8_t* data, int64_t begin, int64_t count, float* out) {
  if (source == kFromF32) {
    memcpy(out, data + begin * 4, (size_t)count * 4);
    return;
  }
  for (int64_t i = 0; i < count; ++i) {
    uint16_t bits;
    memcpy(&bits, data + (begin + i) * 2, 2);
    if (source == kFromF16) out[i] = half_to_f32(bits);
    else {
      const uint32_t wide = (uint32_t)bits << 16;
      memcpy(out + i, &wide, 4);
    }
  }
}

static int64_t count_bad(const float* x, int64_t count) {
  int64_t bad = 0;
  for (int64_t i = 0; i < count; ++i) bad += !(fabsf(x[i]) <= 3.4028235e38f);
  return bad;
}

// E4M3 codes that are NaN, or, where no sign is allowed, negative.
static int64_t count_bad_codes(const uint8_t* codes, int64_t count, bool may_be_negative) {
  int64_t bad = 0;
  for (int64_t i = 0; i < count; ++i)
    bad += (codes[i] & 0x7f) == 0x7f || (!may_be_negative && codes[i] > 0x7f);
  return bad;
}

static int nearest(float x, int low, int high) {
  const float r = nearbyintf(x);
  return r <= (float)low ? low : r >= (float)high ? high : (int)r;
}

// The blocks of a strip that a row of k weights goes through: `run` packs `count` weights of w into
// `tiles` tiles.
template <typename Run>
static void each_block(int format, const float* w, int64_t k, uint8_t* strip, Run run) {
  for (int64_t from = 0; from < k; from += kBlockK) {
    const int64_t count = std::min<int64_t>(kBlockK, k - from),
                  tiles = (count + kIntTileK - 1) / kIntTileK;
    run(w + from, count, tiles, strip);
    strip += tiles * int_tile_bytes(format) + kScaleBytes;
  }
}

static float widest_of(const float* w, int64_t count) {
  float widest = 0.0f;
  for (int64_t i = 0; i < count; ++i) widest = std::max(widest, fabsf(w[i]));
  return widest;
}

static void pack_int8(const float* w, int64_t k, int lane, uint8_t* strip) {
  each_block(kInt8, w, k, strip,
             [lane](const float* block, int64_t count, int64_t tiles, uint8_t* to) {
               const float amax = widest_of(block, count), scale = amax / 127.0f,
                           inverse = amax > 0.0f ? 127.0f / amax : 0.0f;
               for (int64_t i = 0; i < count; ++i)
                 to[i / 4 * 64 + lane * 4 + i % 4] =
                     (uint8_t)(int8_t)nearest(block[i] * inverse, -127, 127);
               memcpy(to + tiles * 1024 + lane * 4, &scale, 4);
             });
}

// Squared error of a group of up to 32 weights at one step size.
static float group_error(const float* w, int64_t count, float step) {
  const float inverse = 1.0f / step;
  float error = 0.0f;
  for (int64_t i = 0; i < count; ++i) {
    const float d = w[i] - (float)nearest(w[i] * inverse, -8, 7) * step;
    error += d * d;
  }
  return error;
}

// The multiplier (1 to 16) of a group: the one with the least squared error among those near the
// group's own extent.
static int best_multiplier(const float* w, int64_t count, float scale) {
  if (!(scale > 0.0f) || count == 0) return 1;
  const int top = nearest(ceilf(widest_of(w, count) / (7.0f * scale)), 1, 16);
  int best = 1;
  float least = INFINITY;
  for (int m = std::max(1, top - 4); m <= top; ++m) {
    const float error = group_error(w, count, scale * (float)m);
    if (error < least) least = error, best = m;
  }
  return best;
}

// A block's scale makes 16 the multiplier of its widest group.
static void pack_int4(const float* w, int64_t k, int lane, uint8_t* strip) {
  const int64_t bytes = int_tile_bytes(kInt4);
  each_block(
      kInt4, w, k, strip, [=](const float* block, int64_t count, int64_t tiles, uint8_t* to) {
        const float scale = widest_of(block, count) / (16.0f * 7.25f);
        for (int64_t g = 0; g < tiles * 2; ++g) {
          const float* group = block + g * 32;
          const int64_t size = std::clamp<int64_t>(count - g * 32, 0, 32);
          const int m = best_multiplier(group, size, scale);
          const float inverse = scale > 0.0f ? 1.0f / (scale * (float)m) : 0.0f;
          uint8_t* tile = to + g / 2 * bytes;
          for (int64_t i = 0; i < 32; ++i) {
            const int q = i < size ? nearest(group[i] * inverse, -8, 7) + 8 : 8;
            uint8_t& byte = tile[g % 2 * 256 + i / 8 * 64 + lane * 4 + i % 4];
            byte = (uint8_t)(i % 8 < 4 ? (byte & 0xf0) | q : (byte & 0x0f) | q << 4);
          }
          uint8_t& multiplier = tile[512 + lane];
          multiplier =
              (uint8_t)(g % 2 ? (multiplier & 0x0f) | (m - 1) << 4 : (multiplier & 0xf0) | (m - 1));
        }
        memcpy(to + tiles * bytes + lane * 4, &scale, 4);
      });
}

static void pack_bf16(const float* w, int64_t k, int lane, uint8_t* strip) {
  uint16_t* to = (uint16_t*)strip;
  for (int64_t i = 0; i < k; ++i) to[i / 2 * 32 + lane * 2 + i % 2] = to_bf16(w[i]);
}

static void pack_fp8(const uint8_t* w, int64_t k, int lane, uint8_t* strip) {
  for (int64_t i = 0; i < k; ++i) strip[i / 2 * 32 + lane * 2 + i % 2] = w[i];
}

static void pack_nvfp4(const uint8_t* w, const uint8_t* scales, int64_t k, int lane,
                       uint8_t* strip) {
  for (int64_t i = 0; i < k / 2; ++i)
    strip[i / 16 * 288 + i % 16 / 4 * 64 + lane * 4 + i % 4] = w[i];
  for (int64_t g = 0; g < k / 16; ++g) strip[g / 2 * 288 + 256 + g % 2 * 16 + lane] = scales[g];
}

int64_t pack(const PackArgs& a, int part, int parts) {
  int64_t bad = 0;
  const int64_t strip_size = strip_bytes(a.format, a.k);
  const int64_t begin = (int64_t)a.rows * part / parts, end = (int64_t)a.rows * (part + 1) / parts;
  std::vector<float> row((size_t)a.k);
  for (int64_t r = begin; r < end; ++r) {
    const int64_t n = a.first_row + r;
    uint8_t* strip = a.codes + n / 16 * strip_size;
    const int lane = (int)(n % 16);
    a.row_scale[n] = a.tensor_scale;
    if (a.format == kFp8) {
      bad += count_bad_codes(a.data + r * a.k, a.k, true);
      pack_fp8(a.data + r * a.k, a.k, lane, strip);
    } else if (a.format == kNvfp4) {
      bad += count_bad_codes(a.block_scales + r * (a.k / 16), a.k / 16, false);
      pack_nvfp4(a.data + r * (a.k / 2), a.block_scales + r * (a.k / 16), a.k, lane, strip);
    } else {
      read_values(a.source, a.data, r * a.k, a.k, row.data());
      bad += count_bad(row.data(), a.k);
      if (a.format == kInt8) pack_int8(row.data(), a.k, lane, strip);
      else if (a.format == kInt4) pack_int4(row.data(), a.k, lane, strip);
      else pack_bf16(row.data(), a.k, lane, strip);
    }
  }
  return bad + (part == 0 && !(fabsf(a.tensor_scale) <= 3.4028235e38f));
}

int64_t pack_table(int source, const uint8_t* data, int64_t count, uint16_t* to, int part,
                   int parts) {
  constexpr int64_t kRun = 1024;
  float values[kRun];
  int64_t bad = 0;
  for (int64_t at = count * part / parts, end = count * (part + 1) / parts; at < end; at += kRun) {
    const int64_t run = std::min(kRun, end - at);
    read_values(source, data, at, run, values);
    bad += count_bad(values, run);
    for (int64_t i = 0; i < run; ++i) to[at + i] = to_bf16(values[i]);
  }
  return bad;
}

}  // namespace vireo
