import { expect, test } from "vitest";
import { LoopWatch } from "./loop-watch.ts";

test("a late tick is a stall as long as the delay, and an early one is none", () => {
  let nowMs = 0;
  const watch = new LoopWatch(() => nowMs);
  const stalls: number[] = [];
  watch.onStall((ms) => stalls.push(ms));
  watch.start();
  for (const ms of [20, 41, 400, 410, 431]) {
    nowMs = ms;
    watch.tick();
  }
  watch.stop();
  expect(stalls).toEqual([339]);
});

test("blocking the event loop is seen", async () => {
  const watch = new LoopWatch();
  const seen = new Promise<number>((resolve) => watch.onStall(resolve));
  watch.start();
  const end = performance.now() + 120;
  while (performance.now() < end);
  expect(await seen).toBeGreaterThan(60);
  watch.stop();
});
