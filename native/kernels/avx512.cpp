// AVX-512 with VNNI: sixteen floats at a time.
#include "avx512.inl"

vireo::KernelTable vireo::kernels_avx512() { return make_table("avx512"); }
