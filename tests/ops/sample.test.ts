import { describe, expect, test } from "vitest";
import type { SampleRow } from "../../src/backends/backend.ts";
import {
  allowedWords,
  GREEDY_ROW as GREEDY,
  SAMPLE_ALTERNATIVES,
  SAMPLE_COLUMNS,
} from "../../src/backends/backend.ts";
import { ALL, type Candidate, CPU, REFERENCE, using } from "./backends.ts";
import { expectClose, TOLERANCE } from "./tolerance.ts";
import { randomValues, stridedOf } from "./values.ts";

const NAN = Number.NaN;
const INFINITE = Number.POSITIVE_INFINITY;

/** Several rows of equal length at once. */
async function run(candidate: Candidate, logits: readonly number[][], rows: readonly SampleRow[]) {
  return await using(candidate, async (backend) => {
    const x = stridedOf(backend, Float32Array.from(logits.flat()), logits.length);
    const step = backend.begin();
    const [y] = await step.read(step.sample(x, rows));
    return y!;
  });
}

async function tokenOf(candidate: Candidate, logits: readonly number[], how: Partial<SampleRow>) {
  const row = await run(candidate, [[...logits]], [{ ...GREEDY, ...how }]);
  return row[0];
}

describe.each(ALL)("sample on $name", (candidate) => {
  const token = (logits: readonly number[], how: Partial<SampleRow> = {}) =>
    tokenOf(candidate, logits, how);
  /** The tokens sampled with these random numbers at temperature 1. */
  const draws = async (
    logits: readonly number[],
    uniforms: number[],
    how: Partial<SampleRow> = {},
  ) =>
    await Promise.all(
      uniforms.map((uniform) => token(logits, { temperature: 1, ...how, uniform })),
    );

  test("greedy takes the highest logit, of equal ones the lowest id", async () => {
    expect(await token([1, 3, 2])).toBe(1);
    expect(await token([1, 3, 2, 3, 3])).toBe(1);
    expect(await token([-5, -4, -4])).toBe(1);
    expect(await token([-INFINITE, -INFINITE])).toBe(0);
  });

  test("NaN is never chosen, and only NaN gives -1", async () => {
    expect(await token([NAN, 1, NAN, 2])).toBe(3);
    expect(await token([NAN, -INFINITE])).toBe(1);
    expect(await token([NAN, NAN])).toBe(-1);
    expect(await token([NAN, 1, NAN], { temperature: 1, uniform: 0.999 })).toBe(1);
    expect(await token([NAN, NAN], { temperature: 1 })).toBe(-1);
  });

  test("NaN everywhere gives -1 with penalties too", async () => {
    expect(await token([NAN, NAN], { history: Int32Array.of(1, 1) })).toBe(-1);
    expect(await token([NAN, NAN], { bias: [[1, 5]] })).toBe(-1);
    expect(await token([NAN, -INFINITE], { bias: [[1, 5]] })).toBe(1);
  });

  test("a draw follows the probabilities, best token first", async () => {
    // probabilities 0.5 (id 2), 0.3 (id 0), 0.2 (id 1)
    const logits = [0.3, 0.2, 0.5].map(Math.log);
    expect(await draws(logits, [0, 0.49, 0.51, 0.79, 0.81, 0.999])).toEqual([2, 2, 0, 0, 1, 1]);
    expect(await draws([0, 0, 0, 0], [0, 0.26, 0.51, 0.99])).toEqual([0, 1, 2, 3]);
  });

  test("temperature sharpens and flattens", async () => {
    const logits = [Math.log(4), 0]; // 0.8 and 0.2; 16 : 1 at temperature ½; 2 : 1 at 2
    expect(await draws(logits, [0.93, 0.95], { temperature: 0.5 })).toEqual([0, 1]);
    expect(await draws(logits, [0.66, 0.67], { temperature: 2 })).toEqual([0, 1]);
  });

  test("top-k, top-p and min-p keep the best", async () => {
    const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log);
    expect(await draws(logits, [0.999], { topK: 1 })).toEqual([1]);
    expect(await draws(logits, [0.56, 0.58, 0.999], { topK: 2 })).toEqual([1, 3, 3]);
    expect(await draws([1, 1, 1, 1], [0.999], { topK: 2 })).toEqual([1]);
    expect(await draws(logits, [0.999], { topP: 0.39 })).toEqual([1]);
    expect(await draws(logits, [0.56, 0.58, 0.999], { topP: 0.41 })).toEqual([1, 3, 3]);
    expect(await draws(logits, [0.999], { topP: 0 })).toEqual([1]);
    expect(await draws(logits, [0.999], { minP: 0.6 })).toEqual([3]);
    expect(await draws(logits, [0.999], { minP: 1 })).toEqual([1]);
    expect(await draws(logits, [0.43, 0.45, 0.999], { topK: 3, topP: 0.99 })).toEqual([1, 3, 2]);
  });

  test("repetition divides positive logits and multiplies negative ones", async () => {
    const history = Int32Array.of(0, 0);
    expect(await token([3, 2], { history, repetitionPenalty: 2 })).toBe(1);
    expect(await token([-1, -1.5], { history, repetitionPenalty: 2 })).toBe(1);
    expect(await token([3, 1], { history, repetitionPenalty: 2 })).toBe(0);
  });

  test("frequency counts generated tokens, presence only whether they occur", async () => {
    const prompt = Int32Array.of(0, 0);
    const thrice = Int32Array.of(0, 3);
    expect(await token([3, 2], { history: prompt, presencePenalty: 2 })).toBe(0);
    expect(await token([3, 2], { history: thrice, presencePenalty: 1.1 })).toBe(1);
    expect(await token([3, 2], { history: thrice, presencePenalty: 0.9 })).toBe(0);
    expect(await token([3, 2], { history: thrice, frequencyPenalty: 0.3 })).toBe(0);
    expect(await token([3, 2], { history: thrice, frequencyPenalty: 0.4 })).toBe(1);
    expect(await token([3, 2], { history: Int32Array.of(1, 1), presencePenalty: -2 })).toBe(1);
  });

  test("bias is added, and invalid ids are ignored", async () => {
    expect(await token([3, 2], { bias: [[1, 1.5]] })).toBe(1);
    expect(
      await token([3, 2], {
        bias: [
          [0, -100],
          [7, 100],
          [-1, 100],
        ],
      }),
    ).toBe(1);
    expect(await token([3, 2], { history: Int32Array.of(9, 1, -1, 1), presencePenalty: 2 })).toBe(
      0,
    );
    expect(await token([3, 2], { bias: [[0, -INFINITE]], temperature: 1, uniform: 0.999 })).toBe(1);
  });

  describe("with only some tokens allowed", () => {
    const only = (...ids: readonly number[]) => {
      const allowed = new Int32Array(1);
      for (const id of ids) allowed[0]! |= 1 << id;
      return allowed;
    };

    test("greedy takes the highest of them, of equal ones the lowest id", async () => {
      expect(await token([1, 3, 2], { allowed: only(0, 2) })).toBe(2);
      expect(await token([1, 3, 1], { allowed: only(0, 2) })).toBe(0);
      expect(await token([1, 3, 2], { allowed: only(0, 1, 2) })).toBe(1);
      expect(await token([NAN, 3, -INFINITE], { allowed: only(0, 2) })).toBe(2);
      expect(await token([1, 3, 2], { allowed: only() })).toBe(-1);
      expect(await token([NAN, 3], { allowed: only(0) })).toBe(-1);
    });

    test("draws leave the others out", async () => {
      const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log);
      const allowed = only(0, 2);
      expect(await draws(logits, [0, 0.66, 0.68, 0.999], { allowed })).toEqual([2, 2, 0, 0]);
      expect(await draws(logits, [0.999], { allowed, topK: 1 })).toEqual([2]);
      expect(await draws(logits, [0.5], { allowed: only() })).toEqual([-1]);
    });

    test("neither a bias nor a penalty lifts it", async () => {
      const how = { allowed: only(0, 2), bias: [[1, 100]] as const };
      expect(await token([1, 3, 2], how)).toBe(2);
      expect(await token([1, 3, 2], { ...how, temperature: 1, uniform: 0.999 })).toBe(0);
      const history = Int32Array.of(2, 1);
      expect(await token([1, 3, 2], { ...how, history, presencePenalty: 2 })).toBe(0);
    });

    test("an allowed token is sampled even if all of them are banned", async () => {
      const bias = [
        [1, -INFINITE],
        [2, -INFINITE],
      ] as const;
      for (const temperature of [0, 1]) {
        expect(await token([9, 1, 2], { temperature, allowed: only(1, 2), bias })).toBe(1);
      }
    });

    test("log probabilities stay those of all tokens", async () => {
      const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log);
      const row = await run(
        candidate,
        [logits],
        [{ ...GREEDY, alternatives: 1, allowed: only(0) }],
      );
      const wanted = Float32Array.of(0, logits[0]!, 1, logits[1]!);
      expectClose(row.subarray(0, 4), wanted, TOLERANCE.logProbability);
    });
  });

  test("log probabilities are those of the raw logits", async () => {
    const logits = [0.1, 0.4, 0.2, 0.3].map(Math.log);
    const how = { ...GREEDY, alternatives: 3, bias: [[0, 50]] as const };
    const row = await run(candidate, [logits], [how]);
    expect(row.length).toBe(SAMPLE_COLUMNS);
    const wanted = [0, logits[0]!, 1, logits[1]!, 3, logits[3]!, 2, logits[2]!];
    expectClose(row.subarray(0, 8), Float32Array.from(wanted), TOLERANCE.logProbability);
    expect(row.subarray(8).every((value) => value === 0)).toBe(true);
    const [without] = [await run(candidate, [logits], [{ ...GREEDY, alternatives: 0 }])];
    expectClose(
      without.subarray(0, 3),
      Float32Array.of(1, logits[1]!, 0),
      TOLERANCE.logProbability,
    );
  });
});

