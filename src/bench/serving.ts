// Throughput and latency of concurrent requests through the scheduler, on a network of the real
// widths: many streams against one, streams beside a long prompt, a repeated prompt.

import { openCpuBackend } from "../backends/cpu/cpu.ts";
import { type Clients, openClients } from "./clients.ts";
import { type SyntheticOptions, syntheticModel } from "./synthetic.ts";

export interface ServingReport {
  readonly threads: number;
  /** By rounds, in order of their ratio. */
  readonly together: readonly Together[];
  readonly beside: readonly Beside[];
  readonly repeated: readonly Repeated[];
}

/** Tokens per second of all streams. */
interface Together {
  readonly one: number;
  readonly many: number;
}

/** 95th percentile of the milliseconds between two tokens of a stream. */
interface Beside {
  readonly alone: number;
  readonly withPrompt: number;
}

/** Milliseconds to the first token. */
interface Repeated {
  readonly cold: number;
  readonly warm: number;
}

const MANY = 16;
const STREAMS = 8;
const DECODED = 48;
const LONG_PROMPT = 4096;
const REPEATED_PROMPT = 2048;
const IMAGES = 2;
const MIN_ROUNDS = 3;
const ARENA_BYTES = 1024 * 1024 * 1024;

export interface ServingOptions extends SyntheticOptions {
  readonly threads: number;
  readonly seconds: number;
  readonly kernelSet?: string;
}

export async function benchServing(options: ServingOptions): Promise<ServingReport> {
  const { threads, kernelSet, seconds } = options;
  const given = { threads, arenaBytes: ARENA_BYTES, ...(kernelSet && { kernelSet }) };
  const backend = await openCpuBackend(given);
  try {
    const model = await syntheticModel(backend, options);
    const clients = openClients(backend, model, { slots: MANY, pages: 256, snapshots: 8 });
    return {
      threads,
      together: await rounds(seconds, () => together(clients), byRatio("one", "many")),
      beside: await rounds(seconds, () => beside(clients), byRatio("withPrompt", "alone")),
      repeated: await rounds(seconds, () => repeated(clients), byRatio("warm", "cold")),
    };
  } finally {
    await backend.close();
  }
}

/** Runs at least three times, after once to warm up; the best ratio comes last. */
async function rounds<T>(
  seconds: number,
  run: () => Promise<T>,
  ratio: (result: T) => number,
): Promise<T[]> {
  await run();
  const results: T[] = [];
  const end = performance.now() + seconds * 1000;
  while (results.length < MIN_ROUNDS || performance.now() < end) results.push(await run());
  return results.sort((a, b) => ratio(a) - ratio(b));
}

function byRatio<K extends string>(below: K, above: K) {
  return (result: Readonly<Record<K, number>>): number => result[above] / result[below];
}

async function together(clients: Clients): Promise<Together> {
  const rate = async (streams: number): Promise<number> => {
    const prompts = Array.from({ length: streams }, () => clients.prompt(16));
    const times = await Promise.all(prompts.map((prompt) => clients.ask(prompt, DECODED)));
    const begin = Math.max(...times.map((one) => one[0]!));
    const end = Math.max(...times.map((one) => one.at(-1)!));
    return (1000 * streams * (DECODED - 1)) / (end - begin);
  };
  return { one: await rate(1), many: await rate(MANY) };
}

async function beside(clients: Clients): Promise<Beside> {
  const start = performance.now();
  const prompts = Array.from({ length: STREAMS }, () => clients.prompt(16));
  const streams = prompts.map((prompt) => clients.ask(prompt, DECODED * 6));
  const long = new Promise<readonly [number, number]>((resolve) => {
    const begin = async () => {
      const from = performance.now();
      const [first] = await clients.ask(clients.prompt(LONG_PROMPT), 1);
      resolve([from, first!]);
    };
    const soon = setInterval(() => {
      if (performance.now() - start < 400) return;
      clearInterval(soon);
      void begin();
    }, 10);
  });
  const times = await Promise.all(streams);
  const [from, to] = await long;
  const gaps = times.flatMap((one) =>
    one.slice(1).map((time, i) => [time, time - one[i]!] as const),
  );
  const during = gaps.filter(([time]) => time > from && time <= to).map(([, gap]) => gap);
  const before = gaps.filter(([time]) => time <= from).map(([, gap]) => gap);
  return { alone: percentile(before, 0.95), withPrompt: percentile(during, 0.95) };
}

async function repeated(clients: Clients): Promise<Repeated> {
  const { prompt, images } = clients.promptWithImages(REPEATED_PROMPT, IMAGES);
  const first = async (): Promise<number> => {
    const start = performance.now();
    const [time] = await clients.ask(prompt, 1, images);
    return time! - start;
  };
  return { cold: await first(), warm: await first() };
}

function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export function formatServing(
  options: SyntheticOptions,
  reports: readonly ServingReport[],
): string {
  const { pattern, format, visionBlocks } = options;
  const blocks = `${visionBlocks} vision block${visionBlocks === 1 ? "" : "s"}`;
  const title = `serving: ${pattern}, real widths, ${format}, ${blocks}; median and best round`;
  const lines = reports.flatMap(({ threads, together, beside, repeated }) => {
    const [t, b, r] = [middle(together), middle(beside), middle(repeated)];
    const name = `${threads} thread${threads === 1 ? "" : "s"}`;
    return [
      `${name}: ${MANY} streams ${t.many.toFixed(0)} tok/s, one ${t.one.toFixed(0)}: ` +
        showRatio(together, ({ many, one }) => many / one),
      `${name}: ${STREAMS} streams, p95 between tokens ${b.alone.toFixed(1)} ms alone, ` +
        `${b.withPrompt.toFixed(1)} ms beside a prompt of ${LONG_PROMPT}: ` +
        showRatio(beside, ({ withPrompt, alone }) => withPrompt / alone),
      `${name}: a prompt of ${REPEATED_PROMPT} with ${IMAGES} images, first token after ` +
        `${r.cold.toFixed(0)} ms, again ${r.warm.toFixed(0)} ms: ` +
        showRatio(repeated, ({ cold, warm }) => cold / warm),
    ];
  });
  return [title, ...lines].join("\n");
}

function middle<T>(sorted: readonly T[]): T {
  return sorted[Math.floor(sorted.length / 2)]!;
}

function showRatio<T>(sorted: readonly T[], ratio: (round: T) => number): string {
  const best = ratio(sorted.at(-1)!);
  return `${ratio(middle(sorted)).toFixed(2)} × (best ${best.toFixed(2)} ×)`;
}
