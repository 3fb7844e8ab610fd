#include <immintrin.h>

#include "probe-loops.h"

namespace vireo {

struct __attribute__((packed, aligned(64))) ProbeConfig {
  uint8_t palette = 1, start_row = 0, reserved[14] = {};
  uint16_t bytes_per_row[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

static const ProbeConfig kConfig;

// Values of every size and sign: on zeros the unit draws less power and runs above its real speed.
struct Values {
  alignas(64) uint16_t tiles[4][512];
  Values() {
    uint32_t x = 1;
    for (auto& tile : tiles)
      for (uint16_t& value : tile) {
        x = x * 1664525u + 1013904223u;
        value = (uint16_t)(0x3c00u + (x >> 16 & 0x83ffu));
      }
  }
};
static const Values kValues;

static void start() {
  _tile_loadconfig(&kConfig);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, kValues.tiles[0], 64);
  _tile_loadd(5, kValues.tiles[1], 64);
  _tile_loadd(6, kValues.tiles[2], 64);
  _tile_loadd(7, kValues.tiles[3], 64);
}

// Four accumulators, two tiles on either side: the shape of the real kernel without its loads.
double probe_amx_bf16(int64_t count) {
  count /= 8;
  start();
  for (int64_t i = 0; i < count; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return (double)count * 4 * 16 * 16 * 32 * 2;
}

double probe_amx_int8(int64_t count) {
  count /= 8;
  start();
  for (int64_t i = 0; i < count; ++i) {
    _tile_dpbssd(0, 4, 6);
    _tile_dpbssd(1, 4, 7);
    _tile_dpbssd(2, 5, 6);
    _tile_dpbssd(3, 5, 7);
  }
  _tile_release();
  return (double)count * 4 * 16 * 16 * 64 * 2;
}

}  // namespace vireo
