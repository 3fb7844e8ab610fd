// Features of this CPU, and the kernel sets that they allow.
#pragma once
#include <string>
#include <vector>

#include "kernels.h"

namespace vireo {

// Names of the kernel sets that run here, fastest first.
std::vector<std::string> kernel_sets();

// The table of that name; false if this CPU (or this build) does not have it.
bool kernel_table(const std::string& name, KernelTable& table);

}  // namespace vireo
