import { availableParallelism } from "node:os";
import type { WeightFormat } from "../../core/dtype.ts";
import { VireoError } from "../../core/errors.ts";
import type {
  Backend,
  CutTileFunction,
  Matrix,
  MatrixSource,
  PackedFile,
  Region,
  ResizeFunction,
  Step,
  Tensor,
} from "../backend.ts";
import { OP_NAMES } from "../ops.ts";
import { Program } from "../program.ts";
import { Recorder, type RecorderHost } from "../recorder.ts";
import { loadNative, type Native, type NativeEngine } from "./native.ts";

export interface CpuOptions {
  /** "amx", "avx512", "avx2", "neon" or "scalar". Default: the fastest that this CPU has. */
  readonly kernelSet?: string;
  /** Default: one per core. */
  readonly threads?: number;
  /** Keep float32 activations with bf16, fp8 and nvfp4 weights: slower, for comparisons. */
  readonly exactActivations?: boolean;
  /** Address space for the temporaries of one step; memory is taken only as it is used. */
  readonly arenaBytes?: number;
  /** Another addon file, for tests. */
  readonly addon?: string;
}

const FORMATS: Readonly<Record<WeightFormat, number>> = {
  bf16: 0,
  fp8: 1,
  nvfp4: 2,
  int8: 3,
  int4: 4,
};
const SOURCES: Readonly<Record<MatrixSource["kind"], number>> = {
  f32: 0,
  f16: 1,
  bf16: 2,
  fp8: 3,
  nvfp4: 4,
};
const ARENA_BYTES = 7 * 1024 ** 3;
const MAX_THREADS = 64;
const NOTHING = new Uint8Array(0);

/** The kernel sets of this CPU, fastest first. */
export function cpuKernelSets(): string[] {
  return loadNative().kernelSets();
}

export function openCpuBackend(options: CpuOptions = {}): CpuBackend {
  const native = loadNative(options.addon);
  checkOps(native);
  const sets = native.kernelSets();
  const kernelSet = options.kernelSet ?? sets[0]!;
  if (!sets.includes(kernelSet)) {
    const text = `this CPU has no kernel set "${kernelSet}"; it has ${sets.join(", ")}`;
    throw new VireoError("invalid_option", text, { param: "cpu" });
  }
  const threads = options.threads ?? Math.min(availableParallelism(), MAX_THREADS);
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS) {
    const text = `threads is ${threads}; it must be a whole number from 1 to ${MAX_THREADS}`;
    throw new VireoError("invalid_option", text, { param: "threads" });
  }
  return new CpuBackend(native, kernelSet, threads, options);
}

/** Throws backend_unavailable if the addon was built from another table of ops. */
function checkOps(native: Native): void {
  const names = native.opNames();
  if (names.length === OP_NAMES.length && OP_NAMES.every((op, code) => op === names[code])) return;
  const text = "the native kernels belong to another version of vireo: run `npm run setup`";
  throw new VireoError("backend_unavailable", text);
}

/** Runs recorded steps in the addon, off the JavaScript thread, one after the other. */
export class CpuBackend implements Backend, RecorderHost {
  readonly name = "cpu";
  readonly kernelSet: string;
  readonly threads: number;
  readonly exact: boolean;
  readonly arena: number;
  readonly arenaFloats: number;
  private readonly native: Native;
  private readonly engine: NativeEngine;
  private readonly sizes = new Map<string, number>();
  private readonly programs: Program[] = [];
  private turn: Promise<unknown> = Promise.resolve();
  private closed = false;

  constructor(native: Native, kernelSet: string, threads: number, options: CpuOptions) {
    this.native = native;
    this.kernelSet = kernelSet;
    this.threads = threads;
    this.exact = options.exactActivations ?? false;
    this.engine = native.open(kernelSet, threads);
    const bytes = options.arenaBytes ?? ARENA_BYTES;
    this.arena = this.allocate(bytes).buffer;
    this.arenaFloats = Math.floor(bytes / 4);
  }

  allocate(bytes: number): Region {
    try {
      return { buffer: this.native.allocate(this.engine, Math.max(bytes, 64)), bytes };
    } catch (cause) {
      const text =
        `the system refuses to reserve ${bytes} bytes of memory; lower --context or --sequences, ` +
        "or raise the limit of this process (`ulimit -v`)";
      throw new VireoError("out_of_memory", text, { cause });
    }
  }

  createFile(file: PackedFile): Region {
    return { buffer: this.native.map(this.engine, file.path, file.bytes, 1), bytes: file.bytes };
  }

  mapFile(file: PackedFile): Region {
    return { buffer: this.native.map(this.engine, file.path, file.bytes, 0), bytes: file.bytes };
  }

