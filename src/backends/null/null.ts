import type { WeightFormat } from "../../core/dtype.ts";
import type { Backend, Matrix, PackedFile, Region, Step, Tensor } from "../backend.ts";
import { Program } from "../program.ts";
import { Recorder, type RecorderHost } from "../recorder.ts";
import { decodeSampleRows } from "../sample-rows.ts";

/** The token of every sampled row, if it is allowed: an ordinary one that ends nothing. */
const SAMPLED_TOKEN = 5;

/**
 * Computes nothing: it records steps like a real backend and discards them. The time of a run on
 * it is the cost of everything but the kernels.
 */
export class NullBackend implements Backend, RecorderHost {
  readonly name = "null";
  readonly kernelSet = "null";
  readonly threads = 1;
  /** The buffers of regions begin at 1. */
  readonly arena = 0;
  readonly arenaFloats = 2 ** 31 - 16;
  readonly exact = false;
  private readonly program = new Program();
  private buffers = 0;
  private matrices = 0;

  allocate(bytes: number): Region {
    this.buffers++;
    return { buffer: this.buffers, bytes };
  }
  createFile({ bytes }: PackedFile): Region {
    return this.allocate(bytes);
  }
  mapFile({ bytes }: PackedFile): Region {
    return this.allocate(bytes);
  }
  async sync(): Promise<void> {}
  release(): void {}
  write(): void {}
  read(_region: Region, _offsetBytes: number, into: Uint8Array): void {
    into.fill(0);
  }

  matrixBytes(_format: WeightFormat, outputs: number, inputs: number): number {
    return Math.ceil((outputs * inputs) / 64) * 64;
  }
  matrix(
    _region: Region,
    _offsetBytes: number,
    format: WeightFormat,
    outputs: number,
    inputs: number,
  ): Matrix {
    return { id: this.matrices++, format, outputs, inputs };
  }
  async pack(): Promise<number> {
    return 0;
  }
  async packTable(): Promise<number> {
    return 0;
  }

  scratchBytes(): number {
    return 0;
  }
  begin(): Step {
    return new Recorder(this, this.program);
  }
  /** Zeros, but for sampled rows, which name a token. */
  async run({ program }: Recorder, outputs: readonly Tensor[]): Promise<Float32Array[]> {
    const values = outputs.map(({ rows, cols }) => new Float32Array(rows * cols));
    for (const { y, rows } of program.operationsOf("sample")) {
      outputs.forEach(({ buffer, offset, cols }, at) => {
        if (buffer !== this.arena || offset !== y.offset) return;
        decodeSampleRows(rows, y.rows).forEach(({ allowed }, row) => {
          values[at]![row * cols] = sampledToken(allowed);
        });
      });
    }
    return values;
  }
  async close(): Promise<void> {}
}

/** The usual token, or the lowest allowed one where the usual one is not allowed. */
function sampledToken(allowed: Int32Array | undefined): number {
  if (!allowed || ((allowed[SAMPLED_TOKEN >> 5]! >> (SAMPLED_TOKEN & 31)) & 1) === 1) {
    return SAMPLED_TOKEN;
  }
  const word = allowed.findIndex((bits) => bits !== 0);
  if (word < 0) return -1;
  const bits = allowed[word]!;
  return 32 * word + 31 - Math.clz32(bits & -bits);
}
