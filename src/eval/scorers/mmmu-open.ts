// Open questions of MMMU, by the official rule: numbers and short texts are collected from an
// answer, and a gold text must be contained in one of the texts, or a gold number equal a number.

import { readFloat, roundFloat } from "../../core/python/floats.ts";
import { toText } from "../python/print.ts";
import { length, lower, PYTHON_WORD, strip } from "../python/text.ts";
import type { PythonValue } from "../python/value.ts";

export function isOpenMatch(answer: string, golds: readonly PythonValue[]): boolean {
  const wanted = golds.flatMap((gold) => normalise(toText(gold)));
  return readOpen(answer).some((read) =>
    wanted.some((gold) => {
      if (typeof read === "number") return read === gold;
      return typeof gold === "string" && read.includes(gold);
    }),
  );
}

/** Everything that an answer may mean, normalised, without duplicates. */
export function readOpen(answer: string): (string | number)[] {
  const pieces = keyPieces(answer);
  const all = [...pieces, ...pieces.flatMap(numbersIn)];
  return [...new Set(all.flatMap(normalise))];
}

const MARKERS = ["could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result "];
const TRIVIAL = [":", ",", ".", "!", "?", ";", "'"];

/**
 * For each line the shortest text behind a marker; the last line may also hold an equation. The
 * reference means to split at sentences too, but looks for capitals in lower-case text.
 */
function keyPieces(answer: string): string[] {
  const plain = lower(strip(strip(answer), "."));
  const lines = plain.split("\n");
  const pieces = lines.flatMap((line, at) => {
    const markers = at === lines.length - 1 ? [...MARKERS, "="] : MARKERS;
    const piece = shortestAfter(line, markers);
    return piece === "" || TRIVIAL.includes(piece) ? [] : [piece];
  });
  return pieces.length === 0 ? [plain] : pieces;
}

function shortestAfter(line: string, markers: readonly string[]): string {
  return markers.reduce((shortest, marker) => {
    const at = line.lastIndexOf(marker);
    if (at < 0) return shortest;
    const piece = strip(line.slice(at + marker.length));
    return shortest === "" || length(piece) < length(shortest) ? piece : shortest;
  }, "");
}

const D = "\\p{Nd}";
/** A start inside a run of digits can match nothing that its beginning does not. */
const RUN = `(?<!${D})`;
const NUMBERS = [
  `-?(?<!${PYTHON_WORD})${D}{1,3}(?:,${D}{3})+(?!${PYTHON_WORD})`,
  `-?${RUN}${D}+(?:\\.${D}+)?[eE][+-]?${D}+`,
  `-?(?:${RUN}${D}+\\.${D}+|\\.${D}+|${RUN}${D}+(?!${PYTHON_WORD}))(?![eE][+-]?${D}+)(?![,${D}])`,
].map((source) => new RegExp(source, "gu"));

function numbersIn(text: string): string[] {
  return NUMBERS.flatMap((pattern) => text.match(pattern) ?? []);
}

/** A number rounded to two places, else lower case; one character alone gets a blank beside it. */
function normalise(text: string): (string | number)[] {
  const inner = strip(text);
  const number = readFloat(inner.replaceAll(",", ""));
  if (number !== undefined) return [roundFloat(number, 2)];
  const plain = lower(inner);
  return length(plain) === 1 ? [` ${plain}`, `${plain} `] : [plain];
}
