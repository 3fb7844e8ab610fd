const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

/** Tells whether a character takes two UTF-16 units. */
export function hasPairs(text: string): boolean {
  return PAIR.test(text);
}

/** Counts the characters (code points) of a text. */
export function characterCount(text: string): number {
  if (!hasPairs(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

export function characters(text: string): string[] {
  return Array.from(text);
}

export function reverseText(text: string): string {
  return characters(text).reverse().join("");
}

/** Order by code points; JavaScript's own order is by units and puts emoji before U+FFFD. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  if (!hasPairs(left) && !hasPairs(right)) return left < right ? -1 : 1;
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at += 1;
  if (at === length) return left.length - right.length;
  const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
  return rank(left.charCodeAt(at)) - rank(right.charCodeAt(at));
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll(">", "&gt;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&#39;")
    .replaceAll('"', "&#34;");
}

/** Returns the indices that a slice `[start:stop:step]` of `length` items reads. */
export interface SliceBounds {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
}

/** Bounds of a Python slice, counted from the end where they are negative. */
export function sliceBounds(
  length: number,
  start: number | undefined,
  stop: number | undefined,
  step = 1,
): SliceBounds {
  if (step === 0) throw new RangeError("the step of a slice is 0");
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const clamp = (index: number): number =>
    index < 0 ? Math.max(low, index + length) : Math.min(high, index);
  return {
    start: start === undefined ? (step > 0 ? low : high) : clamp(start),
    stop: stop === undefined ? (step > 0 ? high : low) : clamp(stop),
    step,
  };
}

export function sliceItems<T>(items: readonly T[], { start, stop, step }: SliceBounds): T[] {
  if (step === 1) return items.slice(start, Math.max(start, stop));
  const taken: T[] = [];
  for (let at = start; step > 0 ? at < stop : at > stop; at += step) taken.push(items[at]!);
  return taken;
}
