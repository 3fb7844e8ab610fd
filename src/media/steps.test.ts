import { expect, test } from "vitest";
import { inRanges, runAtOnce, runSteps, type Steps } from "./steps.ts";

test("ranges cover every number once, in order, in steps of bounded size", async () => {
  const ranges: (readonly [number, number])[] = [];
  const steps = inRanges(1000, (from, to) => ranges.push([from, to]), 1000);
  let count = 1;
  while (!steps.next().done) count += 1;
  expect(count).toBe(4);
  expect(ranges).toEqual([0, 250, 500, 750].map((from) => [from, from + 250]));
  await runSteps(inRanges(0, () => expect.unreachable()));
});

test("other work runs between two steps, and the result is the same as at once", async () => {
  function* sum(): Steps<number> {
    let total = 0;
    for (let i = 1; i <= 5; i++) {
      total += i;
      yield;
    }
    return total;
  }
  let others = 0;
  const timer = setInterval(() => {
    others += 1;
  }, 0);
  const slow = runSteps(
    (function* () {
      while (others < 3) yield;
      return yield* sum();
    })(),
  );
  expect(await slow).toBe(15);
  clearInterval(timer);
  expect(runAtOnce(sum())).toBe(15);
});
