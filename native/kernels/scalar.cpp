// Plain loops for any CPU: one float at a time, the same sources as the fast sets.
#define LANES 1
#include "vec.h"

#include "table.inl"

vireo::KernelTable vireo::kernels_scalar() { return make_table("scalar"); }
