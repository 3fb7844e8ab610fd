// Measures the random network: prefill, decode and one block of the vision tower.

import { GREEDY_ROW, PAGE_ROWS, type SampleRow, tensorAt } from "../backends/backend.ts";
import { type CpuBackend, openCpuBackend } from "../backends/cpu/cpu.ts";
import type { Model } from "../model/load.ts";
import { createState, type ModelState } from "../model/state.ts";
import { visionBlock } from "../model/vision/encoder.ts";
import { runSpans, type SpanInput } from "../runtime/forward.ts";
import { headFormat, type SyntheticOptions, syntheticModel, WRITTEN_IDS } from "./synthetic.ts";
import { formatTable, percent } from "./table.ts";
import { interleave, summarise, type Timing, timed } from "./timing.ts";
import { randomFloats } from "./values.ts";

export interface NetworkOptions extends SyntheticOptions {
  readonly kernelSet?: string;
  readonly threads: number;
  readonly seconds: number;
}

export const PREFILL_TOKENS = 256;
const CONTEXT_TOKENS = 64;
const BATCHES: readonly number[] = [1, 4, 16];
const SLOTS = 16;
/** Maximum tokens of one sequence: a prefill and the peers' 64 tokens after it. */
const SEQUENCE_TOKENS = PREFILL_TOKENS + 64;
const SEQUENCE_PAGES = Math.ceil(SEQUENCE_TOKENS / PAGE_ROWS);
const ARENA_BYTES = 1024 * 1024 * 1024;

/** A model with its state, ready to be timed. */
export class Network {
  readonly backend: CpuBackend;
  readonly model: Model;
  readonly loadSeconds: number;
  private readonly state: ModelState;

  private constructor(backend: CpuBackend, model: Model, loadSeconds: number) {
    this.backend = backend;
    this.model = model;
    this.loadSeconds = loadSeconds;
    const sizes = { slots: SLOTS, pages: SLOTS * SEQUENCE_PAGES, kvDtype: "bf16" } as const;
    this.state = createState(backend, model.config, sizes);
  }

  static async open(options: NetworkOptions): Promise<Network> {
    const { threads, kernelSet } = options;
    const given = { threads, arenaBytes: ARENA_BYTES, ...(kernelSet && { kernelSet }) };
    const backend = await openCpuBackend(given);
    try {
      const start = performance.now();
      const model = await syntheticModel(backend, options);
      return new Network(backend, model, (performance.now() - start) / 1000);
    } catch (error) {
      await backend.close();
      throw error;
    }
  }

  close(): Promise<void> {
    return this.backend.close();
  }

  /** Milliseconds of a prompt of that many tokens in one step, with the logits of its last. */
  prefill(tokens: number): Promise<number> {
    const samples = [GREEDY_ROW];
    return timed(() => this.run([span(0, 0, tokens)], Int32Array.of(tokens - 1), samples));
  }

  /** Puts `tokens` tokens into the states of the first `batch` slots. */
  async prime(batch: number, tokens: number): Promise<void> {
    const spans = Array.from({ length: batch }, (_, slot) => span(slot, 0, tokens));
    await this.run(spans, new Int32Array(0), []);
  }

  /** Milliseconds of one step that samples a token for each of the first `batch` slots. */
  decode(batch: number, position: number): Promise<number> {
    const spans = Array.from({ length: batch }, (_, slot) => span(slot, position, 1));
    const samples = spans.map(() => GREEDY_ROW);
    return timed(() => this.run(spans, Int32Array.from(spans.keys()), samples));
  }

  /** Milliseconds of the vision blocks over one tile. */
  visionBlocks(): () => Promise<number> {
    const { backend, model } = this;
    const { gridSide, prefixTokens, hidden } = model.config.vision;
    const tokens = gridSide ** 2 + prefixTokens;
    const region = backend.allocate(tokens * hidden * 4);
    const start = new Uint8Array(randomFloats(tokens * hidden, 1).buffer);
    const x = tensorAt(region, 0, tokens, hidden);
    return () => {
      backend.write(region, 0, start);
      const step = backend.begin();
      for (const block of model.weights.vision.blocks) {
        visionBlock(step, model.config.vision, block, x, tokens);
      }
      return timed(() => step.read());
    };
  }

