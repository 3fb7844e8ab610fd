import { setImmediate } from "node:timers/promises";

/** Work that yields after each step of a few milliseconds, and returns its result. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** Pixels of a step. */
const STEP_PIXELS = 250_000;

/** Does all steps. Between them the event loop serves others. */
export async function runSteps<T>(steps: Steps<T>): Promise<T> {
  let step = steps.next();
  while (!step.done) {
    await setImmediate();
    step = steps.next();
  }
  return step.value;
}

/** Does all steps at once. */
export function runAtOnce<T>(steps: Steps<T>): T {
  let step = steps.next();
  while (!step.done) step = steps.next();
  return step.value;
}

/** Works on the numbers 0 to `count` − 1 in ranges; each number stands for `pixels` pixels. */
export function* inRanges(
  count: number,
  work: (from: number, to: number) => void,
  pixels = 1,
): Steps<void> {
  const size = Math.max(1, Math.floor(STEP_PIXELS / pixels));
  for (let from = 0; from < count; from += size) {
    if (from > 0) yield;
    work(from, Math.min(from + size, count));
  }
}
