// The Mamba-2 mixer, for prefill and decode alike.               Source: MODEL.md § Mamba-2.
//
//   normed ─in─▶ gate │ conv input │ dt        conv input ─conv1d·silu─▶ u │ B │ C
//   scan(u, B, C, dt) ─▶ y ─norm(y · silu(gate))─▶ out
//
// T rows in the batch · H heads 128 · P head width 80 · G groups 8 · N state 128
// inner = H·P · bc = G·N · conv = inner + 2·bc

import { type Batch, columns, type Step, type Tensor } from "../backends/backend.ts";
import { assert } from "../core/assert.ts";
import type { TextConfig } from "./config.ts";
import type { Mamba2Weights } from "./parameters.ts";
import type { LayerState } from "./state.ts";

export function mamba2(
  step: Step,
  config: TextConfig,
  w: Mamba2Weights,
  x: Tensor,
  normed: Tensor,
  batch: Batch,
  state: LayerState,
): void {
  assert(state.kind === "mamba2", "the layer's state is its own");
  const { inner, convWidth, heads, groups, state: n } = config.mamba;
  const bc = groups * n;
  const projected = step.matmul(normed, w.inProj); // [T, inner + conv + H]
  const gate = columns(projected, 0, inner); // [T, inner]
  const convIn = columns(projected, inner, convWidth); // [T, conv]
  const dt = columns(projected, inner + convWidth, heads); // [T, H]
  const mixed = step.conv1d(convIn, w.convWeight, w.convBias, batch, state.mamba); // [T, conv]
  const u = columns(mixed, 0, inner); // [T, inner]
  const b = columns(mixed, inner, bc); // [T, bc]
  const c = columns(mixed, inner + bc, bc); // [T, bc]
  const y = step.ssmScan({ u, b, c, dt }, w.scan, batch, state.mamba); // [T, inner]
  const gated = step.gatedNorm(y, gate, w.gateNorm, groups, config.eps); // [T, inner]
  step.matmulAdd(x, gated, w.outProj); // [T, hidden]
}