  private run(spans: readonly SpanInput[], rows: Int32Array, samples: readonly SampleRow[]) {
    return runSpans(this.backend, this.model, this.state, spans, rows, samples);
  }
}

function span(slot: number, position: number, tokens: number): SpanInput {
  const at = (token: number) => ((slot + 1) * 31 + (position + token) * 7919) % WRITTEN_IDS;
  const ids = Array.from({ length: tokens }, (_, token) => at(token));
  const pages = Array.from({ length: SEQUENCE_PAGES }, (_, page) => slot * SEQUENCE_PAGES + page);
  return { ids, position, slot, pages, mediaRows: [] };
}

export interface NetworkReport {
  readonly kernelSet: string;
  readonly threads: number;
  readonly loadSeconds: number;
  readonly prefill: Timing;
  /** By batch. */
  readonly decode: readonly { readonly batch: number; readonly timing: Timing }[];
  readonly vision?: VisionResult;
  readonly sizes: NetworkSizes;
  /** Peak memory of the process: after the prefill of one sequence, and at the end. */
  readonly prefillRssMb: number;
  readonly peakRssMb: number;
}

export interface VisionResult {
  /** Milliseconds of the vision blocks over one tile. */
  readonly timing: Timing;
  /** Share of the speed of a bf16 multiplication with cached weights, per round, in order. */
  readonly shares: readonly number[];
}

export interface NetworkSizes {
  /** Multiplications of one token in the layers; the head's apart. */
  readonly bodyWeights: number;
  /** Packed bytes that a decode step reads. */
  readonly decodeBytes: number;
  /** Floating-point operations of the vision blocks over one tile. */
  readonly visionOperations: number;
}

export async function benchNetwork(options: NetworkOptions): Promise<NetworkReport> {
  const network = await Network.open(options);
  try {
    const { seconds, threads } = options;
    await network.prefill(PREFILL_TOKENS);
    const [prefill] = await interleave([() => network.prefill(PREFILL_TOKENS)], seconds);
    const prefillRssMb = peakRssMb();
    await network.prime(SLOTS, CONTEXT_TOKENS);
    const decode = await benchDecode(network, seconds);
    const vision = options.visionBlocks > 0 ? await benchVision(network, seconds) : undefined;
    return {
      kernelSet: network.backend.kernelSet,
      threads,
      loadSeconds: network.loadSeconds,
      prefill: prefill!,
      decode,
      ...(vision && { vision }),
      sizes: networkSizes(network),
      prefillRssMb,
      peakRssMb: peakRssMb(),
    };
  } finally {
    await network.close();
  }
}

const VISION_ROUNDS = 3;
const VISION_RUNS = 12;

/**
 * Measures the vision blocks in turns with the multiplication that they are compared with, because
 * the speed of a shared machine changes within a minute.
 */
async function benchVision(network: Network, seconds: number): Promise<VisionResult> {
  const run = network.visionBlocks();
  const { visionOperations } = networkSizes(network);
  const samples: number[] = [];
  const shares: number[] = [];
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < VISION_ROUNDS || performance.now() < end; round++) {
    const before = await network.backend.probe("matmul-bf16");
    const runs: number[] = [];
    for (let i = 0; i < VISION_RUNS; i++) runs.push(await run());
    const after = await network.backend.probe("matmul-bf16");
    samples.push(...runs);
    shares.push(visionOperations / Math.min(...runs) / Math.max(before, after) / 1e-3);
  }
  return { timing: summarise(samples), shares: shares.sort((a, b) => a - b) };
}

