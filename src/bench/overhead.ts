// The cost of a step without its kernels: the real model's 62 layers, one decoding answer, and
// everything around it (scheduler, recording, sampling options, text, events).

import { NullBackend } from "../backends/null/null.ts";
import { type ChatEvent, GREEDY } from "../core/chat.ts";
import { silentLog } from "../core/log.ts";
import { textPrompt } from "../inputs/prompt.ts";
import { createState } from "../model/state.ts";
import { Answer } from "../runtime/answer.ts";
import { Batcher } from "../runtime/batcher.ts";
import { EventQueue } from "../runtime/event-queue.ts";
import { Sampler } from "../runtime/sampler.ts";
import { Sequence } from "../runtime/sequence.ts";
import { LETTERS } from "./letters.ts";
import { REAL_PATTERN, syntheticModel } from "./synthetic.ts";
import { interleave, type Timing, timed } from "./timing.ts";

export interface OverheadReport {
  readonly layers: number;
  /** Milliseconds of one step. */
  readonly timing: Timing;
}

const STEPS_PER_RUN = 50;
const WARM_UP_RUNS = 60;

export async function benchOverhead(seconds: number): Promise<OverheadReport> {
  const backend = new NullBackend();
  const model = await syntheticModel(backend, {
    pattern: REAL_PATTERN,
    vocabulary: 132096,
    format: "nvfp4",
    visionBlocks: 0,
  });
  const sizes = { slots: 1, snapshots: 0, pages: 16, kvDtype: "bf16" } as const;
  const state = createState(backend, model.config, sizes);
  const now = () => performance.now();
  const batcher = new Batcher({
    backend,
    model,
    state,
    ...sizes,
    maxRows: 256,
    log: silentLog,
    now,
  });
  const run = async (): Promise<number> => {
    const events = new EventQueue<ChatEvent>();
    const total = await timed(async () => {
      batcher.add(oneAnswer(events, now));
      for await (const event of events) if (event.type === "end") return;
    });
    return total / STEPS_PER_RUN;
  };
  for (let i = 0; i < WARM_UP_RUNS; i++) await run(); // until the compiler is done with it
  const [timing] = await interleave([run], seconds);
  return { layers: REAL_PATTERN.length, timing: timing! };
}

function oneAnswer(events: EventQueue<ChatEvent>, now: () => number): Sequence {
  const answer = new Answer(LETTERS, {
    reasoningOpen: false,
    stop: [],
    maxTokens: STEPS_PER_RUN,
    minTokens: 0,
    ignoreEos: true,
    eosIds: [],
  });
  return new Sequence({
    prompt: textPrompt([5]),
    tenant: "",
    prefixKeys: [],
    embeddings: [],
    sampler: new Sampler(GREEDY, [5], undefined),
    answer,
    events,
    onUsage: undefined,
    signal: undefined,
    mediaMs: 0,
    now,
  });
}

export function formatOverhead({ layers, timing }: OverheadReport): string {
  const us = (ms: number) => `${(ms * 1000).toFixed(0)} µs`;
  const { best, median, runs } = timing;
  const figures = `best ${us(best)}, median ${us(median)} per step (${runs} runs)`;
  return `overhead: ${layers} layers, one decode step, no kernels: ${figures}`;
}
