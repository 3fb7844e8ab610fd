import { type CodeRange, normalised } from "./expression.ts";

/** First and last byte, both included. */
export type ByteRange = readonly [first: number, last: number];

/** Largest code points of one, two, three and four bytes. */
const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];

/**
 * UTF-8 encodings of a set of characters, as sequences of byte ranges: exactly the encodings of the
 * characters match one of the sequences. Excludes overlong forms and surrogates.
 */
export function utf8Sequences(ranges: readonly CodeRange[]): ByteRange[][] {
  return normalised(ranges).flatMap(([first, last]) => {
    const sequences: ByteRange[][] = [];
    let from = first;
    for (const [at, max] of LAST_OF_LENGTH.entries()) {
      if (from > last || from > max) continue;
      split(from, Math.min(last, max), at + 1, sequences);
      from = max + 1;
    }
    return sequences;
  });
}

/** Splits a range of equally long code points where a lower byte wraps around. */
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
