import { expect, test } from "vitest";
import { Pace } from "./pace.ts";

test("nobody streams: prompts have all rows", () => {
  expect(new Pace().promptRows(0, 256)).toBe(256);
});

test("carefully at first", () => {
  expect(new Pace().promptRows(3, 256)).toBe(16);
});

test("a step with a prompt takes about twice as long as one without", () => {
  const pace = new Pace();
  const msOf = (streams: number, rows: number) => 10 + streams + rows * 0.25;
  for (let i = 0; i < 60; i++) pace.observe(8, 0, msOf(8, 0));
  for (let i = 0; i < 60; i++) {
    const rows = pace.promptRows(8, 256);
    pace.observe(8, rows, msOf(8, rows));
  }
  expect(msOf(8, pace.promptRows(8, 256)) / msOf(8, 0)).toBeCloseTo(2, 1);
});

test("a machine that is slow for a moment is not slow for ever", () => {
  const pace = new Pace();
  for (let i = 0; i < 20; i++) pace.observe(1, 0, 10);
  for (let i = 0; i < 20; i++) pace.observe(1, 64, 1000);
  expect(pace.promptRows(1, 256)).toBe(16);
  for (let i = 0; i < 60; i++) pace.observe(1, 16, 10 + 16 * 0.1);
  expect(pace.promptRows(1, 256)).toBeGreaterThan(80);
});