function peakRssMb(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/** Measures batch sizes in turns, at positions that cover one chunk of the scan. */
async function benchDecode(network: Network, seconds: number): Promise<NetworkReport["decode"]> {
  const samples = BATCHES.map((): number[] => []);
  const end = performance.now() + seconds * 1000;
  for (let round = 0; round < 3 || performance.now() < end; round++) {
    const position = CONTEXT_TOKENS + (round % 32);
    for (const [index, batch] of BATCHES.entries()) {
      samples[index]!.push(await network.decode(batch, position));
    }
  }
  return BATCHES.map((batch, index) => ({ batch, timing: summarise(samples[index]!) }));
}

function networkSizes({ backend, model }: Network): NetworkSizes {
  const { weights, config } = model;
  const matrices = weights.layers.flatMap((layer) => {
    if (layer.kind === "mlp") return [layer.up, layer.down];
    return layer.kind === "mamba2" ? [layer.inProj, layer.outProj] : [...layer.qkv, layer.outProj];
  });
  const bytes = [...matrices, weights.lmHead].reduce(
    (sum, { format, outputs, inputs }) => sum + backend.matrixBytes(format, outputs, inputs),
    0,
  );
  const { hidden, intermediate, layers, gridSide, prefixTokens } = config.vision;
  const tokens = gridSide ** 2 + prefixTokens;
  const linears = tokens * (4 * hidden * hidden + 2 * hidden * intermediate);
  const attention = 2 * tokens * tokens * hidden;
  return {
    bodyWeights: matrices.reduce((sum, { outputs, inputs }) => sum + outputs * inputs, 0),
    decodeBytes: bytes,
    visionOperations: 2 * layers * (linears + attention),
  };
}

export function formatNetwork(
  options: SyntheticOptions,
  reports: readonly NetworkReport[],
): string {
  const { pattern, format, vocabulary, visionBlocks } = options;
  const head = `${format} (head ${headFormat(format)})`;
  const title = `model: ${pattern}, real widths, vocabulary ${vocabulary}, ${head}`;
  const header = ["", "threads", "best", "median", "", "best rate", "", "runs"];
  const lines = reports.flatMap((report) => {
    const { threads, prefill, decode, vision, sizes } = report;
    const rate = (ms: number) => (1000 * PREFILL_TOKENS) / ms;
    const gflops = (2 * sizes.bodyWeights * PREFILL_TOKENS) / prefill.best / 1e6;
    const of = `prefill ${PREFILL_TOKENS}`;
    const bests = [rate(prefill.best), rate(prefill.median)];
    const prefillLine = [of, threads, ...bests, "tok/s", gflops, "GFLOP/s", prefill.runs];
    const decodeLines = decode.map(({ batch, timing }) => [
      `decode, batch ${batch}`,
      threads,
      (1000 * batch) / timing.best,
      (1000 * batch) / timing.median,
      "tok/s",
      sizes.decodeBytes / timing.best / 1e6,
      "GB/s",
      timing.runs,
    ]);
    if (!vision) return [prefillLine, ...decodeLines];
    const { best, median, runs } = vision.timing;
    const speed = sizes.visionOperations / best / 1e6;
    const blocks = `${visionBlocks} vision block${visionBlocks === 1 ? "" : "s"}, one tile`;
    const unit = `GFLOP/s, ${showShares(vision.shares)}`;
    return [prefillLine, ...decodeLines, [blocks, threads, best, median, "ms", speed, unit, runs]];
  });
  const memory = reports
    .map(({ threads, loadSeconds, prefillRssMb, peakRssMb }) => {
      const name = `${threads} thread${threads === 1 ? "" : "s"}`;
      const one = `peak RSS ${prefillRssMb.toFixed(0)} MB after the prefill`;
      const rss = `${one}, ${peakRssMb.toFixed(0)} MB after all`;
      return `${name}: made in ${loadSeconds.toFixed(0)} s, ${rss}`;
    })
    .join("; ");
  return `${title}\n${formatTable(header, lines)}\n${memory}`;
}

/** The median round, and the worst and the best. */
function showShares(shares: readonly number[]): string {
  const [worst, middle, best] = [0, Math.floor(shares.length / 2), shares.length - 1].map((at) =>
    percent(shares[at]!, 1),
  );
  return `${middle} of cached bf16 matmul (${worst} to ${best})`;
}
