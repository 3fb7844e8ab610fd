import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend, MatmulOptions } from "../../src/backends/backend.ts";
import { columns, rows as rowsOf } from "../../src/backends/backend.ts";
import type { WeightFormat } from "../../src/core/dtype.ts";
import { ALL, CPU, cpuCandidate, KERNEL_SETS, REFERENCE, using } from "./backends.ts";
import { expectClose, expectSame, MATMUL_TOLERANCE, TOLERANCE } from "./tolerance.ts";
import { matrixOf, matrixSource, randomValues, stridedOf, tensorOf } from "./values.ts";

const FORMATS: readonly WeightFormat[] = ["bf16", "fp8", "nvfp4", "int8", "int4"];
const ROWS = [1, 2, 3, 5, 16, 17, 33, 70];
const MAX_ROWS = 70;
const OUTPUTS = [16, 40, 96, 328];

/** nvfp4 has a scale for every 16 inputs. */
function inputsOf(format: WeightFormat): number[] {
  return [32, format === "nvfp4" ? 48 : 40, 64, 160, 256, 1280, 1344];
}

interface Case {
  readonly format: WeightFormat;
  readonly outputs: number;
  readonly inputs: number;
}

const CASES: readonly Case[] = FORMATS.flatMap((format) =>
  inputsOf(format).flatMap((inputs) => OUTPUTS.map((outputs) => ({ format, outputs, inputs }))),
);

async function run(
  backend: Backend,
  { format, outputs, inputs }: Case,
  rowCounts: readonly number[],
  options: { readonly activation?: MatmulOptions["activation"]; readonly bias?: boolean } = {},
): Promise<Float32Array[]> {
  const source = matrixSource(format, outputs, inputs, inputs + outputs);
  const w = await matrixOf(backend, format, outputs, inputs, source);
  const x = tensorOf(backend, randomValues(MAX_ROWS * inputs, 3), MAX_ROWS);
  const bias = options.bias ? tensorOf(backend, randomValues(outputs, 4), 1) : undefined;
  const { activation } = options;
  const step = backend.begin();
  const results = rowCounts.map((rows) =>
    step.matmul(rowsOf(x, 0, rows), w, {
      ...(bias && { bias }),
      ...(activation && { activation }),
    }),
  );
  return await step.read(...results);
}

const nameOf = ({ format, outputs, inputs }: Case) => `${format} [${outputs}, ${inputs}]`;

const expected = new Map<Case, Float32Array>();
beforeAll(() =>
  using(REFERENCE, async (backend) => {
    for (const c of CASES) expected.set(c, (await run(backend, c, [MAX_ROWS]))[0]!);
  }),
);

describe.each(CPU)("matmul on $name", (candidate) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await candidate.open();
  });
  afterAll(() => backend.close());

  test.each(
    FORMATS,
  )("%s: every shape is as in the reference, whatever else is run", async (format) => {
    for (const c of CASES.filter((one) => one.format === format)) {
      const wanted = expected.get(c)!;
      const results = await run(backend, c, ROWS);
      const whole = results.at(-1)!;
      expectClose(whole, wanted, MATMUL_TOLERANCE[format], nameOf(c));
      for (const result of results) {
        expectSame(result, whole.subarray(0, result.length), `${nameOf(c)}, fewer rows`);
      }
    }
  });
});

describe.each(KERNEL_SETS)("matmul with %s", (kernelSet) => {
  test.each(FORMATS)("%s: two threads equal one bit for bit", async (format) => {
    const [one, two] = [cpuCandidate(kernelSet, 1), cpuCandidate(kernelSet, 2)];
    for (const c of CASES.filter((found) => found.format === format && found.inputs !== 64)) {
      const results = await using(one, (backend) => run(backend, c, [1, 7, 33]));
      const others = await using(two, (backend) => run(backend, c, [1, 7, 33]));
      for (const [i, result] of results.entries()) expectSame(others[i]!, result, nameOf(c));
    }
  });
});

