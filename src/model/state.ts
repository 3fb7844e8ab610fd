import {
  type Backend,
  type KvCache,
  type KvDtype,
  type MambaState,
  PAGE_ROWS,
  pad16,
  type Region,
  SCAN_CHUNK,
  type Step,
  scanTailWidth,
  type Tensor,
  tensorAt,
} from "../backends/backend.ts";
import type { ModelConfig } from "./config.ts";

/** The state of one layer for all sequences of an engine. */
export type LayerState =
  | { readonly kind: "mamba2"; readonly mamba: MambaState }
  | { readonly kind: "attention"; readonly cache: KvCache }
  | { readonly kind: "mlp" };

export interface ModelState {
  readonly layers: readonly LayerState[];
  readonly regions: readonly Region[];
}

export interface StateSizes {
  /** Sequences that may be alive at once. */
  readonly slots: number;
  /** KV pages of PAGE_ROWS tokens, shared by all sequences. */
  readonly pages: number;
  readonly kvDtype: KvDtype;
}

/** Bytes of one KV page over all attention layers. */
export function pageBytes(config: ModelConfig, kvDtype: KvDtype): number {
  const { kvHeads, headDim } = config.text.attention;
  const layers = config.text.layers.filter((kind) => kind === "attention").length;
  return layers * 2 * kvHeads * headDim * PAGE_ROWS * (kvDtype === "f32" ? 4 : 2);
}

/** Bytes of one sequence's slot over all Mamba layers: conv window, state, tail. */
export function slotBytes(config: ModelConfig): number {
  const { conv, ssm, tail } = slotFloats(config);
  const layers = config.text.layers.filter((kind) => kind === "mamba2").length;
  return layers * 4 * (conv + ssm + tail);
}

function slotFloats(config: ModelConfig) {
  const { heads, headDim, groups, state, convKernel, convWidth } = config.text.mamba;
  return {
    conv: (convKernel - 1) * convWidth,
    ssm: heads * state * pad16(headDim),
    tail: SCAN_CHUNK * scanTailWidth(heads, headDim, groups, state),
  };
}

/** Reserves the memory of all sequences now; pages are touched only when sequences use them. */
export function createState(backend: Backend, config: ModelConfig, sizes: StateSizes): ModelState {
  const regions: Region[] = [];
  const allocate = (bytes: number): Region => {
    const region = backend.allocate(bytes);
    regions.push(region);
    return region;
  };
  const rowsOf = (cols: number): Tensor =>
    tensorAt(allocate(sizes.slots * cols * 4), 0, sizes.slots, cols);
  const floats = slotFloats(config);
  const { kvHeads, headDim } = config.text.attention;
  const { pages, kvDtype: dtype } = sizes;
  const cacheBytes = pages * kvHeads * headDim * PAGE_ROWS * (dtype === "f32" ? 4 : 2);
  const layers = config.text.layers.map((kind): LayerState => {
    if (kind === "mlp") return { kind };
    if (kind === "mamba2") {
      const { conv, ssm, tail } = floats;
      return { kind, mamba: { conv: rowsOf(conv), ssm: rowsOf(ssm), tail: rowsOf(tail) } };
    }
    const keys = allocate(cacheBytes).buffer;
    const values = allocate(cacheBytes).buffer;
    return { kind, cache: { keys, values, pages, kvHeads, headDim, dtype } };
  });
  return { layers, regions };
}

/**
 * Records copies of whole slots. Their sequences must be at a chunk boundary: then the scan's tail
 * is empty and need not be copied.
 */
export function copySlots(
  step: Step,
  state: ModelState,
  copies: readonly (readonly [from: number, to: number])[],
): void {
  const copyRow = (x: Tensor, from: Int32Array, to: Int32Array): void => {
    step.scope(() => step.scatterRows(x, to, step.gatherRows(x, from)));
  };
  for (const copy of copies) {
    const [from, to] = copy.map((slot) => Int32Array.of(slot));
    for (const layer of state.layers) {
      if (layer.kind !== "mamba2") continue;
      copyRow(layer.mamba.conv, from!, to!);
      copyRow(layer.mamba.ssm, from!, to!);
    }
  }
}
