import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { columns } from "../../src/backends/backend.ts";
import { ALL, CPU, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectIndependent, expectSameOnTwoThreads } from "./batches.ts";
import { inPieces, type Plan, runPlan } from "./spans.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues, tensorOf, zeros } from "./values.ts";

interface Shape {
  readonly cols: number;
  readonly taps: number;
}
const SHAPES: readonly Shape[] = [
  { cols: 96, taps: 4 },
  { cols: 40, taps: 4 },
  { cols: 21, taps: 3 },
  { cols: 3, taps: 2 },
];
const ROWS = 256;
const PAD = 5;

/** Each sequence's results, then the state of all slots. */
async function run(backend: Backend, { cols, taps }: Shape, plan: Plan, sequences = 1) {
  const weight = tensorOf(backend, randomValues(taps * cols, 1), taps);
  const bias = tensorOf(backend, randomValues(cols, 2), 1);
  const conv = zeros(backend, sequences, (taps - 1) * cols);
  const state = { conv, ssm: conv, tail: conv };
  const inputs = Array.from({ length: sequences }, (_, i) =>
    randomValues(ROWS * (cols + PAD), 10 + i),
  );
  const results = await runPlan(backend, inputs, cols + PAD, plan, (step, x, batch) =>
    step.conv1d(columns(x, 2, cols), weight, bias, batch, state),
  );
  return [...results, ...(await backend.begin().read(conv))];
}

describe.each(SHAPES)("conv1d with $taps taps and $cols columns", (shape) => {
  test.each(CPU)("on $name is as in the reference", async (candidate) => {
    const plan = inPieces(ROWS);
    const wanted = await using(REFERENCE, (backend) => run(backend, shape, plan));
    const results = await using(candidate, (backend) => run(backend, shape, plan));
    expectClose(results[0]!, wanted[0]!, TOLERANCE.conv1d);
    expectSame(results[1]!, wanted[1]!, "state");
  });

  test.each(ALL)("on $name may be split anywhere", async (candidate) => {
    const whole = await using(candidate, (backend) => run(backend, shape, inPieces(ROWS)));
    for (const cut of [1, 2, 3, 31, 32, 33, 63, 64, 255]) {
      const plan = inPieces(cut, ROWS - cut);
      const parts = await using(candidate, (backend) => run(backend, shape, plan));
      parts.forEach((part, i) => {
        expectSame(part, whole[i]!, `cut at ${cut}`);
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
        [1, 17],
      ],
      [
        [1, 1],
        [2, 1],
        [0, 30],
      ],
    ];
    await expectIndependent(candidate, plan, (backend, each) => run(backend, shape, each, 3));
  });

  test.each(KERNEL_SETS)("with %s two threads equal one bit for bit", async (kernelSet) => {
    const plan = inPieces(ROWS);
    await expectSameOnTwoThreads(kernelSet, plan, (backend, each) => run(backend, shape, each));
  });
});

test.each(
  ALL,
)("conv1d on $name starts from zeros at position 0, whatever a slot holds", async (c) => {
  await using(c, async (backend) => {
    const conv = tensorOf(backend, new Float32Array(3 * 4).fill(9), 1);
    const weight = tensorOf(
      backend,
      Float32Array.from({ length: 16 }, () => 1),
      4,
    );
    const bias = tensorOf(backend, new Float32Array(4), 1);
    const step = backend.begin();
    const x = step.input(Float32Array.of(1, 2, 3, 4), 1);
    const batch = { rows: 1, spans: Int32Array.of(0, 1, 0, 0, 0), pages: new Int32Array(0) };
    const y = step.conv1d(x, weight, bias, batch, { conv, ssm: conv, tail: conv });
    const [values, state] = await step.read(y, conv);
    const silu = Float32Array.of(1, 2, 3, 4).map((v) => v / (1 + Math.exp(-v)));
    expectClose(values!, silu, TOLERANCE.conv1d);
    expect([...state!]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]);
  });
});
