import type { WeightFormat } from "../../core/dtype.ts";
import type { Backend, Matrix, PackedFile, Region, Step } from "../backend.ts";
import { NullStep, Recorder } from "./step.ts";

/**
 * Computes nothing: ops are recorded as a real backend would and then forgotten. What a run takes
 * on it is the cost of everything else.
 */
export class NullBackend implements Backend {
  readonly name = "null";
  readonly kernelSet = "null";
  readonly threads = 1;
  readonly #recorder = new Recorder();
  #buffers = 0;
  #matrices = 0;

  allocate(bytes: number): Region {
    this.#buffers++;
    return { buffer: this.#buffers, bytes };
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
    return { id: this.#matrices++, format, outputs, inputs };
  }
  async pack(): Promise<number> {
    return 0;
  }
  async packTable(): Promise<number> {
    return 0;
  }

  begin(): Step {
    return new NullStep(this.#recorder);
  }
  async close(): Promise<void> {}
}
