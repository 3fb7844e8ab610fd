import { expect, test } from "vitest";
import { ByteBudget } from "./byte-budget.ts";

const open = () =>
  new ByteBudget({ maxBytes: 100, maxTenantBytes: 60, contents: "request bodies" });

test("one tenant gets its share, and others still find room", () => {
  const budget = open();
  const first = budget.take("a", 40);
  expect(() => budget.take("a", 21)).toThrow("of this key may hold 60 bytes");
  budget.take("b", 50);
  expect(() => budget.take("c", 11)).toThrow("of all clients may hold 100 bytes");
  first.release();
  first.release();
  expect(budget.bytes).toBe(50);
  budget.take("a", 50);
});

test("a booking grows, and a refused growth leaves it as it was", () => {
  const budget = open();
  const booking = budget.take("a", 10);
  booking.grow(50);
  expect(() => booking.grow(1)).toThrow(expect.objectContaining({ code: "server_busy" }));
  expect(booking.bytes).toBe(60);
  booking.shrink(20);
  expect(budget.bytes).toBe(40);
  booking.release();
  expect([budget.bytes, budget.bytesOf("a")]).toEqual([0, 0]);
});
