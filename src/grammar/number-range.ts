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

/** Numbers from `least` to `most`, both included, in units of 10^−decimals. */
export interface ScaledRange {
  readonly least: bigint;
  readonly most: bigint;
  readonly decimals: number;
}

/** The largest whole number that answers may hold, and, negated, the smallest. */
export const MAX_WHOLE = 10n ** BigInt(MAX_DIGITS) - 1n;

/** Whole numbers of a range, without signs for zero and without leading zeros. */
export function integersBetween(least: bigint, most: bigint): Expression {
  return numbersBetween({ least, most, decimals: 0 });
}

/** Numbers of a range with exactly that many decimals, and none at all for 0. */
export function numbersBetween({ least, most, decimals }: ScaledRange): Expression {
  if (least > most) return NEVER;
  const options: Expression[] = [];
  const positive = larger(least, 0n);
  if (positive <= most) options.push(...magnitudes(positive, most, decimals));
  const smallest = most < 0n ? -most : 1n;
  if (smallest <= -least) {
    const negative = choice(...magnitudes(smallest, -least, decimals));
    options.push(sequence(text("-"), negative));
  }
  return choice(...options);
}

/** One option for each number of digits that the bounds cut, and one for those in between. */
function magnitudes(least: bigint, most: bigint, decimals: number): Expression[] {
  const options: Expression[] = [];
  const whole: number[] = [];
  for (let digits = decimals + 1; ; digits++) {
    const first = digits === decimals + 1 ? 0n : 10n ** BigInt(digits - 1);
    if (first > most) break;
    const last = 10n ** BigInt(digits) - 1n;
    const from = least > first ? least : first;
    const to = most < last ? most : last;
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
 * Digit strings from `low` to `high`, which are equally long, with a point before position
 * `pointAt`, unless that is the end.
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
  readonly least?: Bound;
  readonly most?: Bound;
}

/** Whole numbers between the bounds; at most 15 digits. */
export function integerSchema({ least, most }: NumberSchema): Expression {
  if (least === undefined && most === undefined) return INTEGER;
  return integersBetween(minScaled(least, 0), maxScaled(most, 0));
}

const DECIMALS_USUAL = 4;
const MAX_DECIMALS = 9;
/** Decimal numbers of up to 15 digits stay apart as doubles. */
const DIGITS_EXACT = 15;

/**
 * Numbers between the bounds. Whole ones; those between two whole ones that are both within the
 * bounds, with any fraction; and, as the rest lies at the edges or between −1 and 0, all with up to
 * 4 decimals, or as many as the bounds have.
 */
export function numberSchema({ least, most }: NumberSchema): Expression {
  if (least === undefined && most === undefined) return ANY_NUMBER;
  const [first, last] = [minScaled(least, 0), maxScaled(most, 0)];
  const anyFraction = sequence(text("."), repeat(DIGIT, 1, MAX_DIGITS));
  const positive = integersBetween(larger(first, 0n), last - 1n);
  const negative = integersBetween(larger(-last, 1n), -first - 1n);
  const given = [...(least ? [first] : []), ...(most ? [last] : [])];
  const widest = Math.max(...given.map((bound) => bound.toString().length));
  const wanted = Math.max(DECIMALS_USUAL, decimalsOf(least), decimalsOf(most));
  const finest = Math.min(wanted, MAX_DECIMALS, Math.max(1, DIGITS_EXACT - widest));
  const edges = Array.from({ length: finest }, (_, at) => {
    const decimals = at + 1;
    const [low, high] = [minScaled(least, decimals), maxScaled(most, decimals)];
    const unit = 10n ** BigInt(decimals);
    return [
      { least: low, most: smaller(high, first * unit) },
      { least: larger(low, last * unit), most: high },
      { least: larger(low, -unit), most: smaller(high, 0n) },
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
  const most = MAX_WHOLE * 10n ** BigInt(decimals);
  if (bound === undefined || bound.value < -Number(MAX_WHOLE)) return -most;
  const { floor, exact } = scaled(bound.value, decimals);
  return exact && !bound.exclusive ? floor : floor + 1n;
}

function maxScaled(bound: Bound | undefined, decimals: number): bigint {
  const most = MAX_WHOLE * 10n ** BigInt(decimals);
  if (bound === undefined || bound.value > Number(MAX_WHOLE)) return most;
  const { floor, exact } = scaled(bound.value, decimals);
  return exact && bound.exclusive ? floor - 1n : floor;
}

/** value · 10^decimals, rounded down, from the digits in which the number is written. */
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
