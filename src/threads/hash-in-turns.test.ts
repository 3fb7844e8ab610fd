import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { hashInTurns } from "./hash-in-turns.ts";

test.each([0, 1, 1_048_576, 1_048_577, 5_000_000])("%i bytes have the usual hash", async (size) => {
  const bytes = new Uint8Array(size).map((_, at) => at % 251);
  const hash = createHash("sha256");
  await hashInTurns(hash, bytes);
  expect(hash.digest("hex")).toBe(createHash("sha256").update(bytes).digest("hex"));
});

test("other work runs while much is hashed", async () => {
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  }, 0);
  await hashInTurns(createHash("sha256"), new Uint8Array(32 * 1024 * 1024));
  clearInterval(timer);
  expect(turns).toBeGreaterThan(3);
});
