import fc from "fast-check";
import { expect, test } from "vitest";
import { openBackend } from "../../backends/open.ts";
import { dissimilarity, retainedRows, retentionMask, retentionRanks } from "./evs.ts";

const RATES = [0, 0.1, 0.25, 0.3, 0.5, 0.7, 0.75, 0.9, 0.95];

/** The rule as it was before there were ranks: sort, and take from the front. */
function sorted(differences: Float32Array, count: number): Uint8Array {
  const order = [...differences.keys()];
  order.sort((a, b) => differences[b]! - differences[a]! || a - b);
  const mask = new Uint8Array(differences.length);
  for (const row of order.slice(0, count)) mask[row] = 1;
  return mask;
}

test("one ranking gives the mask of every rate, ties included", () => {
  const tied = fc.constantFrom(0, 0.25, 0.5, 1, 255);
  const property = fc.property(
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 1, max: 20 }),
    fc.infiniteStream(tied),
    (frames, tokens, values) => {
      const differences = Float32Array.from({ length: frames * tokens }, () => {
        return values.next().value as number;
      });
      differences.fill(255, 0, tokens);
      const ranks = retentionRanks(differences);
      for (const rate of RATES) {
        const count = retainedRows(frames, tokens, rate);
        const mask = retentionMask(differences, count);
        expect(mask).toEqual(sorted(differences, count));
        expect([...ranks].map((rank) => Number(rank < count))).toEqual([...mask]);
        if (!differences.subarray(tokens).includes(255)) {
          expect(mask.subarray(0, tokens).every((kept) => kept === 1)).toBe(true);
        }
      }
    },
  );
  fc.assert(property, { seed: 5, numRuns: 200 });
});

test("equal frames keep the earlier rows, and the first frame is always whole", async () => {
  const frame = [1, 0, 0, 1, 0, 2];
  const rows = Float32Array.from([...frame, ...frame, ...frame]);
  const backend = await openBackend("reference");
  const ranks = retentionRanks(await dissimilarity(backend, { rows, frames: 3, tokens: 3 }));
  await backend.close();
  expect([...ranks]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  expect(retainedRows(3, 3, 0.9)).toBe(3);
});
