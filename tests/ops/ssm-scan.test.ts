import { describe, expect, test } from "vitest";
import type { Backend, Step, Tensor } from "../../src/backends/backend.ts";
import { columns, pad16, SCAN_CHUNK, scanTailWidth } from "../../src/backends/backend.ts";
import { ALL, CPU, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectIndependent, expectSameOnTwoThreads } from "./batches.ts";
import { inPieces, type Plan, runPlan } from "./spans.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues, tensorOf, zeros } from "./values.ts";

interface Shape {
  readonly heads: number;
  readonly width: number;
  readonly groups: number;
  readonly n: number;
}
const SHAPES: readonly Shape[] = [
  { heads: 4, width: 20, groups: 2, n: 24 },
  { heads: 6, width: 16, groups: 3, n: 16 },
  { heads: 3, width: 5, groups: 1, n: 7 },
  { heads: 2, width: 80, groups: 1, n: 128 },
];
const ROWS = 256;
const NAME = "ssm-scan with $heads heads of $width, $groups groups of $n";

function scanWeights(backend: Backend, { heads, groups, n }: Shape) {
  const vector = (values: Float32Array) => tensorOf(backend, values, 1);
  return {
    // from slow to fast decay
    a: vector(Float32Array.from({ length: heads }, (_, h) => -(0.02 + (2 * h) / heads))),
    d: vector(randomValues(heads, 2)),
    dtBias: vector(randomValues(heads, 3)),
    heads,
    groups,
    state: n,
  };
}

/** u | b | c | dt of each row lie side by side, as in the model. */
function parts(x: Tensor, { heads, width, groups, n }: Shape) {
  const [inner, bc] = [heads * width, groups * n];
  return {
    u: columns(x, 0, inner),
    b: columns(x, inner, bc),
    c: columns(x, inner + bc, bc),
    dt: columns(x, inner + 2 * bc, heads),
  };
}

/** Each sequence's results, then S of all slots. */
async function run(backend: Backend, shape: Shape, plan: Plan, sequences = 1) {
  const { heads, width, groups, n } = shape;
  const weights = scanWeights(backend, shape);
  const ssm = zeros(backend, sequences, heads * n * pad16(width));
  const tail = zeros(backend, sequences, SCAN_CHUNK * scanTailWidth(heads, width, groups, n));
  const state = { conv: ssm, ssm, tail };
  const cols = heads * width + 2 * groups * n + heads;
  const scale = 1 / Math.sqrt(n);
  const inputs = Array.from({ length: sequences }, (_, sequence) =>
    randomValues(ROWS * cols, 20 + sequence).map((value, i) => {
      const col = i % cols;
      if (col >= cols - heads) return 2 * value - 2;
      return col < heads * width ? value : value * scale;
    }),
  );
  const op = (step: Step, x: Tensor, batch: Parameters<Step["ssmScan"]>[2]) =>
    step.ssmScan(parts(x, shape), weights, batch, state);
  const results = await runPlan(backend, inputs, cols, plan, op);
  return [...results, ...(await backend.begin().read(ssm))];
}

describe.each(SHAPES)(NAME, (shape) => {
  test.each(CPU)("on $name is as the recurrence of the reference", async (candidate) => {
    for (const plan of [inPieces(ROWS), inPieces(1, 1, 40, 3)]) {
      const wanted = await using(REFERENCE, (backend) => run(backend, shape, plan));
      const results = await using(candidate, (backend) => run(backend, shape, plan));
      results.forEach((result, i) => {
        expectClose(result, wanted[i]!, TOLERANCE.ssmScan);
      });
    }
  });

  test.each(ALL)("on $name may be split anywhere", async (candidate) => {
    const whole = await using(candidate, (backend) => run(backend, shape, inPieces(ROWS)));
    const cuts = [1, 3, 31, 32, 33, 63, 64, 255].map((cut) => [cut, ROWS - cut]);
    for (const pieces of [...cuts, [3, 1, 1, 27, 1, 30, 2, 191]]) {
      const plan = inPieces(...pieces);
      const results = await using(candidate, (backend) => run(backend, shape, plan));
      results.forEach((result, i) => {
        expectSame(result, whole[i]!, `in pieces of ${pieces}`);
      });
    }
  });

  test.each(ALL)("on $name does not see the neighbours in a batch", async (candidate) => {
    const plan: Plan = [
      [
        [0, 5],
        [1, 1],
      ],
      [
        [2, 40],
        [0, 1],
        [1, 31],
      ],
      [
        [1, 1],
        [2, 1],
        [0, 70],
      ],
      [
        [0, 1],
        [1, 1],
        [2, 1],
      ],
    ];
    await expectIndependent(candidate, plan, (backend, each) => run(backend, shape, each, 3));
  });

  test.each(KERNEL_SETS)("with %s two threads equal one bit for bit", async (kernelSet) => {
    const plan = inPieces(100, 1, 60);
    await expectSameOnTwoThreads(kernelSet, plan, (backend, each) => run(backend, shape, each));
  });
});

test.each(
  ALL,
)("ssm-scan on $name starts from zeros at position 0, whatever a slot holds", async (c) => {
  const shape = { heads: 1, width: 1, groups: 1, n: 1 };
  await using(c, async (backend) => {
    const vector = (value: number) => tensorOf(backend, Float32Array.of(value), 1);
    const ssm = tensorOf(backend, new Float32Array(16).fill(9), 1);
    const tail = tensorOf(backend, new Float32Array(SCAN_CHUNK * 4).fill(9), 1);
    const weights = {
      a: vector(-1),
      d: vector(0.5),
      dtBias: vector(0),
      heads: 1,
      groups: 1,
      state: 1,
    };
    const step = backend.begin();
    // u, B, C, dt of two tokens
    const x = step.input(Float32Array.of(2, 3, 5, 0, 1, 1, 1, 30), 2);
    const batch = { rows: 2, spans: Int32Array.of(0, 2, 0, 0, 0), pages: new Int32Array(0) };
    const y = step.ssmScan(parts(x, shape), weights, batch, { conv: ssm, ssm, tail });
    const [values, state, rows] = await step.read(y, ssm, tail);
    const first = Math.LN2 * 3 * 2;
    const wanted = [5 * first + 1, Math.exp(-30) * first + 30 + 0.5];
    expectClose(values!, Float32Array.from(wanted), TOLERANCE.ssmScan);
    expect([...state!]).toEqual(new Array(16).fill(0));
    const kept = [2, 3, Math.LN2, -Math.LN2, 1, 1, 30, -30 - Math.LN2];
    expectClose(rows!.subarray(0, 8), Float32Array.from(kept), TOLERANCE.ssmScan);
  });
});
