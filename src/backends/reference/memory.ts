import { readFileSync, writeFileSync } from "node:fs";
import { assert } from "../../core/assert.ts";
import type { PackedFile, Region, Tensor } from "../backend.ts";
import { rowOf, type View } from "./ops/view.ts";

/** The buffer of a step's temporaries and inputs; regions have the ids above it. */
export const ARENA = 0;

/** The parts of the arena that a step uses: temporaries from 0 on, inputs from `inputsBegin` on. */
interface Arena {
  readonly temporaries: ArrayBuffer;
  readonly inputs: ArrayBuffer;
  /** In bytes. */
  readonly inputsBegin: number;
}

/** Every buffer by its id, and the arena of the step that runs. */
export class Memory {
  private arena: Arena | undefined;
  private readonly buffers = new Map<number, ArrayBuffer>();
  /** Paths of files that `sync` writes. */
  private readonly files = new Map<number, string>();
  private nextId = ARENA + 1;

  allocate(bytes: number): Region {
    return { buffer: this.add(new ArrayBuffer(Math.ceil(bytes / 64) * 64)), bytes };
  }

  /** Throws if there is such a file already. */
  createFile({ path, bytes }: PackedFile): Region {
    writeFileSync(path, "", { flag: "wx" });
    const region = this.allocate(bytes);
    this.files.set(region.buffer, path);
    return region;
  }

  mapFile({ path, bytes }: PackedFile): Region {
    const data = readFileSync(path);
    if (data.byteLength < bytes) throw new Error("the file is shorter than expected");
    const region = this.allocate(bytes);
    this.bytes(region.buffer, 0, bytes).set(data.subarray(0, bytes));
    return region;
  }

  sync({ buffer, bytes }: Region): void {
    const path = this.files.get(buffer);
    if (path !== undefined) writeFileSync(path, this.bytes(buffer, 0, bytes));
  }

  release(buffer: number): void {
    this.buffers.delete(buffer);
    this.files.delete(buffer);
  }

  clear(): void {
    this.buffers.clear();
    this.files.clear();
  }

  /** Gives the arena fresh memory; sizes and places are in floats. */
  openArena(temporaries: number, inputsBegin: number, end: number): void {
    this.arena = {
      temporaries: new ArrayBuffer(temporaries * 4),
      inputs: new ArrayBuffer((end - inputsBegin) * 4),
      inputsBegin: inputsBegin * 4,
    };
  }
  closeArena(): void {
    this.arena = undefined;
  }

  bytes(buffer: number, offsetBytes: number, bytes: number): Uint8Array {
    return new Uint8Array(...this.resolve(buffer, offsetBytes), bytes);
  }
  floats(buffer: number, offsetBytes: number, count: number): Float32Array {
    return new Float32Array(...this.resolve(buffer, offsetBytes), count);
  }
  halves(buffer: number, offsetBytes: number, count: number): Uint16Array {
    return new Uint16Array(...this.resolve(buffer, offsetBytes), count);
  }

  view({ buffer, offset, rows, cols, stride }: Tensor): View {
    assert(stride >= cols, "rows of a tensor do not overlap");
    const count = rows === 0 ? 0 : (rows - 1) * stride + cols;
    return { data: this.floats(buffer, offset * 4, count), rows, cols, stride };
  }

  /** A copy without gaps. */
  copy(tensor: Tensor): Float32Array {
    const view = this.view(tensor);
    const copy = new Float32Array(tensor.rows * tensor.cols);
    for (let r = 0; r < tensor.rows; r++) copy.set(rowOf(view, r), r * tensor.cols);
    return copy;
  }

  private add(buffer: ArrayBuffer): number {
    this.buffers.set(this.nextId, buffer);
    return this.nextId++;
  }

  /** The memory behind that place, and the place within it in bytes. */
  private resolve(buffer: number, offsetBytes: number): [ArrayBuffer, number] {
    if (buffer === ARENA && this.arena) {
      const { temporaries, inputs, inputsBegin } = this.arena;
      if (offsetBytes < inputsBegin) return [temporaries, offsetBytes];
      return [inputs, offsetBytes - inputsBegin];
    }
    const found = this.buffers.get(buffer);
    assert(found, `there is no buffer ${buffer}`);
    return [found, offsetBytes];
  }
}
