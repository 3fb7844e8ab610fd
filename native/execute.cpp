// Runs the operations that decode() read, one after the other, each on every thread.
#include "program.h"

namespace vireo {

namespace {

struct Run {
  const KernelTable& table;
  Barrier& barrier;
  int part, parts;

  void operator()(const MatmulArgs& a) const {
    table.matmul_prepare(a, part, parts), barrier.wait(), table.matmul(a, part, parts);
  }
  void operator()(const RmsNormArgs& a) const { table.rms_norm(a, part, parts); }
  void operator()(const LayerNormArgs& a) const { table.layer_norm(a, part, parts); }
  void operator()(const GatedNormArgs& a) const { table.gated_norm(a, part, parts); }
  void operator()(const Conv1dArgs& a) const { table.conv1d(a, part, parts); }
  void operator()(const SsmScanArgs& a) const {
    table.ssm_prepare(a, part, parts), barrier.wait();
    table.ssm_scan(a, part, parts), barrier.wait();
    table.ssm_tail(a, part, parts);
  }
  void operator()(const AttentionArgs& a) const {
    table.attention_store(a, part, parts), barrier.wait(), table.attention(a, part, parts);
  }
  void operator()(const TileAttentionArgs& a) const { table.tile_attention(a, part, parts); }
  void operator()(const RopeArgs& a) const { table.rope(a, part, parts); }
  void operator()(const SwigluArgs& a) const { table.swiglu(a, part, parts); }
  void operator()(const MeanRowsArgs& a) const { mean_rows(a, part, parts); }
  void operator()(const EmbedArgs& a) const { table.embed(a, part, parts); }
  void operator()(const RowsArgs& a) const { table.rows(a, part, parts); }
  void operator()(const PatchifyArgs& a) const { table.patchify(a, part, parts); }
  void operator()(const TileTokensArgs& a) const { table.tile_tokens(a, part, parts); }
  void operator()(const PixelShuffleArgs& a) const { table.pixel_shuffle(a, part, parts); }
  void operator()(const SampleArgs& a) const { sample(a, part, parts); }
  void operator()(const CosineDistanceArgs& a) const { cosine_distance(a, part, parts); }
  void operator()(const AddArgs& a) const {
    for (int64_t r = part; r < a.x.rows; r += parts)
      for (int64_t c = 0; c < a.x.cols; ++c)
        a.y.data[r * a.y.stride + c] += a.x.data[r * a.x.stride + c];
  }
};

}  // namespace

void execute(const std::vector<Op>& ops, const KernelTable& table, Pool& pool) {
  Barrier barrier(pool.size());
  pool.run([&](int part, int parts) {
    const Run run = {table, barrier, part, parts};
    for (const Op& op : ops) {
      std::visit(run, op);
      barrier.wait();
    }
  });
}

}  // namespace vireo
