import { expect, test } from "vitest";
import { checkStrength, keyBits } from "./key-strength.ts";
import { generateKey } from "./keys.ts";

test.each([
  "x",
  "secret",
  "sk-1",
  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
  "abababababababababababab",
])("%s is refused, with the way to a better one", (key) => {
  expect(() => checkStrength(key, "0.0.0.0")).toThrow("vireo keys generate");
  expect(() => checkStrength(key, "0.0.0.0")).not.toThrow(`${key}\b`);
});

test.each([
  "3f9a1c0b7d5e24680f1e2d3c4b5a6978", // 16 random bytes
  "6f1c0b7e-0a51-4b0e-9d1f-3a2b1c4d5e6f",
  "q7Zr2LxT9vBn4KdW",
])("%s is accepted", (key) => {
  expect(() => checkStrength(key, "0.0.0.0")).not.toThrow();
});

test("generated keys are all different and far from the limit", () => {
  const keys = Array.from({ length: 200 }, generateKey);
  expect(new Set(keys).size).toBe(200);
  for (const key of keys) expect(keyBits(key)).toBeGreaterThan(120);
});
