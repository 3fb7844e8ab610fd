import { expect, test } from "vitest";
import { TurnAllowance } from "./turn-allowance.ts";

test("the work of one turn is bounded in sum, and the next turn starts anew", async () => {
  const allowance = new TurnAllowance(10);
  expect([4, 4, 4, 2, 1].map((work) => allowance.take(work))).toEqual([
    true,
    true,
    false,
    true,
    false,
  ]);
  await Promise.resolve();
  expect(allowance.take(1)).toBe(false);
  await new Promise((resolve) => setImmediate(resolve));
  expect(allowance.take(10)).toBe(true);
  expect(new TurnAllowance(10).take(11)).toBe(false);
});
