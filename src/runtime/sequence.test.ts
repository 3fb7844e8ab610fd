import { expect, test } from "vitest";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import { buildPrompt } from "../inputs/prompt.ts";
import { Sequence, type SequenceInput } from "./sequence.ts";

const tokenizer = { encodeText: (text: string) => [...Buffer.from(text)] } as never;
const imageIds = { begin: 1, placeholder: 0, end: 2 };
const MARKS = new Map([
  [0, "."],
  [1, "["],
  [2, "]"],
]);

/** A sequence about a video of three frames of four rows, six of which are kept. */
function sequenceOf(embedding: Partial<MediaEmbedding>): Sequence {
  const texts = [
    ["v", "a"],
    ["\n", "b"],
    ["\n", "c"],
  ];
  const prompt = buildPrompt({
    pieces: [
      { kind: "text", text: "<" },
      { kind: "video", index: 0 },
      { kind: "text", text: ">" },
    ],
    tokenizer,
    imageTokens: [],
    videos: [{ texts, tokens: 6, prunes: true }],
    imageIds,
  });
  const now = () => 0;
  const input = { prompt, embeddings: [embedding], prefixKeys: [], mediaMs: 0, now };
  return new Sequence(input as unknown as SequenceInput);
}

const shown = ({ ids }: Sequence) =>
  ids.map((id) => MARKS.get(id) ?? String.fromCharCode(id)).join("");

test("rows of a pruned video are moved to their frames once they are known", () => {
  const encoding = { done: false, rowsReady: 0, tileTokens: undefined };
  const sequence = sequenceOf(encoding);
  expect(shown(sequence)).toBe("<va[......]\nb[]\nc[]>");
  sequence.finalizeVideoSpans();
  expect(sequence.tokensReady).toBe(1);
  expect(sequence.embeddingToEncode).toBe(encoding);

  Object.assign(encoding, { done: true, rowsReady: 6, tileTokens: [4, 0, 2] });
  expect(sequence.embeddingToEncode).toBeUndefined();
  sequence.finalizeVideoSpans();
  expect(shown(sequence)).toBe("<va[....]\nb[]\nc[..]>");
  expect(sequence.tokensReady).toBe(20);
  expect(sequence.promptTokens).toBe(20);
});

test("after a known beginning inside of a video its rest is waited for", () => {
  const encoding = { done: false, rowsReady: 0, tileTokens: undefined };
  const sequence = sequenceOf(encoding);
  sequence.attachPrefix({ tokens: 13, pages: [], slot: 0 }); // behind all rows as they stand so far
  expect(sequence.tokensReady).toBe(0);
  expect(sequence.embeddingToEncode).toBe(encoding);
  Object.assign(encoding, { done: true, rowsReady: 6, tileTokens: [4, 0, 2] });
  sequence.finalizeVideoSpans();
  expect(sequence.tokensReady).toBe(7);
  expect(sequence.embeddingToEncode).toBeUndefined();
});

test("a video that is known as a whole is not encoded again", () => {
  const sequence = sequenceOf({ done: false, rowsReady: 0 });
  sequence.attachPrefix({ tokens: 19, pages: [], slot: 0 });
  expect(sequence.tokensReady).toBe(1);
  expect(sequence.embeddingToEncode).toBeUndefined();
});
