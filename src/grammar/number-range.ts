import {
  characters,
  choice,
  EMPTY,
  type Expression,
  NEVER,
  repeat,
  sequence,
  text,
} from "./expression.ts";
import { ANY_NUMBER, INTEGER, MAX_DIGITS } from "./json-text.ts";
import type { Bound } from "./schema.ts";

const DIGIT = characters([0x30, 0x39]);

/** Numbers from `min` to `max`, both included, in units of 10^−decimals. */
export interface ScaledRange {
  readonly min: bigint;
  readonly max: bigint;
  readonly decimals: number;
}

/** Largest absolute value of whole numbers in answers. */
export const MAX_WHOLE = 10n ** BigInt(MAX_DIGITS) - 1n;

/** Whole numbers of a range, without a signed zero and without leading zeros. */
export function integersBetween(min: bigint, max: bigint): Expression {
  return numbersBetween({ min, max, decimals: 0 });
}

/** Numbers of a range with exactly `decimals` decimals. */
export function numbersBetween({ min, max, decimals }: ScaledRange): Expression {
  if (min > max) return NEVER;
  const options: Expression[] = [];
  const positive = larger(min, 0n);
  if (positive <= max) options.push(...magnitudes(positive, max, decimals));
  const smallest = max < 0n ? -max : 1n;
  if (smallest <= -min) {
    const negative = choice(...magnitudes(smallest, -min, decimals));
    options.push(sequence(text("-"), negative));
  }
  return choice(...options);
}

/** One option for each number of digits that a bound restricts, and one for all others. */
function magnitudes(min: bigint, max: bigint, decimals: number): Expression[] {
  const options: Expression[] = [];
  const whole: number[] = [];
  for (let digits = decimals + 1; ; digits++) {
    const first = digits === decimals + 1 ? 0n : 10n ** BigInt(digits - 1);
    if (first > max) break;
    const last = 10n ** BigInt(digits) - 1n;
    const from = min > first ? min : first;
    const to = max < last ? max : last;
    if (from > to) continue;
    if (from === first && to === last && first > 0n) {
      whole.push(digits - decimals);
      continue;
    }
    const write = (of: bigint): string => of.toString().padStart(digits, "0");
    options.push(between(write(from), write(to), digits - decimals));
  }
  const [fewest, ...others] = whole;
  if (fewest === undefined) return options;
  const rest = repeat(DIGIT, fewest - 1, (others.at(-1) ?? fewest) - 1);
  return [...options, sequence(characters([0x31, 0x39]), rest, fraction(decimals))];
}

function fraction(decimals: number): Expression {
  return decimals === 0 ? EMPTY : sequence(text("."), repeat(DIGIT, decimals, decimals));
}

/**
 * Digit strings from `low` to `high`, which have equal length, with a decimal point before position
 * `pointAt` unless that is the end.
 */
function between(low: string, high: string, pointAt: number): Expression {
  if (low === "") return EMPTY;
  const { length } = low;
  if (/^0+$/.test(low) && /^9+$/.test(high)) {
    if (pointAt < 0) return repeat(DIGIT, length, length);
    return sequence(repeat(DIGIT, pointAt, pointAt), fraction(length - pointAt));
  }
  const point = pointAt === 0 ? [text(".")] : [];
  const [a, b] = [Number(low[0]), Number(high[0])];
  const tail = (from: string, to: string): Expression => between(from, to, pointAt - 1);
  const lowTail = low.slice(1);
  const highTail = high.slice(1);
  if (a === b) return sequence(...point, text(String(a)), tail(lowTail, highTail));
  const nines = "9".repeat(length - 1);
  const zeros = "0".repeat(length - 1);
  const options: Expression[] = [];
  const lowFree = lowTail === zeros;
  const highFree = highTail === nines;
  if (!lowFree) options.push(sequence(text(String(a)), tail(lowTail, nines)));
  const [first, last] = [lowFree ? a : a + 1, highFree ? b : b - 1];
  if (first <= last) {
    options.push(sequence(characters([0x30 + first, 0x30 + last]), tail(zeros, nines)));
  }
  if (!highFree) options.push(sequence(text(String(b)), tail(zeros, highTail)));
  return sequence(...point, choice(...options));
}

