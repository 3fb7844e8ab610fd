import { type CodeRange, normalised } from "./expression.ts";

/** First and last byte, both included. */
export type ByteRange = readonly [first: number, last: number];

/** Largest code points of one, two, three and four bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/**
 * The UTF-8 spellings of a set of characters, as sequences of byte ranges: a byte string is one of
 * the characters exactly if one of the sequences matches it. No overlong form, no surrogate.
 */
export function utf8Sequences(ranges: readonly CodeRange[]): ByteRange[][] {
  return normalised(ranges).flatMap(([first, last]) => {
    const sequences: ByteRange[][] = [];
    let from = first;
    for (const [at, most] of LAST_OF_LENGTH.entries()) {
      if (from > last || from > most) continue;
      split(from, Math.min(last, most), at + 1, sequences);
      from = most + 1;
    }
    return sequences;
  });
}

/** Code points of equal length in bytes → sequences, cut where a lower byte begins anew. */
function split(first: number, last: number, length: number, into: ByteRange[][]): void {
  for (let low = 1; low < length; low++) {
    const mask = (1 << (6 * low)) - 1;
    if ((first & ~mask) === (last & ~mask)) continue;
    if ((first & mask) !== 0) {
      split(first, first | mask, length, into);
      split((first | mask) + 1, last, length, into);
      return;
    }
    if ((last & mask) !== mask) {
      split(first, (last & ~mask) - 1, length, into);
      split(last & ~mask, last, length, into);
      return;
    }
  }
  const a = bytesOf(first, length);
  const b = bytesOf(last, length);
  into.push(a.map((byte, at): ByteRange => [byte, b[at]!]));
}

const LEAD = [0, 0, 0xc0, 0xe0, 0xf0];

function bytesOf(code: number, length: number): number[] {
  if (length === 1) return [code];
  return Array.from({ length }, (_, at) => {
    const bits = code >> (6 * (length - 1 - at));
    return at === 0 ? LEAD[length]! | bits : 0x80 | (bits & 0x3f);
  });
}
