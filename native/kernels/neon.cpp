// NEON (64-bit Arm): four floats at a time.
#define LANES 4
#include "vec.h"

#include "table.inl"

vireo::KernelTable vireo::kernels_neon() { return make_table("neon"); }
