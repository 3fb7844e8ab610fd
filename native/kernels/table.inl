// Every kernel of one instruction set, compiled from the shared sources.
#include "attention.inl"
#include "conv1d.inl"
#include "matmul.inl"
#include "norm.inl"
#include "rope.inl"
#include "rows.inl"
#include "ssm-scan.inl"
#include "swiglu.inl"

namespace vireo {
namespace {

KernelTable make_table(const char* name) {
  return {
      .name = name,
      .matmul_prepare = matmul_prepare,
      .matmul = matmul,
      .rms_norm = rms_norm,
      .layer_norm = layer_norm,
      .gated_norm = gated_norm,
      .conv1d = conv1d,
      .ssm_prepare = ssm_prepare,
      .ssm_scan = ssm_scan,
      .ssm_tail = ssm_tail,
      .attention_store = attention_store,
      .attention = attention,
      .rope = rope,
      .swiglu = swiglu,
      .tile_attention = tile_attention,
      .embed = embed,
      .rows = rows,
      .patchify = patchify,
      .tile_tokens = tile_tokens,
      .pixel_shuffle = pixel_shuffle,
  };
}

}  // namespace
}  // namespace vireo
