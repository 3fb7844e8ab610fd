// Seeded random numbers, so that the same scores give the same intervals on every machine.

/** Gives numbers from 0 to below 1. */
export type Random = () => number;

/** The generator sfc32, seeded with any text. */
export function seededRandom(seed: string): Random {
  let [a, b, c, count] = [hash(seed, 1), hash(seed, 2), hash(seed, 3), 1];
  const next = (): number => {
    const sum = (a + b + count) | 0;
    count = (count + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  };
  // the first numbers still depend on the seed in a simple way
  for (let warm = 0; warm < 12; warm += 1) next();
  return next;
}

/** FNV-1a over UTF-16 units. */
function hash(text: string, salt: number): number {
  let value = 0x811c9dc5 ^ salt;
  for (let at = 0; at < text.length; at += 1) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value | 0;
}
