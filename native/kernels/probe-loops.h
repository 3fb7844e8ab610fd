#pragma once
#include <stddef.h>
#include <stdint.h>

namespace vireo {

// Each does `count` rounds from registers and returns the operations done (a multiply-add counts as
// two).
double probe_amx_bf16(int64_t count);
double probe_amx_int8(int64_t count);
double probe_avx512_f32(int64_t count);
double probe_avx512_int8(int64_t count);
// Reads `bytes` (a multiple of 512) once; returns them.
double probe_read(const uint8_t* from, size_t bytes);

}  // namespace vireo
