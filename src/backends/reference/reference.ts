import { assert } from "../../core/assert.ts";
import type { WeightFormat } from "../../core/dtype.ts";
import type { Backend, Matrix, MatrixSource, PackedFile, Region, Step } from "../backend.ts";
import { Memory } from "./memory.ts";
import { canPack, packRows, packTable, valuesOf } from "./ops/pack.ts";
import { ReferenceStep } from "./step.ts";

export interface ReferenceOptions {
  /** False: bf16, fp8 and nvfp4 multiplications round x to bf16 first. */
  readonly exactActivations?: boolean;
}

/**
 * The oracle: every op as plain loops in the order of its formula, sums in float64, results in
 * float32. A packed matrix is its numbers after quantisation, as float32 [outputs, inputs].
 */
export class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly kernelSet = "reference";
  readonly threads = 1;
  readonly exactActivations: boolean;
  readonly memory = new Memory();
  readonly #places: { readonly buffer: number; readonly offsetBytes: number }[] = [];

  constructor({ exactActivations = true }: ReferenceOptions = {}) {
    this.exactActivations = exactActivations;
  }

  allocate(bytes: number): Region {
    return this.memory.allocate(bytes);
  }
  createFile(file: PackedFile): Region {
    return this.memory.createFile(file);
  }
  mapFile(file: PackedFile): Region {
    return this.memory.mapFile(file);
  }
  async sync(region: Region): Promise<void> {
    this.memory.sync(region);
  }
  release(region: Region): void {
    this.memory.release(region.buffer);
  }
  write(region: Region, offsetBytes: number, data: Uint8Array): void {
    this.memory.bytes(region.buffer, offsetBytes, data.length).set(data);
  }
  read(region: Region, offsetBytes: number, into: Uint8Array): void {
    into.set(this.memory.bytes(region.buffer, offsetBytes, into.length));
  }

  matrixBytes(_format: WeightFormat, outputs: number, inputs: number): number {
    return Math.ceil((outputs * inputs * 4) / 64) * 64;
  }

  matrix(
    region: Region,
    offsetBytes: number,
    format: WeightFormat,
    outputs: number,
    inputs: number,
  ): Matrix {
    assert(offsetBytes % 64 === 0, "a matrix begins at a multiple of 64 bytes");
    const bytes = this.matrixBytes(format, outputs, inputs);
    assert(offsetBytes + bytes <= region.bytes, "a matrix lies within its region");
    const id = this.#places.push({ buffer: region.buffer, offsetBytes }) - 1;
    return { id, format, outputs, inputs };
  }

  /** All numbers of a matrix, [outputs, inputs]. */
  weights({ id, outputs, inputs }: Matrix): Float32Array {
    const place = this.#places[id];
    assert(place, "there is such a matrix");
    return this.memory.floats(place.buffer, place.offsetBytes, outputs * inputs);
  }

  async pack(
    matrix: Matrix,
    firstRow: number,
    rows: number,
    source: MatrixSource,
  ): Promise<number> {
    const { format, outputs, inputs } = matrix;
    assert(canPack(source.kind, format), `${format} is not made from ${source.kind}`);
    assert(firstRow >= 0 && firstRow + rows <= outputs, "pack: rows of the matrix");
    assert(valuesOf(source) === rows * inputs, "pack: the data's size");
    const all = this.weights(matrix);
    const to = all.subarray(firstRow * inputs, (firstRow + rows) * inputs);
    return packRows(source, format, inputs, to);
  }

  async packTable(region: Region, offsetBytes: number, source: MatrixSource): Promise<number> {
    assert(canPack(source.kind, "bf16"), "a table is made from unquantised values");
    return packTable(source, this.memory.halves(region.buffer, offsetBytes, valuesOf(source)));
  }

  begin(): Step {
    return new ReferenceStep(this);
  }

  async close(): Promise<void> {
    this.memory.clear();
  }
}
