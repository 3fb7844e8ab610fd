import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checksumBytes, checksumsOf, findDamage } from "./checksums.ts";

const MIB = 1024 * 1024;
/** Two whole blocks and a short one. */
const DATA_BYTES = 9 * MIB + 100;
const data = Buffer.alloc(DATA_BYTES, "weights of a model, ");
let folder: string;
let path: string;
let file: Buffer;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vireo-checksums-"));
  path = join(folder, "packed");
  const sums = await checksumsOf(DATA_BYTES, (from, into) => {
    into.set(data.subarray(from, from + into.length));
  });
  expect(sums.length).toBe(checksumBytes(DATA_BYTES));
  file = Buffer.concat([data, sums]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const damageOf = (bytes: Uint8Array) => {
  writeFileSync(path, bytes);
  return findDamage(path, DATA_BYTES);
};

describe("a packed file", () => {
  test("that is as it was written", async () => {
    expect(await damageOf(file)).toBeUndefined();
  });

  test.each([
    ["first", 0, { from: 0, to: 4 * MIB }],
    ["last of the first block", 4 * MIB - 1, { from: 0, to: 4 * MIB }],
    ["first of the second block", 4 * MIB, { from: 4 * MIB, to: 8 * MIB }],
    ["last", DATA_BYTES - 1, { from: 8 * MIB, to: DATA_BYTES }],
    ["first of the checksums", DATA_BYTES, { from: 0, to: 4 * MIB }],
  ])("with a flipped bit in its %s byte", async (_, at, damage) => {
    for (const bit of [1, 128]) {
      const flipped = Buffer.from(file);
      flipped[at]! ^= bit;
      expect(await damageOf(flipped)).toEqual(damage);
    }
  });

  test.each([
    ["checksums", DATA_BYTES + 4],
    ["data", 5 * MIB],
    ["header", 0],
  ])("that was cut off within its %s", async (_, bytes) => {
    expect(await damageOf(file.subarray(0, bytes))).toBeDefined();
  });

  test("is no longer read when nobody waits for it", async () => {
    writeFileSync(path, file);
    const signal = AbortSignal.timeout(50);
    const reading = findDamage(path, DATA_BYTES, { bytesPerSecond: 1000, signal });
    await expect(reading).rejects.toThrow();
  });
});
