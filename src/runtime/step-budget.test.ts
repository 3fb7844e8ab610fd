import { expect, test } from "vitest";
import { StepBudget } from "./step-budget.ts";

test("without streams, prompts get all rows", () => {
  expect(new StepBudget().promptRows(0, 256)).toBe(256);
});

test("carefully at first", () => {
  expect(new StepBudget().promptRows(3, 256)).toBe(16);
});

test("a step with a prompt takes less than twice as long as one without", () => {
  const pace = new StepBudget();
  const msOf = (streams: number, rows: number) => 10 + streams + rows * 0.25;
  for (let i = 0; i < 60; i++) pace.observeStep(8, 0, msOf(8, 0));
  for (let i = 0; i < 60; i++) {
    const rows = pace.promptRows(8, 256);
    pace.observeStep(8, rows, msOf(8, rows));
  }
  expect(msOf(8, pace.promptRows(8, 256)) / msOf(8, 0)).toBeCloseTo(1.8, 1);
});

test("a machine that is slow for a moment is not slow for ever", () => {
  const pace = new StepBudget();
  for (let i = 0; i < 20; i++) pace.observeStep(1, 0, 10);
  for (let i = 0; i < 20; i++) pace.observeStep(1, 64, 1000);
  expect(pace.promptRows(1, 256)).toBe(16);
  for (let i = 0; i < 60; i++) pace.observeStep(1, 16, 10 + 16 * 0.1);
  expect(pace.promptRows(1, 256)).toBeGreaterThan(70);
});

test("pictures are encoded in slices beside streams, whole otherwise", () => {
  const pace = new StepBudget();
  expect(pace.blocks(0, 32)).toBe(32);
  expect(pace.blocks(1, 32)).toBe(1);
  for (let i = 0; i < 20; i++) {
    pace.observeStep(1, 0, 100);
    pace.observeBlocks(32, 32 * 35);
    pace.observeStep(0, 100, 100);
  }
  expect(pace.blocks(1, 32)).toBe(2);
  expect(pace.promptRows(1, 256)).toBe(80);
  expect(pace.promptRows(1, 256, 50)).toBe(30);
  expect(pace.promptRows(1, 256, 200)).toBe(16);
});
