import type { SampleRow } from "../backend.ts";

const HEADER = 12;

/** The words that native/sample.cpp reads: where each row's block begins, then the blocks. */
export function sampleParams(rows: readonly SampleRow[]): Int32Array {
  const sizes = rows.map(
    ({ history, bias, allowed }) =>
      HEADER + history.length + 2 * bias.length + (allowed?.length ?? 0),
  );
  const words = new Int32Array(rows.length + sizes.reduce((a, b) => a + b, 0));
  const reals = new Float32Array(words.buffer);
  let at = rows.length;
  rows.forEach((row, index) => {
    words[index] = at;
    reals[at] = row.temperature;
    reals[at + 1] = row.topP;
    words[at + 2] = row.topK;
    reals[at + 3] = row.minP;
    reals[at + 4] = row.repetitionPenalty;
    reals[at + 5] = row.frequencyPenalty;
    reals[at + 6] = row.presencePenalty;
    reals[at + 7] = row.uniform;
    words[at + 8] = row.alternatives;
    words[at + 9] = row.history.length / 2;
    words[at + 10] = row.bias.length;
    words[at + 11] = row.allowed?.length ?? 0;
    words.set(row.history, at + HEADER);
    let pair = at + HEADER + row.history.length;
    for (const [id, value] of row.bias) {
      words[pair] = id;
      reals[pair + 1] = value;
      pair += 2;
    }
    if (row.allowed) words.set(row.allowed, pair);
    at += sizes[index]!;
  });
  return words;
}
