// The gain of EVS on a long clip: time to the first token with all rows and with the rows that
// remain at a given rate, on a network of the real widths.

import type { Backend } from "../backends/backend.ts";
import { openCpuBackend } from "../backends/cpu/cpu.ts";
import { retentionRanks } from "../inputs/media/evs.ts";
import { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import type { Model } from "../model/load.ts";
import { visionBlock } from "../model/vision/encoder.ts";
import { openClients } from "./clients.ts";
import { type SyntheticOptions, syntheticModel } from "./synthetic.ts";
import { interleave, timed } from "./timing.ts";
import { randomFloats } from "./values.ts";

export interface VideoBenchOptions extends SyntheticOptions {
  readonly threads: number;
  readonly kernelSet?: string;
  readonly frames: number;
  /** Share of the rows that EVS drops in the run that is compared with dropping none. */
  readonly pruningRate: number;
}

export interface VideoReport {
  readonly threads: number;
  readonly frames: number;
  /** The higher rate first. */
  readonly rates: readonly RateReport[];
  /** Comparing the rows of all frames, and ranking them. */
  readonly evsMs: number;
  readonly batches: readonly BatchReport[];
}

interface BatchReport {
  /** Frames that go through a vision block at once. */
  readonly frames: number;
  readonly msPerFrame: number;
}

interface RateReport {
  readonly rate: number;
  readonly promptTokens: number;
  readonly firstTokenMs: number;
}

const BATCHES = [1, 2, 4];
const BATCH_SECONDS = 8;
const ARENA_BYTES = 1024 * 1024 * 1024;
const PAGE_TOKENS = 64;

export async function benchVideo(options: VideoBenchOptions): Promise<VideoReport> {
  const { threads, frames, kernelSet } = options;
  const given = { threads, arenaBytes: ARENA_BYTES, ...(kernelSet && { kernelSet }) };
  const backend = await openCpuBackend(given);
  try {
    const model = await syntheticModel(backend, options);
    const { tokensPerTile } = model.config.vision;
    const pages = Math.ceil((frames * tokensPerTile) / PAGE_TOKENS) + 8;
    const clients = openClients(backend, model, { slots: 1, pages, snapshots: 0 });
    await clients.ask(clients.prompt(64), 1);
    const rates: RateReport[] = [];
    for (const rate of [options.pruningRate, 0]) {
      const video = film(model, frames, rate);
      const prompt = clients.promptWithVideo(video);
      const start = performance.now();
      const [first] = await clients.ask(prompt, 1, [video]);
      rates.push({ rate, promptTokens: prompt.ids.length, firstTokenMs: first! - start });
    }
    const frame = randomFloats(tokensPerTile * model.config.text.hidden, 1);
    const compare = await best(async () => {
      const step = backend.begin();
      const before = step.input(frame, tokensPerTile);
      await step.read(step.cosineDistance(before, before));
    });
    const values = randomFloats(frames * tokensPerTile, 1);
    const rank = await best(async () => retentionRanks(values));
    const batches = await benchBatches(backend, model);
    return { threads, frames, rates, evsMs: compare * (frames - 1) + rank, batches };
  } finally {
    await backend.close();
  }
}

/** Time per frame by the number of frames that go through the tower together; best of many runs. */
async function benchBatches(backend: Backend, model: Model): Promise<BatchReport[]> {
  const { config, weights } = model;
  const { blocks, prefix, position } = weights.vision;
  const tokens = prefix.rows + position.rows;
  const runs = BATCHES.map((frames) => {
    const rows = randomFloats(frames * tokens * position.cols, 1);
    return () =>
      timed(async () => {
        const step = backend.begin();
        visionBlock(step, config.vision, blocks[0]!, step.input(rows, frames * tokens), tokens);
        await step.read();
      });
  });
  const timings = await interleave(runs, BATCH_SECONDS);
  return BATCHES.map((frames, at) => ({ frames, msPerFrame: timings[at]!.best / frames }));
}

/** Milliseconds of the fastest of many runs: other load only adds time. */
async function best(work: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 15; i++) times.push(await timed(work));
  return Math.min(...times);
}

/** A bright square that crosses a dark picture: no two frames are the same. */
function film(model: Model, frames: number, pruningRate: number): MediaEmbedding {
  const { tilePx } = model.config.vision;
  const side = tilePx / 4;
  const places = Array.from({ length: frames }, (_, frame) => {
    const rgb = new Uint8Array(tilePx * tilePx * 3).fill(40);
    const left = Math.floor(((tilePx - side) * frame) / frames);
    for (let y = side; y < 2 * side; y++) {
      const row = (y * tilePx + left) * 3;
      rgb.fill(200, row, row + side * 3);
    }
    return { image: { rgb, width: tilePx, height: tilePx }, left: 0, top: 0 };
  });
  return MediaEmbedding.of(model.config, { key: `film ${pruningRate}`, places, pruningRate });
}

export function formatVideo(options: SyntheticOptions, reports: readonly VideoReport[]): string {
  const { pattern, format, visionBlocks } = options;
  const title = `video: ${pattern}, real widths, ${format}, ${visionBlocks} vision blocks`;
  const lines = reports.flatMap(({ threads, frames, rates, evsMs, batches }) => {
    const name = `${threads} thread${threads === 1 ? "" : "s"}`;
    const [pruned, whole] = rates;
    const times = rates.map(({ rate, promptTokens, firstTokenMs }) => {
      const first = `first after ${(firstTokenMs / 1000).toFixed(1)} s`;
      return `${name}: ${frames} frames, EVS rate ${rate}: ${promptTokens} tokens, ${first}`;
    });
    const each = batches.map((batch) => `${batch.frames}: ${batch.msPerFrame.toFixed(1)} ms`);
    times.push(`${name}: a vision block, each frame, by frames at once: ${each.join(", ")}`);
    if (!pruned || !whole) return times;
    const ratio = whole.firstTokenMs / pruned.firstTokenMs;
    const share = (100 * evsMs) / pruned.firstTokenMs;
    const evs = `EVS itself ${evsMs.toFixed(0)} ms, ${share.toFixed(2)} % of the shorter`;
    return [
      ...times,
      `${name}: at rate ${pruned.rate} ${ratio.toFixed(2)} × sooner than at 0; ${evs}`,
    ];
  });
  return [title, ...lines].join("\n");
}
