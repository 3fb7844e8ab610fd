// The roofs that a benchmark is held against: how fast this machine multiplies from registers
// alone, and reads memory.
#pragma once
#include <string>

#include "kernels.h"
#include "threads.h"

namespace vireo {

// Best of many short runs on every thread of the pool together: operations per second ("amx-bf16",
// "amx-int8", "avx512-f32", "avx512-int8") or bytes per second ("read"). "matmul-bf16" and
// "matmul-int8" run the table's own multiplication, x converted beforehand, on weights that fit the
// cache (256 rows, k 1280, n 640), one product per thread. Negative if this CPU or build lacks it.
double probe(const std::string& what, const KernelTable& table, Pool& pool);

}  // namespace vireo
