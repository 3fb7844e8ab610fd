import { assert } from "../../core/assert.ts";
import type { WeightFormat } from "../../core/dtype.ts";
import type {
  Backend,
  Matrix,
  MatrixSource,
  PackedFile,
  Region,
  Step,
  Tensor,
} from "../backend.ts";
import { Program } from "../program.ts";
import { Recorder, type RecorderHost } from "../recorder.ts";
import { ARENA, Memory } from "./memory.ts";
import { canPack, packRows, packTable, valuesOf } from "./ops/pack.ts";
import { type Machine, type PackedMatrix, runOperation } from "./run.ts";

export interface ReferenceOptions {
  /** False: bf16, fp8 and nvfp4 multiplications round x to bf16 first. */
  readonly exactActivations?: boolean;
}

/**
 * The slow, exact reference: every op is plain loops in the order of its formula, with sums in
 * float64 and results in float32. A packed matrix is float32 [outputs, inputs] after quantisation.
 */
export class ReferenceBackend implements Backend, RecorderHost, Machine {
  readonly name = "reference";
  readonly kernelSet = "reference";
  readonly threads = 1;
  readonly arena = ARENA;
  readonly arenaFloats = 2 ** 31 - 16;
  readonly exact: boolean;
  readonly memory = new Memory();
  private readonly matrices: {
    readonly matrix: Matrix;
    readonly region: Region;
    readonly at: number;
  }[] = [];

  constructor({ exactActivations = true }: ReferenceOptions = {}) {
    this.exact = exactActivations;
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
    const matrix = { id: this.matrices.length, format, outputs, inputs };
    this.matrices.push({ matrix, region, at: offsetBytes });
    return matrix;
  }

  /** A packed matrix by its number, with all its weights [outputs, inputs]. */
  matrixOf(id: number): PackedMatrix {
    const found = this.matrices[id];
    assert(found, "there is such a matrix");
    const { matrix, region, at } = found;
    const weights = this.memory.floats(region.buffer, at, matrix.outputs * matrix.inputs);
    return { format: matrix.format, weights };
  }

  async pack(
    matrix: Matrix,
    firstRow: number,
    rows: number,
    source: MatrixSource,
  ): Promise<number> {
    const { id, format, outputs, inputs } = matrix;
    assert(canPack(source.kind, format), `${format} is not made from ${source.kind}`);
    assert(firstRow >= 0 && firstRow + rows <= outputs, "pack: rows of the matrix");
    assert(valuesOf(source) === rows * inputs, "pack: the data's size");
    const { weights } = this.matrixOf(id);
    const to = weights.subarray(firstRow * inputs, (firstRow + rows) * inputs);
    return packRows(source, format, inputs, to);
  }

  async packTable(region: Region, offsetBytes: number, source: MatrixSource): Promise<number> {
    assert(canPack(source.kind, "bf16"), "a table is made from unquantised values");
    return packTable(source, this.memory.halves(region.buffer, offsetBytes, valuesOf(source)));
  }

  scratchBytes(): number {
    return 0;
  }
  begin(): Step {
    return new Recorder(this, new Program());
  }
  async run(recorder: Recorder, outputs: readonly Tensor[]): Promise<Float32Array[]> {
    const { program, inputs, temporaryFloats, inputsBegin } = recorder;
    this.memory.openArena(temporaryFloats, inputsBegin, this.arenaFloats);
    for (const [offset, values] of inputs) {
      this.memory.floats(ARENA, offset * 4, values.length).set(values);
    }
    for (const operation of program.operations()) runOperation(operation, this);
    const copies = outputs.map((tensor) => this.memory.copy(tensor));
    this.memory.closeArena();
    return copies;
  }

  async close(): Promise<void> {
    this.memory.clear();
  }
}
