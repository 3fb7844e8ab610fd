import { describe, expect, test } from "vitest";
import { retainedRows, retentionMask, retentionRanks } from "../../../src/inputs/media/evs.ts";
import { keptTokens, prunedPath, readRanks } from "./pruning.ts";

const RATES = Array.from({ length: 20 }, (_, at) => at * 0.05).concat([0.1 + 0.2, 1 / 3, 0.999]);

test("the page keeps what the engine keeps, at every rate", () => {
  for (const frames of [1, 2, 3, 7, 128]) {
    for (const rate of RATES) {
      expect(keptTokens(frames, 256, rate)).toBe(retainedRows(frames, 256, rate));
    }
  }
  const differences = Float32Array.from({ length: 3 * 16 }, (_, at) => {
    return at < 16 ? 255 : ((at * 37) % 5) / 5;
  });
  const bytes = Buffer.alloc(48 * 4);
  retentionRanks(differences).forEach((rank, at) => {
    bytes.writeUInt32LE(rank, at * 4);
  });
  const ranks = readRanks(bytes.toString("base64"));
  for (const rate of RATES) {
    const kept = keptTokens(3, 16, rate);
    const mask = retentionMask(differences, retainedRows(3, 16, rate));
    expect([...ranks].map((rank) => Number(rank < kept))).toEqual([...mask]);
  }
});

describe("the path of a frame's pruned tokens", () => {
  const frame = { ranks: Uint32Array.of(9, 9, 0, 9, 0, 9), columns: 3 };

  test("joins neighbouring tokens, but never across the end of a row", () => {
    expect(prunedPath(frame, 5)).toEqual({
      path: "M0 0h2v1h-2zM0 1h1v1h-1zM2 1h1v1h-1z",
      pruned: 4,
    });
    expect(prunedPath(frame, 10)).toEqual({ path: "", pruned: 0 });
    expect(prunedPath(frame, 0).path).toBe("M0 0h3v1h-3zM0 1h3v1h-3z");
  });
});
