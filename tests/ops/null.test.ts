import { expect, test } from "vitest";
import type { Backend, SampleRow, Tensor } from "../../src/backends/backend.ts";
import {
  columns,
  GREEDY_ROW,
  pad16,
  SCAN_CHUNK,
  scanTailWidth,
} from "../../src/backends/backend.ts";
import { openBackend } from "../../src/backends/open.ts";
import { zeros } from "./values.ts";

const GREEDY: SampleRow = { ...GREEDY_ROW, history: Int32Array.of(1, 2), bias: [[3, 4]] };

/** Every op once. */
function recordAll(backend: Backend) {
  const step = backend.begin();
  const tensor = (rows: number, cols: number) => zeros(backend, rows, cols);
  const x = step.input(new Float32Array(3 * 32), 3);
  const vector = tensor(1, 32);
  const region = backend.allocate(backend.matrixBytes("bf16", 16, 32));
  const w = backend.matrix(region, 0, "bf16", 16, 32);
  const batch = { rows: 3, spans: Int32Array.of(0, 3, 0, 0, 0), pages: Int32Array.of(0) };
  const state = {
    conv: tensor(1, 3 * 32),
    ssm: tensor(1, 2 * 8 * pad16(16)),
    tail: tensor(1, SCAN_CHUNK * scanTailWidth(2, 16, 1, 8)),
  };
  const heads = tensor(1, 2);
  const scan = { a: heads, d: heads, dtBias: heads, heads: 2, groups: 1, state: 8 };
  const keys = backend.allocate(64 * 16 * 4).buffer;
  const cache = { keys, values: keys, pages: 1, kvHeads: 1, headDim: 16, dtype: "f32" } as const;
  const results: Tensor[] = [];
  step.scope(() => step.add(x, x));
  step.scatterRows(x, Int32Array.of(0), vector);
  step.matmulAdd(step.empty(3, 16), x, w, { bias: tensor(1, 16) });
  const into = step.empty(2 * 5, 12);
  step.tileTokens(tensor(2 * 4, 12), tensor(1, 12), tensor(4, 12), into);
  results.push(
    x,
    step.embed(Int32Array.of(1, 0), { buffer: vector.buffer, offset: 0, rows: 2, cols: 32 }),
    step.gatherRows(x, Int32Array.of(2, 2)),
    step.rmsNorm(x, vector, 1e-5),
    step.layerNorm(x, vector, vector, 1e-5),
    step.gatedNorm(x, x, vector, 2, 1e-5),
    step.matmul(x, w, { activation: "gelu" }),
    step.conv1d(x, tensor(4, 32), vector, batch, state),
    step.ssmScan({ u: x, b: tensor(3, 8), c: tensor(3, 8), dt: tensor(3, 2) }, scan, batch, state),
    step.attention({ q: x, k: tensor(3, 16), v: tensor(3, 16) }, cache, batch, 1),
    step.patchify(tensor(2, 3 * 64), 8, 2),
    step.tileAttention(tensor(10, 36), 5, 3, 1),
    step.pixelShuffle(into, 1, 2),
    step.sample(x, [GREEDY, GREEDY, GREEDY]),
  );
  return { step, results };
}

test("the null backend's results have the shapes of the reference's", async () => {
  const [made, wanted] = await Promise.all([openBackend("null"), openBackend("reference")]);
  const [nothing, reference] = [recordAll(made), recordAll(wanted)];
  const shape = ({ rows, cols }: Tensor) => [rows, cols];
  expect(nothing.results.map(shape)).toEqual(reference.results.map(shape));
  const values = await nothing.step.read(...nothing.results);
  expect(values.map(({ length }) => length)).toEqual(
    reference.results.map(({ rows, cols }) => rows * cols),
  );
  const sampled = values.at(-1)!;
  expect([sampled[0], sampled[1], sampled[42], sampled[84]]).toEqual([5, 0, 5, 5]);
  await reference.step.read();

  // the engine reads only the columns that it needs
  const again = made.begin();
  const drawn = again.sample(again.empty(2, 64), [
    GREEDY,
    { ...GREEDY, allowed: Int32Array.of(8, 0) },
  ]);
  const [tokens] = await again.read(columns(drawn, 0, 2));
  expect(tokens).toEqual(Float32Array.of(5, 0, 3, 0));
});
