import { expect, test } from "vitest";
import { type Estimate, estimate, type Observation } from "./bootstrap.ts";
import { simulateCoverage } from "./coverage.ts";
import { compare, inWords, type Pair } from "./paired.ts";
import { holm, mcnemar, wilson } from "./proportion.ts";
import { seededRandom } from "./random.ts";
import { summariseRepeats } from "./repeats.ts";

test.each([
  [553, 1000, 0.52204, 0.58355],
  [0, 10, 0, 0.27753],
  [10, 10, 0.72247, 1],
  [610, 900, 0.64655, 0.7075],
  [1, 2, 0.09453, 0.90547],
])("Wilson's interval of %i of %i is %f to %f", (right, all, low, high) => {
  const interval = wilson(right, all);
  expect(interval.low).toBeCloseTo(low, 5);
  expect(interval.high).toBeCloseTo(high, 5);
});

test.each([
  [10, 2, 0.038574],
  [25, 15, 0.15386],
  [5, 5, 1],
  [1, 0, 1],
  [40, 20, 0.013489],
  [0, 0, 1],
])("McNemar's p of %i and %i is %f", (b, c, p) => {
  expect(mcnemar(b, c)).toBeCloseTo(p, 6);
  expect(mcnemar(c, b)).toBe(mcnemar(b, c));
});

test("McNemar's p of large counts is the normal one", () => {
  expect(mcnemar(10_300, 10_000)).toBeCloseTo(0.0359, 3);
});

test("Holm's method multiplies by rank and keeps the order", () => {
  expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
  expect(holm([0.5, 0.9])).toEqual([1, 1]);
  expect(holm([])).toEqual([]);
});

const items = (values: readonly number[], stratum = "all"): Observation[] =>
  values.map((value, at) => ({ value, stratum, cluster: `${stratum} ${at}` }));

test("the same scores and seed give the same interval", () => {
  const random = seededRandom("scores");
  const scores = items(Array.from({ length: 300 }, random));
  const first = estimate(scores, "items", "seed");
  expect(estimate(scores, "items", "seed")).toEqual(first);
  expect(estimate(scores, "items", "other").low).not.toBe(first.low);
  expect(first.low).toBeLessThan(first.value);
  expect(first.high).toBeGreaterThan(first.value);
});

test("a macro average keeps its strata", () => {
  const scores = [...items(Array(800).fill(0.8), "a"), ...items(Array(200).fill(0.1), "b")];
  expect(estimate(scores, "strata", "s").value).toBeCloseTo(0.45, 12);
  expect(estimate(scores, "items", "s").value).toBeCloseTo(0.66, 12);
});

test("groups of different sizes count the same in a macro average", () => {
  const three = [
    ...items(Array(10).fill(0.9), "a"),
    ...items(Array(80).fill(0.3), "b"),
    ...items(Array(10).fill(0.6), "c"),
  ];
  expect(estimate(three, "strata", "s").value).toBeCloseTo(0.6, 12);
  expect(estimate(three, "items", "s").value).toBeCloseTo(0.39, 12);
  const one = items(Array(7).fill(0.7), "a");
  expect(estimate(one, "strata", "s").value).toBeCloseTo(0.7, 12);
  expect(estimate(one, "items", "s").value).toBeCloseTo(0.7, 12);
  // two types of one group: its mean is over items, not over types
  const types = [...items(Array(90).fill(1), "a"), ...items(Array(10).fill(0), "a")];
  expect(estimate(types, "strata", "s").value).toBeCloseTo(0.9, 12);
  expect(estimate(types, "items", "s").value).toBeCloseTo(0.9, 12);
});

test("equal scores still have an interval", () => {
  const { low, high } = estimate(items(Array(10).fill(1)), "items", "s");
  expect([low, high]).toEqual([wilson(10, 10).low, 1]);
});

test("clusters make an interval wider", () => {
  const random = seededRandom("clusters");
  const values = Array.from({ length: 100 }, () => (random() < 0.5 ? 1 : 0));
  const width = ({ low, high }: Estimate): number => high - low;
  const alone = values.flatMap((value, at) =>
    [0, 1, 2].map((k) => ({ value, stratum: "all", cluster: `${at}/${k}` })),
  );
  const shared = alone.map((one) => ({ ...one, cluster: one.cluster.split("/")[0]! }));
  const ratio = width(estimate(shared, "items", "s")) / width(estimate(alone, "items", "s"));
  expect(ratio).toBeCloseTo(Math.sqrt(3), 1);
});

function pairs(both: number, onlyA: number, onlyB: number, none: number): Pair[] {
  const kinds = [
    ...Array(both).fill([1, 1]),
    ...Array(onlyA).fill([1, 0]),
    ...Array(onlyB).fill([0, 1]),
    ...Array(none).fill([0, 0]),
  ] as [number, number][];
  return kinds.map(([a, b], at) => ({ a, b, stratum: "all", cluster: String(at) }));
}

test("right and wrong answers are compared exactly", () => {
  const found = compare(pairs(500, 40, 20, 340), "items", "s");
  expect(found).toMatchObject({ test: "McNemar", onlyA: 40, onlyB: 20 });
  expect(found.p).toBeCloseTo(0.013489, 6);
  expect(found.difference.value).toBeCloseTo(-20 / 900, 12);
  expect(inWords(found)).toBe("worse by 2.2 points");
});

test("what cannot be told apart says how many items it would take", () => {
  const found = compare(pairs(500, 25, 15, 360), "items", "s");
  expect(inWords(found)).toMatch(
    /^cannot be told apart with 900 items; about \d+ would be needed for 1 point$/,
  );
  expect(found.itemsForOnePoint).toBeGreaterThan(3000);
  expect(found.itemsForOnePoint).toBeLessThan(4000);
});

test("real-valued scores are compared by sign flips", () => {
  const random = seededRandom("pairs");
  const make = (shift: number): Pair[] =>
    Array.from({ length: 400 }, (_, at) => {
      const a = random() * 0.8;
      const b = Math.min(1, Math.max(0, a + shift + (random() - 0.5) * 0.2));
      return { a, b, stratum: `group ${at % 4}`, cluster: String(at) };
    });
  expect(compare(make(0.05), "strata", "s").p).toBeLessThan(0.001);
  expect(compare(make(0), "strata", "s").p).toBeGreaterThan(0.05);
});

test("repeats tell the spread of runs from the spread of items", () => {
  const { mean, betweenRuns, betweenItems } = summariseRepeats([
    [1, 0, 1, 0],
    [1, 0, 1, 1],
  ]);
  expect(mean).toBe(0.625);
  expect(betweenRuns).toBeCloseTo(0.1768, 4);
  expect(betweenItems).toBeCloseTo(0.4787, 4);
});

test("95 % intervals hold the true value in 95 % of simulated runs", () => {
  for (const { name, coverage } of simulateCoverage(200, 300)) {
    // three standard errors of a share of 200; scripts/measure-coverage.mjs simulates 2,000 runs
    expect(coverage, name).toBeGreaterThan(0.9);
    expect(coverage, name).toBeLessThan(0.996);
  }
});

test("runs without a difference have an interval to both sides", () => {
  const pairs = Array.from({ length: 10 }, (_, at) => {
    return { a: 1, b: 1, stratum: "all", cluster: String(at) };
  });
  const { difference } = compare(pairs, "items", "seed");
  expect(difference).toMatchObject({ value: 0 });
  expect(difference.high).toBeCloseTo(0.27753, 5);
  expect(difference.low).toBeCloseTo(-0.27753, 5);
});
