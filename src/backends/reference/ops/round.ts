/** Columns that share a scale in the integer formats. */
export const BLOCK_COLS = 1280;

/** 1.5 · 2²³: a float32 sum with it has no fractional bits, and ties go to even. */
const WHOLE = 12582912;

/** The nearest whole number of a float32, ties to even, within [low, high]. */
export function nearest(value: number, low: number, high: number): number {
  if (Math.abs(value) > 2 ** 20) return value < 0 ? low : high;
  const rounded = Math.fround(Math.fround(value + WHOLE) - WHOLE);
  return Math.max(low, Math.min(high, rounded));
}

export function maxAbs(values: Float32Array): number {
  let max = 0;
  for (const value of values) max = Math.max(max, Math.abs(value));
  return max;
}

/** Rounds a block to int8 with scale amax / 127, and back. Every operation rounds to float32. */
export function roundBlockToInt8(block: Float32Array): void {
  const amax = maxAbs(block);
  const scale = Math.fround(amax / 127);
  const inverse = amax > 0 ? Math.fround(127 / amax) : 0;
  for (let i = 0; i < block.length; i++) {
    block[i] = nearest(Math.fround(block[i]! * inverse), -127, 127) * scale;
  }
}
