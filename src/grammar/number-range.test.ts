import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { accepts, bytesVocabulary, compile } from "../../tests/schemas/bytes.ts";
import { numberSchema, numbersBetween } from "./number-range.ts";
import type { Vocabulary } from "./vocabulary.ts";

let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});

/** The number in the form that the grammar writes. */
function written(units: bigint, decimals: number): string {
  const digits = (units < 0n ? -units : units).toString().padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const fraction = decimals === 0 ? "" : `.${digits.slice(point)}`;
  return `${units < 0n ? "-" : ""}${digits.slice(0, point)}${fraction}`;
}

test("a range contains its numbers and no others", () => {
  const bound = fc.oneof(
    fc.integer({ min: -150, max: 150 }),
    fc.integer({ min: -99_999, max: 99_999 }),
    fc.constantFrom(-1000, -100, -10, -1, 0, 1, 9, 10, 99, 100, 999, 1000),
  );
  fc.assert(
    fc.property(bound, bound, fc.nat(3), fc.array(bound), (a, b, decimals, others) => {
      const [min, max] = [BigInt(Math.min(a, b)), BigInt(Math.max(a, b))];
      const root = numbersBetween({ min, max, decimals });
      const grammar = compile({ root, rules: new Map() }, vocabulary);
      const near = [min - 1n, min, min + 1n, max - 1n, max, max + 1n, 0n];
      for (const units of [...near, ...others.map(BigInt)]) {
        const text = written(units, decimals);
        expect(accepts(grammar, text), text).toBe(min <= units && units <= max);
      }
      for (const text of ["-0", "00", "01", "+1", "1.", ".5", "", "-"]) {
        expect(accepts(grammar, text), text).toBe(false);
      }
    }),
    { numRuns: 600, seed: 8 },
  );
});

test("large bounds are enforced by digits", () => {
  for (const [schema, yes, no] of [
    [{ min: { value: 1e300, exclusive: false } }, [], ["1"]],
    [{ min: { value: -1e300, exclusive: true } }, ["-999999999999999"], ["1e3"]],
    [
      { max: { value: 1e-9, exclusive: false } },
      ["0", "-5", "-5.125", "0.000000001"],
      ["1", "0.1"],
    ],
    [
      { min: { value: 0.1, exclusive: true }, max: { value: 0.3, exclusive: true } },
      ["0.2", "0.1001", "0.2999"],
      ["0.1", "0.3", "0.1000", "0"],
    ],
    [
      { min: { value: -90, exclusive: false }, max: { value: 90, exclusive: true } },
      ["0", "-90", "51.47781234567", "-0.0015", "-89.999999999999999", "-90.0000", "89.9999"],
      ["90", "90.0", "-90.0001", "89.99999999999999", "-0"],
    ],
    [
      { max: { value: -5, exclusive: true } },
      ["-6", "-6.123", "-5.0001", "-5.5"],
      ["-5", "5", "-4.9"],
    ],
  ] as const) {
    const build = () =>
      compile(
        { root: numberSchema(schema), rules: new Map([["number", numberSchema({})]]) },
        vocabulary,
      );
    if (yes.length === 0) {
      expect(build).toThrow("no answer");
      continue;
    }
    const grammar = build();
    expect(yes.filter((text) => !accepts(grammar, text))).toEqual([]);
    expect(no.filter((text) => accepts(grammar, text))).toEqual([]);
  }
});
