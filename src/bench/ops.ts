// The ops other than matrix multiplication, at the real widths: their time in a step.

import {
  type Backend,
  type Batch,
  type KvCache,
  type MambaState,
  PAGE_ROWS,
  pad16,
  SCAN_CHUNK,
  type Step,
  scanTailWidth,
  type Tensor,
  tensorAt,
} from "../backends/backend.ts";
import { openBackend } from "../backends/open.ts";
import type { ModelConfig } from "../model/config.ts";
import { buildBatch } from "../runtime/forward.ts";
import { syntheticConfig } from "./synthetic.ts";
import { formatTable } from "./table.ts";
import { interleave, type Timing, timed } from "./timing.ts";
import { randomFloats } from "./values.ts";

export interface OpResult {
  readonly op: string;
  readonly what: string;
  readonly timing: Timing;
  readonly gflops?: number;
}

export interface OpsReport {
  readonly kernelSet: string;
  readonly threads: number;
  readonly results: readonly OpResult[];
}

export interface OpsOptions {
  readonly kernelSet?: string;
  readonly threads: number;
  readonly seconds: number;
}

interface OpCase {
  readonly op: string;
  readonly what: string;
  /** Floating-point operations, for ops that are bound by them. */
  readonly operations?: number;
  readonly record: (step: Step) => void;
}

const PROMPT = 256;
const CONTEXTS: readonly number[] = [0, 1024, 4096];
const SLOTS = 16;
const ARENA_BYTES = 1024 * 1024 * 1024;

export async function benchOps(options: OpsOptions): Promise<OpsReport> {
  const { threads, kernelSet, seconds } = options;
  const given = { threads, arenaBytes: ARENA_BYTES, ...(kernelSet && { kernelSet }) };
  const backend = await openBackend("cpu", given);
  try {
    const model = { vocabulary: 4096, format: "bf16", visionBlocks: 0, pattern: "M" } as const;
    const config = syntheticConfig(model);
    const cases = [
      ...attentionCases(backend, config),
      ...mambaCases(backend, config),
      ...visionCases(backend, config),
    ];
    const runs = cases.map(({ record }) => () => {
      const step = backend.begin();
      step.scope(() => record(step));
      return timed(() => step.read());
    });
    for (const run of runs) await run();
    const timings = await interleave(runs, seconds);
    const results = cases.map(({ op, what, operations }, index) => {
      const timing = timings[index]!;
      const gflops = operations === undefined ? {} : { gflops: operations / timing.best / 1e6 };
      return { op, what, timing, ...gflops };
    });
    return { kernelSet: backend.kernelSet, threads, results };
  } finally {
    await backend.close();
  }
}

export function formatOps({ kernelSet, threads, results }: OpsReport): string {
  const title = `other ops: ${kernelSet}, ${threads} thread${threads === 1 ? "" : "s"}, one layer`;
  const lines = results.map(({ op, what, timing, gflops }) => {
    return [`${op}, ${what}`, timing.best, timing.median, gflops];
  });
  return `${title}\n${formatTable(["", "best ms", "median", "GFLOP/s"], lines)}`;
}

function filled(backend: Backend, rows: number, cols: number): Tensor {
  const region = backend.allocate(rows * cols * 4);
  backend.write(region, 0, new Uint8Array(randomFloats(rows * cols, 1).buffer));
  return tensorAt(region, 0, rows, cols);
}

function oneSpan(rows: number, position: number): Batch {
  const pages = Array.from({ length: Math.ceil((position + rows) / PAGE_ROWS) }, (_, i) => i);
  return buildBatch([{ ids: new Int32Array(rows), position, slot: 0, pages, mediaRows: [] }]).batch;
}

/** One row for each slot. */
function decodeBatch(position: number): Batch {
  const pages = [0, 1];
  const ids = new Int32Array(1);
  return buildBatch(
    Array.from({ length: SLOTS }, (_, slot) => ({ ids, position, slot, pages, mediaRows: [] })),
  ).batch;
}