  async sync(region: Region): Promise<void> {
    await this.native.flush(this.engine, region.buffer);
  }

  release(region: Region): void {
    this.native.release(this.engine, region.buffer);
  }

  write(region: Region, offsetBytes: number, data: Uint8Array): void {
    this.native.write(this.engine, region.buffer, offsetBytes, data);
  }

  read(region: Region, offsetBytes: number, into: Uint8Array): void {
    this.native.read(this.engine, region.buffer, offsetBytes, into);
  }

  matrixBytes(format: WeightFormat, outputs: number, inputs: number): number {
    return this.native.sizeOf("packed", FORMATS[format], outputs, inputs);
  }

  matrix(
    region: Region,
    offsetBytes: number,
    format: WeightFormat,
    outputs: number,
    inputs: number,
  ): Matrix {
    const { native, engine } = this;
    const code = FORMATS[format];
    const id = native.matrix(engine, region.buffer, offsetBytes, code, outputs, inputs);
    return { id, format, outputs, inputs };
  }

  pack(matrix: Matrix, firstRow: number, rows: number, source: MatrixSource): Promise<number> {
    const kind = SOURCES[source.kind];
    const scales = source.kind === "nvfp4" ? source.blockScales : NOTHING;
    const scale = "scale" in source ? source.scale : 1;
    const { native, engine } = this;
    return native.pack(engine, matrix.id, kind, firstRow, rows, source.data, scales, scale);
  }

  packTable(region: Region, offsetBytes: number, source: MatrixSource): Promise<number> {
    const { native, engine } = this;
    return native.packTable(engine, region.buffer, offsetBytes, SOURCES[source.kind], source.data);
  }

  begin(): Step {
    return new Recorder(this, this.programs.pop() ?? new Program());
  }

  resize: ResizeFunction = async (image, horizontal, vertical, width, height) => {
    const middle = new Uint8Array(image.height * width * 3);
    const out = new Uint8Array(height * width * 3);
    const h = [horizontal.starts, horizontal.counts, horizontal.weights, horizontal.taps, width];
    const v = [vertical.starts, vertical.counts, vertical.weights, vertical.taps, height];
    const { rgb, width: fromWidth, height: fromHeight } = image;
    await this.native.resize(this.engine, rgb, fromWidth, fromHeight, middle, out, ...h, ...v);
    return out;
  };

  cutTile: CutTileFunction = async (cut, table) => {
    const out = new Float32Array(3 * cut.sidePx * cut.sidePx);
    const { rgb, width, height, left, top, sidePx } = cut;
    const { native, engine } = this;
    await native.cutTile(engine, rgb, width, height, left, top, sidePx, table, out);
    return out;
  };

  /** Operations (or bytes, for "read") per second that the hardware reaches at best. */
  probe(what: string): Promise<number> {
    return this.native.probe(this.engine, what);
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.turn.catch(() => {});
    this.native.close(this.engine);
  }

  scratchBytes(op: "matmul" | "ssmScan" | "tileAttention", a: number, b: number): number {
    const key = `${op} ${a} ${b}`;
    let bytes = this.sizes.get(key);
    if (bytes === undefined) {
      bytes = this.native.sizeOf(op, a, b, this.threads);
      this.sizes.set(key, bytes);
    }
    return bytes;
  }

  /** Steps share the arena, so each runs and is read before the next one begins to run. */
  run(recorder: Recorder, outputs: readonly Tensor[]): Promise<Float32Array[]> {
    const result = this.turn.then(() => this.runNow(recorder, outputs));
    this.turn = result.catch(() => {});
    return result;
  }

  private async runNow(
    { program, inputs }: Recorder,
    outputs: readonly Tensor[],
  ): Promise<Float32Array[]> {
    if (this.closed) throw new VireoError("engine_closed", "the engine has been closed");
    const { native, engine } = this;
    for (const [offset, values] of inputs) native.write(engine, this.arena, offset * 4, values);
    await native.run(engine, program.ops, program.opWords, program.data, program.dataWords);
    this.programs.push(program);
    return outputs.map((tensor) => this.readTensor(tensor));
  }

  private readTensor(x: Tensor): Float32Array {
    const values = new Float32Array(x.rows * x.cols);
    if (x.stride === x.cols) {
      this.native.read(this.engine, x.buffer, x.offset * 4, values);
      return values;
    }
    for (let row = 0; row < x.rows; row++) {
      const line = values.subarray(row * x.cols, (row + 1) * x.cols);
      this.native.read(this.engine, x.buffer, (x.offset + row * x.stride) * 4, line);
    }
    return values;
  }
}
