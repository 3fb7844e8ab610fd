// One matrix multiplication at a time, compared with the peak of this machine.

import {
  type Backend,
  type Matrix,
  rows as rowsOf,
  type Tensor,
  tensorAt,
} from "../backends/backend.ts";
import { type CpuBackend, openCpuBackend } from "../backends/cpu/cpu.ts";
import type { WeightFormat } from "../core/dtype.ts";
import { formatTable, percent } from "./table.ts";
import { interleave, type Timing, timed } from "./timing.ts";
import { randomFloats, SourceMaker } from "./values.ts";

export interface KernelOptions {
  readonly kernelSet?: string;
  readonly threads: number;
  readonly seconds: number;
}

export interface KernelResult {
  readonly format: WeightFormat;
  readonly rows: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly timing: Timing;
  /** GB/s of packed weights in the best run. */
  readonly gflops: number;
  readonly medianGflops: number;
  readonly gbytes: number;
}

export interface Roofs {
  /** GFLOP/s (GOP/s) of a loop over registers, for float and for integer formats. */
  readonly float?: number;
  readonly integer?: number;
  /** GB/s of a plain read. */
  readonly read: number;
  /** The multiplication alone, on weights that fit the cache. */
  readonly cached?: { readonly float: number; readonly integer: number };
}

export interface KernelReport {
  readonly kernelSet: string;
  readonly threads: number;
  readonly roofs: Roofs;
  readonly results: readonly KernelResult[];
}

interface Shape {
  readonly outputs: number;
  readonly inputs: number;
  readonly rows: readonly number[];
  readonly formats: readonly WeightFormat[];
}

const SHAPES: readonly Shape[] = [
  {
    outputs: 2560,
    inputs: 5120,
    rows: [1, 4, 16, 256],
    formats: ["bf16", "fp8", "nvfp4", "int8", "int4"],
  },
  // Small enough for the caches of one core.
  { outputs: 640, inputs: 1280, rows: [256], formats: ["bf16", "int8"] },
];
const RUN_MS = 5;
const MAX_REPEATS = 2000;
const ARENA_BYTES = 512 * 1024 * 1024;

export async function benchKernels(options: KernelOptions): Promise<KernelReport> {
  const { threads, seconds, kernelSet } = options;
  const arenaBytes = ARENA_BYTES;
  const backend = openCpuBackend({ threads, arenaBytes, ...(kernelSet && { kernelSet }) });
  try {
    const before = await measureRoofs(backend);
    const cases = await prepare(backend);
    const runs = await Promise.all(cases.map((each) => repeated(backend, each)));
    const timings = await interleave(runs, seconds);
    const results = cases.map((each, index) => result(backend, each, timings[index]!));
    const roofs = larger(before, await measureRoofs(backend));
    return { kernelSet: backend.kernelSet, threads, roofs, results };
  } finally {
    await backend.close();
  }
}

export function formatKernels({ kernelSet, threads, roofs, results }: KernelReport): string {
  const roof = (name: string, value: number | undefined, unit: string) =>
    value === undefined ? [] : [`${name} ${value.toFixed(0)} ${unit}`];
  const all = [
    ...roof("float loop", roofs.float, "GFLOP/s"),
    ...roof("integer loop", roofs.integer, "GOP/s"),
    ...roof("plain read", roofs.read, "GB/s"),
  ].join(", ");
  const cached = roofs.cached && [
    `multiplication alone, 256 × 1280 × 640 in the cache: bf16 ${roofs.cached.float.toFixed(0)}`,
    `GFLOP/s (${percent(roofs.cached.float, roofs.float)} of the loop), int8`,
    `${roofs.cached.integer.toFixed(0)} GOP/s (${percent(roofs.cached.integer, roofs.integer)})`,
  ];
  const header = ["matmul", "M", "K", "N", "GFLOP/s", "median", "of loop", "GB/s", "of read"];
  const lines = results.map((one) => [
    one.format,
    one.rows,
    one.inputs,
    one.outputs,
    one.gflops,
    one.medianGflops,
    percent(one.gflops, roofOf(roofs, one.format)),
    one.gbytes,
    percent(one.gbytes, roofs.read),
  ]);
  const title = `kernels: ${kernelSet}, ${threads} thread${threads === 1 ? "" : "s"}; ${all}`;
  return [title, ...(cached ? [cached.join(" ")] : []), formatTable(header, lines)].join("\n");
}