function attentionCases(backend: Backend, config: ModelConfig): OpCase[] {
  const { heads, kvHeads, headDim } = config.text.attention;
  const pages = (Math.max(...CONTEXTS) + PROMPT) / PAGE_ROWS;
  const bytes = pages * kvHeads * headDim * PAGE_ROWS * 2;
  const [keys, values] = [backend.allocate(bytes).buffer, backend.allocate(bytes).buffer];
  const cache: KvCache = { keys, values, pages, kvHeads, headDim, dtype: "bf16" };
  const q = filled(backend, PROMPT, heads * headDim);
  const k = filled(backend, PROMPT, kvHeads * headDim);
  const rowsOf = (x: Tensor, rows: number): Tensor => ({ ...x, rows });
  const make = (rows: number, position: number): OpCase => {
    const batch = oneSpan(rows, position);
    const x = { q: rowsOf(q, rows), k: rowsOf(k, rows), v: rowsOf(k, rows) };
    const pairs = rows * position + (rows * (rows + 1)) / 2;
    return {
      op: "attention",
      what: `${rows} row${rows === 1 ? "" : "s"} after ${position}`,
      operations: 4 * pairs * heads * headDim,
      record: (step) => {
        step.attention(x, cache, batch, headDim ** -0.5);
      },
    };
  };
  return [...CONTEXTS.map((context) => make(PROMPT, context)), make(1, 256), make(1, 4096)];
}

function mambaCases(backend: Backend, config: ModelConfig): OpCase[] {
  const { heads, headDim, groups, state: n, convKernel, convWidth, inner } = config.text.mamba;
  const zeros = (cols: number): Tensor =>
    tensorAt(backend.allocate(SLOTS * cols * 4), 0, SLOTS, cols);
  const state: MambaState = {
    conv: zeros((convKernel - 1) * convWidth),
    ssm: zeros(heads * n * pad16(headDim)),
    tail: zeros(SCAN_CHUNK * scanTailWidth(heads, headDim, groups, n)),
  };
  const conv = filled(backend, PROMPT, convWidth);
  const [taps, bias] = [filled(backend, convKernel, convWidth), filled(backend, 1, convWidth)];
  const [u, dt] = [filled(backend, PROMPT, inner), filled(backend, PROMPT, heads)];
  const bc = filled(backend, PROMPT, groups * n);
  const perHead = filled(backend, 1, heads);
  const a = tensorAt(backend.allocate(heads * 4), 0, 1, heads);
  const w = { a, d: perHead, dtBias: perHead, heads, groups, state: n };
  const norm = filled(backend, 1, inner);
  const scan = (what: string, rows: number, batch: Batch): OpCase => ({
    op: "ssm-scan",
    what,
    record: (step) => {
      const x = { u: { ...u, rows }, b: { ...bc, rows }, c: { ...bc, rows }, dt: { ...dt, rows } };
      step.ssmScan(x, w, batch, state);
    },
  });
  const conv1d = (rows: number, batch: Batch): OpCase["record"] => {
    return (step) => {
      step.conv1d({ ...conv, rows }, taps, bias, batch, state);
    };
  };
  const gated = (rows: number): OpCase["record"] => {
    const x = { ...u, rows };
    return (step) => {
      step.gatedNorm(x, x, norm, groups, 1e-5);
    };
  };
  const [prompt, next] = [oneSpan(PROMPT, 0), oneSpan(1, 80)];
  return [
    { op: "conv1d", what: `${PROMPT} rows`, record: conv1d(PROMPT, prompt) },
    { op: "conv1d", what: "1 row", record: conv1d(1, next) },
    scan(`${PROMPT} rows`, PROMPT, prompt),
    ...[64, 80, 94, 95].map((position) =>
      scan(`${SLOTS} sequences at token ${position}`, SLOTS, decodeBatch(position)),
    ),
    scan("1 sequence at token 80", 1, next),
    { op: "gated-norm", what: `${PROMPT} rows`, record: gated(PROMPT) },
    { op: "gated-norm", what: "1 row", record: gated(1) },
  ];
}

function visionCases(backend: Backend, config: ModelConfig): OpCase[] {
  const { hidden, heads, headDim, gridSide, prefixTokens } = config.vision;
  const tokens = gridSide ** 2 + prefixTokens;
  const qkv = filled(backend, tokens, 3 * hidden);
  const one = filled(backend, 1, hidden);
  const x = { ...qkv, cols: hidden };
  return [
    {
      op: "tile-attention",
      what: `${tokens} rows`,
      operations: 4 * tokens * tokens * hidden,
      record: (step) => {
        step.tileAttention(qkv, tokens, heads, headDim ** -0.5);
      },
    },
    {
      op: "layer-norm",
      what: `${tokens} rows`,
      record: (step) => {
        step.layerNorm(x, one, one, 1e-6);
      },
    },
  ];
}
