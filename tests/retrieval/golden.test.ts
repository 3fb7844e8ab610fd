import { describe, expect, test } from "vitest";
import { RetrievalNetwork, type Sequence } from "../../src/embedding/retrieval-network.ts";
import { loadRetrievalModel } from "../../src/model/retrieval/load.ts";
import { ALL, type Candidate, using } from "../ops/backends.ts";
import { expectSame } from "../ops/tolerance.ts";
import { randomValues } from "../ops/values.ts";
import { openReference, type Reference } from "./reference.ts";
import { type TinyKind, tinyRetrieval } from "./tiny.ts";

/** Issue: golden embeddings ≤ 3e-6 exact, ≤ 2 % in bf16. */
const MAX_EXACT = 3e-6;
const MAX_BF16 = 0.02;
const LENGTHS = [1, 2, 17, 64, 65, 130];
const TILE = 3 * 32 * 32;

const tiny = tinyRetrieval();

function idsOf(length: number, seed: number): Int32Array {
  const ids = Int32Array.from(randomValues(length, seed), (x) => 20 + Math.floor((x + 1) * 200));
  ids[0] = 1;
  return ids;
}

function normalised(mean: Float32Array): Float64Array {
  const values = Float64Array.from(mean);
  const length = Math.hypot(...values);
  return values.map((value) => value / length);
}

/** Runs `sequences` on a candidate with exact or bf16 activations. */
async function vectors(
  candidate: Candidate,
  kind: TinyKind,
  sequences: readonly Sequence[],
  exact: boolean,
): Promise<Float32Array[]> {
  return await using(
    candidate,
    async (backend) => {
      const network = new RetrievalNetwork(backend, await loadRetrievalModel(backend, tiny(kind)));
      return await network.run(sequences);
    },
    exact,
  );
}

const references = new Map<TinyKind, Reference>();
function reference(kind: TinyKind): Reference {
  const found = references.get(kind) ?? openReference(tiny(kind));
  references.set(kind, found);
  return found;
}

/** The largest difference, and the length of the difference. */
function distances(found: Float64Array, wanted: Float64Array) {
  const differences = found.map((value, i) => Math.abs(value - wanted[i]!));
  return { largest: Math.max(...differences), length: Math.hypot(...differences) };
}

describe.each(ALL)("text embeddings on $name", (candidate) => {
  test.each(["text", "vl"] as const)("%s: as the reference, exact and bf16", async (kind) => {
    const sequences = LENGTHS.map((length) => ({ ids: idsOf(length, length) }));
    const wanted = sequences.map(({ ids }) => reference(kind).run([...ids]));
    for (const exact of [true, false]) {
      const found = await vectors(candidate, kind, sequences, exact);
      found.forEach((mean, i) => {
        const { largest, length } = distances(normalised(mean), wanted[i]!);
        const what = `${LENGTHS[i]} tokens: ${largest}, ${length}`;
        expect(exact ? largest : length, what).toBeLessThan(exact ? MAX_EXACT : MAX_BF16);
      });
    }
  });

  test("a sequence's bits are the same alone, in a batch and in another order", async () => {
    const sequences = LENGTHS.map((length) => ({ ids: idsOf(length, length) }));
    const together = await vectors(candidate, "text", sequences, false);
    const backwards = await vectors(candidate, "text", sequences.toReversed(), false);
    for (const [i, sequence] of sequences.entries()) {
      const [alone] = await vectors(candidate, "text", [sequence], false);
      expectSame(together[i]!, alone!, `${LENGTHS[i]} tokens`);
      expectSame(backwards.at(-1 - i)!, alone!, `${LENGTHS[i]} tokens, backwards`);
    }
  });

  test("a reranker's logit is as the reference's", async () => {
    const sequences = LENGTHS.map((length) => ({ ids: idsOf(length, 50 + length) }));
    const temperature = 2;
    for (const exact of [true, false]) {
      const found = await vectors(candidate, "rerank", sequences, exact);
      found.forEach(([logit], i) => {
        const [wanted] = reference("rerank").run([...sequences[i]!.ids]);
        expect(Math.abs(logit! / temperature - wanted!)).toBeLessThan(exact ? MAX_EXACT : 0.05);
      });
    }
  });
});

describe.each(ALL)("pictures on $name", (candidate) => {
  test("tiles and the embedding that holds them are as the reference's", async () => {
    const tiles = [randomValues(TILE, 7), randomValues(TILE, 8)];
    const { imageId } = await using(candidate, async (backend) => {
      return (await loadRetrievalModel(backend, tiny("vl"))).config.vision!;
    });
    const ids = Int32Array.of(1, 40, 41, ...Array.from({ length: 8 }, () => imageId), 42);
    const rows = tiles.flatMap((pixels) => reference("vl").tile(pixels));
    const wanted = reference("vl").run([...ids], rows);
    for (const exact of [true, false]) {
      await using(
        candidate,
        async (backend) => {
          const model = await loadRetrievalModel(backend, tiny("vl"));
          const network = new RetrievalNetwork(backend, model);
          const encoded: number[] = [];
          for (const pixels of tiles) encoded.push(...(await network.encodeTile(pixels)));
          const flat = Float64Array.from(rows.flatMap((row) => [...row]));
          const tile = distances(Float64Array.from(encoded), flat);
          const relative = tile.length / Math.hypot(...flat);
          expect(exact ? tile.largest : relative).toBeLessThan(exact ? 2 * MAX_EXACT : MAX_BF16);
          const pictureRows = Float32Array.from(encoded);
          const [mean] = await network.run([{ ids, pictureRows }]);
          const { largest, length } = distances(normalised(mean!), wanted);
          expect(exact ? largest : length).toBeLessThan(exact ? MAX_EXACT : MAX_BF16);
        },
        exact,
      );
    }
  });
});
