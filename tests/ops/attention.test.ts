import { describe, expect, test } from "vitest";
import type { Backend, KvDtype } from "../../src/backends/backend.ts";
import { columns, PAGE_ROWS } from "../../src/backends/backend.ts";
import { bf16ToF32, f32ToBf16 } from "../../src/core/dtype.ts";
import { ALL, CPU, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectIndependent, expectSameOnTwoThreads } from "./batches.ts";
import { inPieces, type Plan, pageOf, runPlan } from "./spans.ts";
import { expectClose, expectSame, TOLERANCE } from "./tolerance.ts";
import { randomValues } from "./values.ts";

interface Shape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly dim: number;
  readonly dtype: KvDtype;
}
const SHAPES: readonly Shape[] = [
  { heads: 4, kvHeads: 2, dim: 16, dtype: "f32" },
  { heads: 5, kvHeads: 1, dim: 48, dtype: "bf16" },
  { heads: 2, kvHeads: 2, dim: 128, dtype: "bf16" },
  { heads: 4, kvHeads: 1, dim: 64, dtype: "f32" },
];
const ROWS = 256;

function cacheOf(backend: Backend, { kvHeads, dim, dtype }: Shape, pages: number) {
  const bytes = pages * kvHeads * dim * PAGE_ROWS * (dtype === "f32" ? 4 : 2);
  const keys = backend.allocate(bytes);
  const values = backend.allocate(bytes);
  const cache = { keys: keys.buffer, values: values.buffer, pages, kvHeads, headDim: dim, dtype };
  return { cache, keys, values };
}

async function run(backend: Backend, shape: Shape, plan: Plan, sequences = 1, both = false) {
  const { heads, kvHeads, dim } = shape;
  const { cache } = cacheOf(backend, shape, sequences * Math.ceil(ROWS / PAGE_ROWS));
  const cols = (heads + 2 * kvHeads) * dim;
  const inputs = Array.from({ length: sequences }, (_, i) => randomValues(ROWS * cols, 30 + i, 2));
  return await runPlan(backend, inputs, cols, plan, (step, x, batch) => {
    const q = columns(x, 0, heads * dim);
    const k = columns(x, heads * dim, kvHeads * dim);
    const v = columns(x, (heads + kvHeads) * dim, kvHeads * dim);
    return step.attention({ q, k, v }, cache, batch, dim ** -0.5, { bidirectional: both });
  });
}

describe.each(SHAPES)("attention with $heads heads on $kvHeads of $dim in $dtype", (shape) => {
  test("on every backend is as in the reference", async () => {
    for (const plan of [inPieces(ROWS), inPieces(70, 1)]) {
      const wanted = await using(REFERENCE, (backend) => run(backend, shape, plan));
      for (const candidate of CPU) {
        const results = await using(candidate, (backend) => run(backend, shape, plan));
        expectClose(results[0]!, wanted[0]!, TOLERANCE.attention, candidate.name);
      }
    }
  });

  test("bidirectional, is as in the reference, and no sequence sees its neighbours", async () => {
    const plan: Plan = [
      [
        [2, 66],
        [0, 1],
        [1, 130],
      ],
    ];
    const all = (backend: Backend, each: Plan) => run(backend, shape, each, 3, true);
    const wanted = await using(REFERENCE, (backend) => all(backend, plan));
    for (const candidate of CPU) {
      const results = await using(candidate, (backend) => all(backend, plan));
      results.forEach((result, i) => {
        expectClose(result, wanted[i]!, TOLERANCE.attention, candidate.name);
      });
      await expectIndependent(candidate, plan, all);
    }
    const causal = await using(REFERENCE, (backend) => run(backend, shape, plan, 3));
    expect(wanted[1]).not.toEqual(causal[1]);
    const last = -shape.heads * shape.dim;
    expectSame(wanted[1]!.slice(last), causal[1]!.slice(last), "the last row sees all anyhow");
  });

  test.each(CPU)("on $name may be split anywhere", async (candidate) => {
    const whole = await using(candidate, (backend) => run(backend, shape, inPieces(ROWS)));
    for (const cut of [1, 3, 31, 32, 33, 63, 64, 255]) {
      const plan = inPieces(cut, ROWS - cut);
      const results = await using(candidate, (backend) => run(backend, shape, plan));
      expectSame(results[0]!, whole[0]!, `cut at ${cut}`);
    }
  });

  test.each(ALL)("on $name does not see the neighbours in a batch", async (candidate) => {
    const plan: Plan = [
      [
        [0, 5],
        [1, 1],
      ],
      [
        [2, 66],
        [0, 1],
        [1, 17],
      ],
      [
        [1, 1],
        [2, 1],
        [0, 60],
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
    const plan = inPieces(100, 1);
    await expectSameOnTwoThreads(kernelSet, plan, (backend, each) => run(backend, shape, each));
  });
});

describe.each(ALL)("the cache of attention on $name", (candidate) => {
  test.each([
    "f32",
    "bf16",
  ] as const)("%s: keys transposed, values as rows, in pages", async (dtype) => {
    const shape = { heads: 2, kvHeads: 2, dim: 16, dtype };
    await using(candidate, async (backend) => {
      const { cache, keys, values } = cacheOf(backend, shape, 4);
      const rows = 70;
      const input = randomValues(rows * 96, 40);
      const step = backend.begin();
      const x = step.input(input, rows);
      const pages = Int32Array.of(9, pageOf(0, 2, 0), pageOf(0, 2, 1));
      const [q, k, v] = [0, 32, 64].map((from) => columns(x, from, 32));
      const batch = { rows, spans: Int32Array.of(0, rows, 0, 0, 1), pages };
      pages[0] = 0;
      await step.read(step.attention({ q: q!, k: k!, v: v! }, cache, batch, 0.25));
      const stored = (region: typeof keys) => {
        const bytes = new Uint8Array(region.bytes);
        backend.read(region, 0, bytes);
        return dtype === "f32"
          ? new Float32Array(bytes.buffer)
          : Float32Array.from(new Uint16Array(bytes.buffer), bf16ToF32);
      };
      const rounded = (value: number) => (dtype === "f32" ? value : bf16ToF32(f32ToBf16(value)));
      const [keyValues, valueValues] = [stored(keys), stored(values)];
      for (const [row, head, d] of [
        [0, 0, 0],
        [5, 1, 3],
        [63, 0, 15],
        [64, 1, 0],
        [69, 1, 15],
      ] as const) {
        const page = pages[1 + Math.floor(row / PAGE_ROWS)]!;
        const at = (page * 2 + head) * 16 * PAGE_ROWS;
        const line = row % PAGE_ROWS;
        const key = input[row * 96 + 32 + head * 16 + d]!;
        const value = input[row * 96 + 64 + head * 16 + d]!;
        expect(keyValues[at + d * PAGE_ROWS + line]).toBe(rounded(key));
        expect(valueValues[at + line * 16 + d]).toBe(rounded(value));
      }
    });
  });
});