/** Whole words, none and single tokens; the last word is not full. */
function someAllowed(seed: number, vocabulary: number): Int32Array {
  return Int32Array.from(randomValues(allowedWords(vocabulary), seed, 2), (value) => {
    if (value > 1) return -1;
    return value < 0 ? 0 : Math.floor(value * 2 ** 32);
  });
}

/** Many kinds of rows, with logits in steps of ⅛ so that there are ties. */
function manyRows(count: number, vocabulary: number) {
  const logits = Array.from({ length: count }, (_, r) =>
    [...randomValues(vocabulary, 100 + r, 6)].map((v) => Math.round(v * 8) / 8),
  );
  const chance = randomValues(count * 8, 7).map((value) => (value + 1) / 2);
  const rows = logits.map((_, r): SampleRow => {
    const [a, b, c, d, e, f, g, h] = [...chance.subarray(r * 8, r * 8 + 8)];
    const ids = Int32Array.from(randomValues(20, 500 + r), (v) => Math.floor((v + 1) * 40));
    const history = ids.map((id, i) => (i % 2 === 0 ? id : id % 4));
    return {
      temperature: a! < 0.2 ? 0 : 2 * a!,
      topP: b! < 0.5 ? 1 : b!,
      topK: c! < 0.5 ? 0 : Math.ceil(c! * vocabulary),
      minP: d! < 0.5 ? 0 : d! / 5,
      repetitionPenalty: 1 + e! / 2,
      frequencyPenalty: f! - 0.5,
      presencePenalty: g! - 0.5,
      uniform: h!,
      alternatives: (r % (SAMPLE_ALTERNATIVES + 2)) - 1,
      history: r % 3 === 0 ? new Int32Array(0) : history,
      bias: r % 4 === 0 ? [[ids[0]!, 3]] : [],
      ...(r % 5 < 3 ? {} : { allowed: someAllowed(r, vocabulary) }),
    };
  });
  return { logits, rows };
}

test.each(CPU)("sample on $name chooses as the reference does, row by row", async (candidate) => {
  const { logits, rows } = manyRows(150, 300);
  const wanted = await run(REFERENCE, logits, rows);
  const result = await run(candidate, logits, rows);
  expectClose(result, wanted, TOLERANCE.logProbability);
});
