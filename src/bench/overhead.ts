// What a step costs beside the kernels: the real model's 62 layers recorded for one new token.

import { NullBackend } from "../backends/null/null.ts";
import { createState } from "../model/state.ts";
import { runSpans } from "../runtime/forward.ts";
import { GREEDY_ROW } from "./network.ts";
import { REAL_PATTERN, syntheticModel } from "./synthetic.ts";
import { interleave, type Timing, timed } from "./timing.ts";

export interface OverheadReport {
  readonly layers: number;
  /** Of one step, in milliseconds. */
  readonly timing: Timing;
}

const STEPS_PER_RUN = 10;

export async function benchOverhead(seconds: number): Promise<OverheadReport> {
  const backend = new NullBackend();
  const model = await syntheticModel(backend, {
    pattern: REAL_PATTERN,
    vocabulary: 132096,
    format: "nvfp4",
    visionBlocks: 0,
  });
  const state = createState(backend, model.config, { slots: 1, pages: 16, kvDtype: "bf16" });
  const span = { ids: [5], position: 64, slot: 0, pages: [0, 1], visual: [] };
  const rows = Int32Array.of(0);
  const run = async (): Promise<number> => {
    const total = await timed(async () => {
      for (let i = 0; i < STEPS_PER_RUN; i++) {
        await runSpans(backend, model, state, [span], rows, [GREEDY_ROW]);
      }
    });
    return total / STEPS_PER_RUN;
  };
  for (let i = 0; i < 200; i++) await run(); // until the compiler is done with it
  const [timing] = await interleave([run], seconds);
  return { layers: REAL_PATTERN.length, timing: timing! };
}

export function formatOverhead({ layers, timing }: OverheadReport): string {
  const us = (ms: number) => `${(ms * 1000).toFixed(0)} µs`;
  const { best, median, runs } = timing;
  const figures = `best ${us(best)}, median ${us(median)} per step (${runs} runs)`;
  return `overhead: ${layers} layers, one row, no kernels: ${figures}`;
}