export function roofOf(roofs: Roofs, format: WeightFormat): number | undefined {
  return format === "int8" || format === "int4" ? roofs.integer : roofs.float;
}

async function measureRoofs(backend: CpuBackend): Promise<Roofs> {
  const probe = async (what: string): Promise<number> => (await backend.probe(what)) / 1e9;
  const read = await probe("read");
  if (backend.kernelSet !== "amx" && backend.kernelSet !== "avx512") return { read };
  const [float, integer] =
    backend.kernelSet === "amx" ? ["amx-bf16", "amx-int8"] : ["avx512-f32", "avx512-int8"];
  const loops = { float: await probe(float!), integer: await probe(integer!) };
  const cached = { float: await probe("matmul-bf16"), integer: await probe("matmul-int8") };
  return { read, ...loops, cached };
}

function larger(a: Roofs, b: Roofs): Roofs {
  const read = Math.max(a.read, b.read);
  if (a.float === undefined || a.integer === undefined) return { read };
  const cached = a.cached ?? { float: 0, integer: 0 };
  return {
    read,
    float: Math.max(a.float, b.float ?? 0),
    integer: Math.max(a.integer, b.integer ?? 0),
    cached: {
      float: Math.max(cached.float, b.cached?.float ?? 0),
      integer: Math.max(cached.integer, b.cached?.integer ?? 0),
    },
  };
}

interface Case {
  readonly matrix: Matrix;
  readonly x: Tensor;
}

async function prepare(backend: Backend): Promise<Case[]> {
  const sources = new SourceMaker();
  const cases: Case[] = [];
  for (const { outputs, inputs, rows, formats } of SHAPES) {
    const most = Math.max(...rows);
    const region = backend.allocate(most * inputs * 4);
    backend.write(region, 0, new Uint8Array(randomFloats(most * inputs, 1).buffer));
    const x = tensorAt(region, 0, most, inputs);
    for (const format of formats) {
      const place = backend.allocate(backend.matrixBytes(format, outputs, inputs));
      const matrix = backend.matrix(place, 0, format, outputs, inputs);
      await backend.pack(matrix, 0, outputs, sources.source(format, outputs, inputs));
      cases.push(...rows.map((count) => ({ matrix, x: rowsOf(x, 0, count) })));
    }
  }
  return cases;
}

/** A run of about RUN_MS: the same multiplication over and over in one step. */
async function repeated(backend: Backend, { matrix, x }: Case): Promise<() => Promise<number>> {
  const run = async (repeats: number): Promise<number> => {
    const step = backend.begin();
    for (let i = 0; i < repeats; i++) {
      step.scope(() => {
        step.matmul(x, matrix);
      });
    }
    return (await timed(() => step.read())) / repeats;
  };
  await run(1);
  const once = Math.min(await run(2), await run(2), await run(2));
  const repeats = Math.min(MAX_REPEATS, Math.max(1, Math.round(RUN_MS / once)));
  return () => run(repeats);
}

function result(backend: Backend, { matrix, x }: Case, timing: Timing): KernelResult {
  const { format, outputs, inputs } = matrix;
  const operations = 2 * x.rows * outputs * inputs;
  return {
    format,
    rows: x.rows,
    inputs,
    outputs,
    timing,
    gflops: operations / timing.best / 1e6,
    medianGflops: operations / timing.median / 1e6,
    gbytes: backend.matrixBytes(format, outputs, inputs) / timing.best / 1e6,
  };
}