interface NumberSchema {
  readonly min?: Bound;
  readonly max?: Bound;
}

/** Whole numbers between the bounds, of at most 15 digits. */
export function integerSchema({ min, max }: NumberSchema): Expression {
  if (min === undefined && max === undefined) return INTEGER;
  return integersBetween(minScaled(min, 0), maxScaled(max, 0));
}

const DEFAULT_DECIMALS = 4;
const MAX_DECIMALS = 9;
/** Different decimal numbers of up to 15 digits are different doubles. */
const MAX_EXACT_DIGITS = 15;

/**
 * Numbers between the bounds: whole numbers; numbers between two whole numbers within the bounds,
 * with any fraction; and the rest, at the edges and between −1 and 0, with up to 4 decimals or as
 * many as the bounds have.
 */
export function numberSchema({ min, max }: NumberSchema): Expression {
  if (min === undefined && max === undefined) return ANY_NUMBER;
  const [first, last] = [minScaled(min, 0), maxScaled(max, 0)];
  const anyFraction = sequence(text("."), repeat(DIGIT, 1, MAX_DIGITS));
  const positive = integersBetween(larger(first, 0n), last - 1n);
  const negative = integersBetween(larger(-last, 1n), -first - 1n);
  const given = [...(min ? [first] : []), ...(max ? [last] : [])];
  const widest = Math.max(...given.map((bound) => bound.toString().length));
  const decimals = Math.max(DEFAULT_DECIMALS, decimalsOf(min), decimalsOf(max));
  const finest = Math.min(decimals, MAX_DECIMALS, Math.max(1, MAX_EXACT_DIGITS - widest));
  const edges = Array.from({ length: finest }, (_, at) => {
    const decimals = at + 1;
    const [low, high] = [minScaled(min, decimals), maxScaled(max, decimals)];
    const unit = 10n ** BigInt(decimals);
    return [
      { min: low, max: smaller(high, first * unit) },
      { min: larger(low, last * unit), max: high },
      { min: larger(low, -unit), max: smaller(high, 0n) },
    ].map((range) => numbersBetween({ ...range, decimals }));
  });
  return choice(
    integersBetween(first, last),
    sequence(positive, anyFraction),
    sequence(text("-"), negative, anyFraction),
    ...edges.flat(),
  );
}

function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function minScaled(bound: Bound | undefined, decimals: number): bigint {
  const max = MAX_WHOLE * 10n ** BigInt(decimals);
  if (bound === undefined || bound.value < -Number(MAX_WHOLE)) return -max;
  const { floor, exact } = scaled(bound.value, decimals);
  return exact && !bound.exclusive ? floor : floor + 1n;
}

function maxScaled(bound: Bound | undefined, decimals: number): bigint {
  const max = MAX_WHOLE * 10n ** BigInt(decimals);
  if (bound === undefined || bound.value > Number(MAX_WHOLE)) return max;
  const { floor, exact } = scaled(bound.value, decimals);
  return exact && bound.exclusive ? floor - 1n : floor;
}

/** value · 10^decimals, rounded down, computed from the decimal digits of the number. */
function scaled(value: number, decimals: number): { floor: bigint; exact: boolean } {
  const [digits = "0", power = "0"] = value.toExponential().split("e");
  const [whole = "0", fraction = ""] = digits.split(".");
  const shift = Number(power) - fraction.length + decimals;
  const units = BigInt(whole + fraction);
  if (shift >= 0) return { floor: units * 10n ** BigInt(shift), exact: true };
  const divisor = 10n ** BigInt(-shift);
  const rest = units % divisor;
  const quotient = units / divisor;
  return { floor: rest < 0n ? quotient - 1n : quotient, exact: rest === 0n };
}

function decimalsOf(bound: Bound | undefined): number {
  if (bound === undefined) return 0;
  for (let decimals = 0; decimals < MAX_DECIMALS; decimals++) {
    if (scaled(bound.value, decimals).exact) return decimals;
  }
  return MAX_DECIMALS;
}
