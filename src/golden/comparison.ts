export type Precision = "exact" | "bf16";

/**
 * How far a result may be from the golden one, which was computed in float64.
 * exact: every value, |a − b| ≤ absolute + relative · |b|.
 * bf16: every tensor, ‖a − b‖ ≤ relativeNorm · ‖b‖, because activations (and the KV cache) are
 * rounded to 8 bits of mantissa and a tiny random network passes such errors on undamped.
 */
export const EXACT_TOLERANCE = Object.freeze({ absolute: 1e-4, relative: 1e-4 });
export const BF16_RELATIVE_NORM = 0.02;
/** The bound for videos: several tiles in one prompt, then eight tokens more. */
export const BF16_RELATIVE_NORM_VIDEO = 0.03;

/** Collects the comparisons of one case: the largest errors, and every failure. */
export class Comparison {
  readonly precision: Precision;
  readonly failures: string[] = [];
  readonly notes: string[] = [];
  /** Largest |a − b| and largest ‖a − b‖ / ‖b‖ of a tensor. */
  absolute = 0;
  relativeNorm = 0;
  tensors = 0;

  private readonly maxRelativeNorm: number;

  constructor(precision: Precision, maxRelativeNorm = BF16_RELATIVE_NORM) {
    this.precision = precision;
    this.maxRelativeNorm = maxRelativeNorm;
  }

  /** Compares to the precision's tolerance. Returns the largest |a − b|. */
  close(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): number {
    const { largest, relativeNorm, outside } = distances(actual, expected);
    this.tensors += 1;
    this.absolute = Math.max(this.absolute, largest);
    this.relativeNorm = Math.max(this.relativeNorm, relativeNorm);
    if (actual.length !== expected.length) {
      this.fail(`${what} has ${actual.length} values instead of ${expected.length}`);
    } else if (this.precision === "exact" && outside >= 0) {
      this.fail(`${what}[${outside}] is ${actual[outside]} instead of ${expected[outside]}`);
    } else if (this.precision === "bf16" && !(relativeNorm <= this.maxRelativeNorm)) {
      this.fail(`${what} is off by ${(100 * relativeNorm).toFixed(2)} %`);
    }
    return largest;
  }

  /** Every value within `absolute`; 0 means the same number. */
  within(
    what: string,
    actual: ArrayLike<number>,
    expected: ArrayLike<number>,
    absolute: number,
  ): void {
    if (actual.length !== expected.length) {
      this.fail(`${what} has ${actual.length} values instead of ${expected.length}`);
      return;
    }
    this.tensors += 1;
    for (let i = 0; i < actual.length; i++) {
      const error = Math.abs(actual[i]! - expected[i]!);
      this.absolute = Math.max(this.absolute, error);
      if (error <= absolute) continue;
      this.fail(`${what}[${i}] is ${actual[i]} instead of ${expected[i]}`);
      return;
    }
  }

  same(what: string, actual: string | number, expected: string | number): void {
    if (actual === expected) return;
    const show = (value: string | number) => JSON.stringify(value).slice(0, 120);
    this.fail(`${what} is ${show(actual)} instead of ${show(expected)}`);
  }

  note(text: string): void {
    this.notes.push(text);
  }

  fail(text: string): void {
    this.failures.push(text);
  }
}

/** outside: the first value beyond EXACT_TOLERANCE, or −1. */
function distances(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  const { absolute, relative } = EXACT_TOLERANCE;
  let [largest, difference, norm, outside] = [0, 0, 0, -1];
  for (let i = 0; i < Math.min(actual.length, expected.length); i++) {
    const target = expected[i]!;
    const error = Math.abs(actual[i]! - target);
    if (!(error <= largest)) largest = error;
    difference += error * error;
    norm += target * target;
    if (outside < 0 && !(error <= absolute + relative * Math.abs(target))) outside = i;
  }
  const relativeNorm = difference === 0 ? 0 : Math.sqrt(difference / norm);
  return { largest, relativeNorm, outside };
}
