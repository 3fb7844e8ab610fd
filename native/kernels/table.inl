// Every kernel of one instruction set, compiled from the shared sources.
#include "attention.inl"
#include "conv1d.inl"
#include "matmul.inl"
#include "norm.inl"
#include "rows.inl"
#include "ssm-scan.inl"

namespace vireo {
namespace {

KernelTable make_table(const char* name) {
  return {name,           matmul_prepare, matmul,   rms_norm, layer_norm,      gated_norm,
          conv1d,         ssm_prepare,    ssm_scan, ssm_tail, attention_store, attention,
          tile_attention, embed,          rows,     patchify, tile_tokens,     pixel_shuffle};
}

}  // namespace
}  // namespace vireo