describe.each(CPU)("the epilogue of matmul on $name", (candidate) => {
  const withBias = FORMATS.flatMap((format) =>
    ([undefined, "relu2", "gelu", "geluTanh"] as const).map((activation) => ({
      format,
      activation,
    })),
  );

  test.each(withBias)("$format with bias and $activation", async ({ format, activation }) => {
    const c = { format, outputs: 40, inputs: 160 };
    const options = { bias: true, activation };
    for (const exact of [true, false]) {
      const wanted = await using(REFERENCE, (backend) => run(backend, c, [5, 33], options), exact);
      const results = await using(candidate, (backend) => run(backend, c, [5, 33], options), exact);
      const { absolute, relative } = MATMUL_TOLERANCE[format];
      const coarse = !exact && activation === "gelu" ? TOLERANCE.coarseGelu.absolute : 0;
      for (const [i, result] of results.entries()) {
        expectClose(result, wanted[i]!, { absolute: absolute + coarse, relative });
      }
    }
  });

  test.each(FORMATS)("%s with exact activations", async (format) => {
    const c = { format, outputs: 96, inputs: 256 };
    const wanted = await using(REFERENCE, (backend) => run(backend, c, [1, 17]), true);
    const results = await using(candidate, (backend) => run(backend, c, [1, 17]), true);
    for (const [i, result] of results.entries()) {
      expectClose(result, wanted[i]!, MATMUL_TOLERANCE[format]);
    }
  });

  test.each(
    FORMATS,
  )("%s: adds to columns of a wider matrix and to nothing else", async (format) => {
    const [outputs, inputs, rows] = [40, 96, 17];
    const added = async (backend: Backend) => {
      const source = matrixSource(format, outputs, inputs, 5);
      const w = await matrixOf(backend, format, outputs, inputs, source);
      const x = stridedOf(backend, randomValues(rows * inputs, 6), rows);
      const bias = tensorOf(backend, randomValues(outputs, 7), 1);
      const into = tensorOf(backend, randomValues(rows * (outputs + 9), 8), rows);
      const step = backend.begin();
      step.matmulAdd(columns(into, 4, outputs), x, w, { bias });
      const plain = step.matmul(x, w);
      return await step.read(columns(into, 4, outputs), into, plain);
    };
    const [sums, all, plain] = await using(candidate, added);
    const [wantedSums, wantedAll, wantedPlain] = await using(REFERENCE, added);
    expectClose(sums!, wantedSums!, MATMUL_TOLERANCE[format]);
    expectClose(plain!, wantedPlain!, MATMUL_TOLERANCE[format]);
    const around = (values: Float32Array) =>
      values.filter((_, i) => i % (outputs + 9) < 4 || i % (outputs + 9) >= 4 + outputs);
    expectClose(around(all!), around(wantedAll!), TOLERANCE.exact);
  });
});

describe.each(ALL)("NaN and infinity on $name", (candidate) => {
  test.each([
    "bf16",
    "fp8",
    "nvfp4",
  ] as const)("%s: NaN and infinity stay in their row", async (format) => {
    const [outputs, inputs, rows] = [40, 64, 5];
    const values = randomValues(rows * inputs, 6);
    values[inputs + 3] = Number.NaN;
    values[3 * inputs + 7] = Number.POSITIVE_INFINITY;
    await using(candidate, async (backend) => {
      const source = matrixSource(format, outputs, inputs, 5);
      const w = await matrixOf(backend, format, outputs, inputs, source);
      for (const activation of [undefined, "relu2"] as const) {
        const step = backend.begin();
        const x = step.input(values, rows);
        const [y] = await step.read(step.matmul(x, w, activation ? { activation } : {}));
        const rowOf = (r: number) => [...y!.subarray(r * outputs, (r + 1) * outputs)];
        expect(rowOf(1).every(Number.isNaN)).toBe(true);
        expect(rowOf(3).every((v) => Number.isFinite(v) && v !== 0)).toBe(false);
        for (const r of [0, 2, 4]) expect(rowOf(r).every(Number.isFinite)).toBe(true);
      }
    });
  });
});
