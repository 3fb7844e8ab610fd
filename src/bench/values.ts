// Random weights: a short pseudo-random run of valid numbers, written over and over, because the
// speed of a multiplication does not depend on its numbers.

import type { MatrixSource } from "../backends/backend.ts";
import { f32ToBf16, type WeightFormat } from "../core/dtype.ts";

const PERIOD = 1 << 18;
const NVFP4_GROUP = 16;
const CODE_SCALE = 0.01;

/** Pseudo-random numbers from 0 to 1 with a fixed seed. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state / 0x7fffffff;
  };
}

export function randomFloats(count: number, amplitude: number): Float32Array {
  const next = random(count);
  return Float32Array.from({ length: count }, () => (2 * next() - 1) * amplitude);
}

function repeated(bytes: number, makeByte: (next: () => number) => number): Uint8Array {
  const next = random(7);
  const out = new Uint8Array(bytes);
  const first = Math.min(bytes, PERIOD);
  for (let i = 0; i < first; i++) out[i] = makeByte(next);
  return doubled(out, first);
}

/** Repeats the first bytes over all the others. */
function doubled(out: Uint8Array, first: number): Uint8Array {
  for (let done = first; done < out.length; done *= 2) {
    out.copyWithin(done, 0, Math.min(done, out.length - done));
  }
  return out;
}

function bf16Bytes(values: number): Uint8Array {
  const period = Math.min(values, PERIOD);
  const out = new Uint16Array(values);
  out.set(Array.from(randomFloats(period, 0.03), f32ToBf16));
  return doubled(new Uint8Array(out.buffer), period * 2);
}

type MakeByte = (next: () => number) => number;

/** Makes sources of any number of rows; the bytes are shared between them. */
export class SourceMaker {
  private readonly data = new Map<string, Uint8Array>();

  source(format: WeightFormat, rows: number, inputs: number): MatrixSource {
    const values = rows * inputs;
    switch (format) {
      case "fp8": {
        // Exponents below one half of the range: never the code of NaN.
        const data = this.bytes("fp8", values, (next) => Math.floor(next() * 256) & 0xbf);
        return { kind: "fp8", data, scale: CODE_SCALE };
      }
      case "nvfp4": {
        const data = this.bytes("nvfp4", values / 2, (next) => Math.floor(next() * 256));
        const blocks = values / NVFP4_GROUP;
        const blockScales = this.bytes("scales", blocks, (next) => Math.floor(next() * 64));
        return { kind: "nvfp4", data, blockScales, scale: CODE_SCALE };
      }
      default: {
        const cached = this.data.get("bf16");
        const data = cached && cached.length >= values * 2 ? cached : bf16Bytes(values);
        this.data.set("bf16", data);
        return { kind: "bf16", data: data.subarray(0, values * 2) };
      }
    }
  }

  private bytes(name: string, count: number, makeByte: MakeByte): Uint8Array {
    const cached = this.data.get(name);
    const data = cached && cached.length >= count ? cached : repeated(count, makeByte);
    this.data.set(name, data);
    return data.subarray(0, count);
  }
}

/** Bytes of one row of such a source. */
export function sourceRowBytes(format: WeightFormat, inputs: number): number {
  if (format === "fp8") return inputs;
  return format === "nvfp4" ? inputs / 2 : inputs * 2;
}
