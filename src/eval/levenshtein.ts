// Edit distance over code points or tokens: Myers' bit-parallel algorithm (1999) in the block form
// of Hyyrö (2003). 32 rows are computed per operation, so pages of 10,000 characters take
// milliseconds.

/** Levenshtein distance in code points, which Python counts. */
export function textDistance(a: string, b: string): number {
  return tokenDistance(Array.from(a), Array.from(b));
}

/** Levenshtein distance of two lists; tokens are equal if === says so. */
export function tokenDistance(a: readonly string[], b: readonly string[]): number {
  const ids = new Map<string, number>();
  const idOfToken = (token: string): number => idOf(token, ids);
  return idDistance(Uint32Array.from(a, idOfToken), Uint32Array.from(b, idOfToken));
}

/** The number under which `ids` knows the name; an unknown one gets the next number. */
export function idOf(name: string, ids: Map<string, number>): number {
  const id = ids.get(name) ?? ids.size;
  if (id === ids.size) ids.set(name, id);
  return id;
}

/** Levenshtein distance of two lists of ids of tokens. */
export function idDistance(a: Uint32Array, b: Uint32Array): number {
  const limit = Math.min(a.length, b.length);
  let start = 0;
  while (start < limit && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < limit - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const left = a.subarray(start, a.length - end);
  const right = b.subarray(start, b.length - end);
  const [pattern, text] = left.length <= right.length ? [left, right] : [right, left];
  return pattern.length === 0 ? text.length : blockDistance(pattern, text);
}

const BITS = 32;

/** Rows of the matrix are the pattern, in blocks; `plus` and `minus` hold the vertical steps. */
function blockDistance(pattern: Uint32Array, text: Uint32Array): number {
  const blocks = Math.ceil(pattern.length / BITS);
  const places = placesOf(pattern, blocks);
  const plus = new Int32Array(blocks).fill(-1);
  const minus = new Int32Array(blocks);
  const lastBit = 1 << ((pattern.length - 1) % BITS);
  const none = new Int32Array(blocks);
  let score = pattern.length;
  for (const id of text) {
    const equal = places.get(id) ?? none;
    // the top row grows by one per column
    let carryPlus = 1;
    let carryMinus = 0;
    for (let block = 0; block < blocks; block += 1) {
      const up = plus[block]!;
      const down = minus[block]!;
      const same = equal[block]! | carryMinus;
      const vertical = equal[block]! | down;
      const horizontal = ((((same & up) + up) | 0) ^ up) | same;
      const right = down | ~(horizontal | up);
      const left = up & horizontal;
      const top = block === blocks - 1 ? lastBit : 1 << (BITS - 1);
      const shiftedRight = (right << 1) | carryPlus;
      const shiftedLeft = (left << 1) | carryMinus;
      carryPlus = (right & top) === 0 ? 0 : 1;
      carryMinus = (left & top) === 0 ? 0 : 1;
      plus[block] = shiftedLeft | ~(vertical | shiftedRight);
      minus[block] = shiftedRight & vertical;
    }
    score += carryPlus - carryMinus;
  }
  return score;
}

/** For each id of the pattern, a bit for every row where it stands. */
function placesOf(pattern: Uint32Array, blocks: number): Map<number, Int32Array> {
  const places = new Map<number, Int32Array>();
  pattern.forEach((id, row) => {
    const bits = places.get(id) ?? new Int32Array(blocks);
    places.set(id, bits);
    const block = Math.floor(row / BITS);
    bits[block] = bits[block]! | (1 << (row % BITS));
  });
  return places;
}
