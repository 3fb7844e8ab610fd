// NEON (64-bit Arm): four floats at a time; int8 products by way of 16-bit ones, which every such
// CPU has.
#define LANES 4
#include "vec.h"

namespace vireo {
namespace {

inline int8x16_t broadcast4(const int8_t* q) {
  int32_t word;
  memcpy(&word, q, 4);
  return vreinterpretq_s8_s32(vdupq_n_s32(word));
}

// Four columns' four products each, added in pairs: [column][2] 32-bit sums over two vectors.
struct Pairs {
  int32x4_t low, high;
};
inline Pairs madd(int8x16_t codes, int8x16_t x, Pairs total) {
  total.low = vpadalq_s16(total.low, vmull_s8(vget_low_s8(codes), vget_low_s8(x)));
  total.high = vpadalq_s16(total.high, vmull_high_s8(codes, x));
  return total;
}
inline int32x4_t joined(Pairs total) { return vpaddq_s32(total.low, total.high); }

// Sixteen columns' multipliers of group g, as 32-bit numbers of four columns.
inline int32x4_t multipliers(const uint8_t* tile, int g, int column) {
  uint32_t word;
  memcpy(&word, tile + 512 + column, 4);
  const uint8x8_t bytes = vcreate_u8(g ? word >> 4 & 0x0f0f0f0fu : word & 0x0f0f0f0fu);
  const uint32x4_t less_one = vmovl_u16(vget_low_u16(vmovl_u8(bytes)));
  return vreinterpretq_s32_u32(vaddq_u32(less_one, vdupq_n_u32(1)));
}

#define VIREO_DOT_TILE
inline void dot_tile(int format, const uint8_t* tile, const int8_t* q, const int32_t* sums,
                     int32_t* idot) {
  const uint8x16_t nibble = vdupq_n_u8(15);
  for (int column = 0; column < 16; column += 4) {
    int32x4_t total = vld1q_s32(idot + column);
    if (format == kInt8) {
      Pairs products = {vdupq_n_s32(0), vdupq_n_s32(0)};
      for (int quad = 0; quad < 16; ++quad) {
        const uint8x16_t codes = vld1q_u8(tile + quad * 64 + column * 4);
        products = madd(vreinterpretq_s8_u8(codes), broadcast4(q + quad * 4), products);
      }
      vst1q_s32(idot + column, vaddq_s32(total, joined(products)));
      continue;
    }
    for (int g = 0; g < 2; ++g) {
      Pairs products = {vdupq_n_s32(0), vdupq_n_s32(0)};
      for (int run = 0; run < 4; ++run) {
        const uint8x16_t codes = vld1q_u8(tile + g * 256 + run * 64 + column * 4);
        const int8_t* x = q + g * 32 + run * 8;
        const int8x16_t first = vreinterpretq_s8_u8(vandq_u8(codes, nibble));
        const int8x16_t second = vreinterpretq_s8_u8(vshrq_n_u8(codes, 4));
        products = madd(first, broadcast4(x), products);
        products = madd(second, broadcast4(x + 4), products);
      }
      const int32x4_t sum = vaddq_s32(joined(products), vdupq_n_s32(-8 * sums[g]));
      total = vmlaq_s32(total, sum, multipliers(tile, g, column));
    }
    vst1q_s32(idot + column, total);
  }
}

}  // namespace
}  // namespace vireo

#include "table.inl"

vireo::KernelTable vireo::kernels_neon() { return make_table("neon"); }
