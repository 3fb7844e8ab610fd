import type { SampleRow } from "./backend.ts";

/** Words before a row's lists. */
const HEADER = 12;

/**
 * The words of `sample`: where each row's block begins, then the blocks. A block is temperature,
 * top-p, top-k, min-p, three penalties, the random number, the number of alternatives, the sizes
 * of its three lists, and the lists: history, bias, allowed. native/sample.cpp reads the same.
 */
export function encodeSampleRows(rows: readonly SampleRow[]): Int32Array {
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

/** The rows that these words stand for; real numbers come back as float32. */
export function decodeSampleRows(encoded: Int32Array, count: number): SampleRow[] {
  const words = encoded.slice();
  const reals = new Float32Array(words.buffer);
  return Array.from({ length: count }, (_, row) => {
    const at = words[row]!;
    const biasAt = at + HEADER + 2 * words[at + 9]!;
    const allowedAt = biasAt + 2 * words[at + 10]!;
    const allowed = words.subarray(allowedAt, allowedAt + words[at + 11]!);
    return {
      temperature: reals[at]!,
      topP: reals[at + 1]!,
      topK: words[at + 2]!,
      minP: reals[at + 3]!,
      repetitionPenalty: reals[at + 4]!,
      frequencyPenalty: reals[at + 5]!,
      presencePenalty: reals[at + 6]!,
      uniform: reals[at + 7]!,
      alternatives: words[at + 8]!,
      history: words.subarray(at + HEADER, biasAt),
      bias: Array.from({ length: words[at + 10]! }, (_, i): [number, number] => [
        words[biasAt + 2 * i]!,
        reals[biasAt + 2 * i + 1]!,
      ]),
      ...(allowed.length === 0 ? {} : { allowed }),
    };
  });
}
