// A seeded generator of random numbers (xorshift128+ of 32-bit words), so that runs repeat.

/** @typedef {ReturnType<typeof createRandom>} Random */

export function createRandom(seed) {
  let [a, b, c, d] = [seed >>> 0, 0x9e3779b9, 0x243f6a88, 0xb7e15162];
  const word = () => {
    const t = a ^ (a << 11);
    a = b;
    b = c;
    c = d;
    d = d ^ (d >>> 19) ^ t ^ (t >>> 8);
    return d >>> 0;
  };
  for (let warmUp = 0; warmUp < 16; warmUp++) word();

  /** An integer from 0 to below `limit`. */
  const below = (limit) => (limit <= 1 ? 0 : word() % limit);
  return {
    word,
    below,
    pick: (list) => list[below(list.length)],
    /** True once in `n` calls on average. */
    oneIn: (n) => below(n) === 0,
    /** A length from 1 to `max`, mostly small. */
    length: (max) => 1 + below(1 + below(Math.max(1, max))),
  };
}
