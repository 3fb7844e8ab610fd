import { expect, test } from "vitest";
import { defined } from "./defined.ts";

test("leaves out undefined members and keeps every other value", () => {
  const values = defined({ a: 1, b: undefined, c: 0, d: false, e: "", f: null });
  expect(values).toStrictEqual({ a: 1, c: 0, d: false, e: "", f: null });
});
