// A recorded step: words from JavaScript → checked kernel arguments → run on every thread of the
// pool.
#pragma once
#include <string>
#include <variant>
#include <vector>

#include "kernels.h"
#include "memory.h"
#include "threads.h"

namespace vireo {

// A packed matrix in a buffer; named by its index in the program.
struct MatrixRecord {
  int buffer;
  uint64_t offset;
  int32_t format, n, k;
};

// y += x.
struct AddArgs {
  View x, y;
};

using Op = std::variant<MatmulArgs, RmsNormArgs, LayerNormArgs, GatedNormArgs, Conv1dArgs,
                        SsmScanArgs, AttentionArgs, TileAttentionArgs, EmbedArgs, RowsArgs,
                        PatchifyArgs, TileTokensArgs, PixelShuffleArgs, SampleArgs, AddArgs,
                        CosineDistanceArgs, RopeArgs, SwigluArgs, MeanRowsArgs>;

// Names of the operations in the order of their codes.
const std::vector<std::string>& op_names();

struct ProgramInput {
  const int32_t *ops, *data;
  int64_t op_words, data_words;
};

// Memory and matrices that a program refers to. `parts` is the number of threads that will run it.
struct Machine {
  const Memory& memory;
  const std::vector<MatrixRecord>& matrices;
  int parts;
};

// Checks every buffer, row and index against its bounds. On failure returns false and says what was
// wrong.
bool decode(const ProgramInput&, const Machine&, std::vector<Op>& ops, std::string& error);

void execute(const std::vector<Op>& ops, const KernelTable&, Pool&);

}  // namespace vireo
