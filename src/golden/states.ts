// The state of a sequence, converted to the layout of the golden data.

import {
  type Backend,
  type KvCache,
  type MambaState,
  PAGE_ROWS,
  pad16,
  rows,
  SCAN_CHUNK,
  scanTailWidth,
} from "../backends/backend.ts";
import { bf16ToF32 } from "../core/dtype.ts";
import type { MambaConfig } from "../model/config.ts";

/** The last taps − 1 inputs of the convolution, [channels, taps − 1], oldest first. */
export async function convState(
  backend: Backend,
  config: MambaConfig,
  state: MambaState,
  slot: number,
): Promise<Float32Array> {
  const { convWidth, convKernel } = config;
  const [saved] = await backend.begin().read(rows(state.conv, slot, 1));
  const out = new Float32Array(convWidth * (convKernel - 1));
  for (let tap = 0; tap < convKernel - 1; tap++) {
    for (let c = 0; c < convWidth; c++) {
      out[c * (convKernel - 1) + tap] = saved![tap * convWidth + c]!;
    }
  }
  return out;
}

/**
 * The Mamba state after `tokens` tokens, [heads, headDim, state]: the state at the last chunk
 * boundary, advanced over the tail.
 *   S ← exp(s_last)·S + Σ_j exp(s_last − s_j)·Δ_j·(B_j ⊗ x_j),  s the running sum of Δ·A
 */
export async function ssmState(
  backend: Backend,
  config: MambaConfig,
  state: MambaState,
  slot: number,
  tokens: number,
): Promise<Float32Array> {
  const { heads, headDim, groups, state: n } = config;
  const step = backend.begin();
  const [saved, tail] = await step.read(rows(state.ssm, slot, 1), rows(state.tail, slot, 1));
  const padded = pad16(headDim);
  const width = scanTailWidth(heads, headDim, groups, n);
  const since = tokens % SCAN_CHUNK;
  const out = new Float32Array(heads * headDim * n);
  for (let h = 0; h < heads; h++) {
    const group = Math.floor((h * groups) / heads);
    const running = (j: number): number => tail![j * width + width - heads + h]!;
    const last = since === 0 ? 0 : running(since - 1);
    for (let p = 0; p < headDim; p++) {
      for (let i = 0; i < n; i++) {
        let sum = Math.exp(last) * saved![(h * n + i) * padded + p]!;
        for (let j = 0; j < since; j++) {
          const delta = tail![j * width + width - 2 * heads + h]!;
          const x = tail![j * width + h * headDim + p]!;
          const b = tail![j * width + heads * headDim + group * n + i]!;
          sum += Math.exp(last - running(j)) * delta * b * x;
        }
        out[(h * headDim + p) * n + i] = sum;
      }
    }
  }
  return out;
}

/** Keys and values of the first `tokens` tokens, both [tokens, kvHeads, headDim]. */
export function cachedRows(
  backend: Backend,
  cache: KvCache,
  pages: ArrayLike<number>,
  tokens: number,
): { readonly k: Float32Array; readonly v: Float32Array } {
  const { kvHeads, headDim } = cache;
  const keys = readCache(backend, cache, cache.keys);
  const values = readCache(backend, cache, cache.values);
  const k = new Float32Array(tokens * kvHeads * headDim);
  const v = new Float32Array(k.length);
  for (let t = 0; t < tokens; t++) {
    const page = pages[Math.floor(t / PAGE_ROWS)]!;
    const line = t % PAGE_ROWS;
    for (let head = 0; head < kvHeads; head++) {
      const from = (page * kvHeads + head) * headDim * PAGE_ROWS;
      const to = (t * kvHeads + head) * headDim;
      for (let d = 0; d < headDim; d++) {
        k[to + d] = keys[from + d * PAGE_ROWS + line]!;
        v[to + d] = values[from + line * headDim + d]!;
      }
    }
  }
  return { k, v };
}

function readCache(backend: Backend, cache: KvCache, buffer: number): Float32Array {
  const count = cache.pages * cache.kvHeads * cache.headDim * PAGE_ROWS;
  const bytes = new Uint8Array(count * (cache.dtype === "f32" ? 4 : 2));
  backend.read({ buffer, bytes: bytes.length }, 0, bytes);
  if (cache.dtype === "f32") return new Float32Array(bytes.buffer);
  return Float32Array.from(new Uint16Array(bytes.buffer), bf16ToF32);
}
