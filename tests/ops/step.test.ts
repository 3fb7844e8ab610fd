import { describe, expect, test } from "vitest";
import type { Backend } from "../../src/backends/backend.ts";
import { columns, rows, tensorAt } from "../../src/backends/backend.ts";
import { ALL, using } from "./backends.ts";
import { expectSame } from "./tolerance.ts";
import { bytesOf, matrixOf, matrixSource, randomValues, tensorOf } from "./values.ts";

const square = (backend: Backend) =>
  matrixOf(backend, "bf16", 64, 64, matrixSource("bf16", 64, 64, 1));

describe.each(ALL)("a step on $name", (candidate) => {
  test("an input may be recorded after an op that uses scratch memory", async () => {
    await using(candidate, async (backend) => {
      const w = await square(backend);
      const x = tensorOf(backend, randomValues(64, 2), 1);
      const values = randomValues(4096, 3);
      const step = backend.begin();
      step.matmul(x, w);
      const [read] = await step.read(step.input(values, 64));
      expectSame(read!, values);
    });
  });

  test("an input may be recorded after a scope", async () => {
    await using(candidate, async (backend) => {
      const x = tensorOf(backend, randomValues(64, 2), 1);
      const weight = tensorOf(backend, randomValues(64, 3), 1);
      const values = randomValues(64, 4);
      const step = backend.begin();
      step.scope(() => {
        step.rmsNorm(x, weight, 1e-5);
      });
      const [read] = await step.read(step.input(values, 1));
      expectSame(read!, values);
    });
  });

  test("an input is copied when it is recorded", async () => {
    await using(candidate, async (backend) => {
      const values = Float32Array.of(1, 2, 3, 4);
      const step = backend.begin();
      const x = step.input(values, 2);
      values.fill(9);
      expect(await step.read(x)).toEqual([Float32Array.of(1, 2, 3, 4)]);
    });
  });

  test("tensors made before a scope outlive it", async () => {
    await using(candidate, async (backend) => {
      const w = await square(backend);
      const step = backend.begin();
      const x = step.input(randomValues(64 * 3, 2), 3);
      const into = step.matmul(x, w);
      const before = await (async () => {
        const first = backend.begin();
        return await first.read(first.matmul(first.input(randomValues(64 * 3, 2), 3), w));
      })();
      step.scope(() => step.add(into, step.matmul(into, w)));
      step.scope(() => step.add(into, step.rmsNorm(into, rows(x, 0, 1), 1e-5)));
      const [after, same] = await step.read(into, x);
      expect(same).toEqual(randomValues(64 * 3, 2));
      expect(after).not.toEqual(before[0]);
      expect(after!.every(Number.isFinite)).toBe(true);
    });
  });

  test("steps that run at the same time do not disturb each other", async () => {
    await using(candidate, async (backend) => {
      const w = await square(backend);
      const start = (seed: number) => {
        const step = backend.begin();
        return step.read(step.matmul(step.input(randomValues(64 * 5, seed), 5), w));
      };
      const alone = [await start(1), await start(2)];
      expect(await Promise.all([start(1), start(2)])).toEqual(alone);
    });
  });

  test("a view is read without the data between its rows", async () => {
    await using(candidate, async (backend) => {
      const x = tensorOf(backend, Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9), 3);
      const step = backend.begin();
      expect(
        await step.read(columns(x, 1, 2), rows(x, 1, 1), columns(rows(x, 1, 2), 2, 1)),
      ).toEqual([
        Float32Array.of(2, 3, 5, 6, 8, 9),
        Float32Array.of(4, 5, 6),
        Float32Array.of(6, 9),
      ]);
    });
  });

  test("memory is zero at first and keeps written values", async () => {
    await using(candidate, async (backend) => {
      const region = backend.allocate(1000);
      const all = new Uint8Array(1000).fill(1);
      backend.read(region, 0, all);
      expect(all.every((byte) => byte === 0)).toBe(true);
      backend.write(region, 64, bytesOf(Float32Array.of(5, 6)));
      const step = backend.begin();
      const y = tensorAt(region, 60, 1, 4);
      expect(await step.read(y)).toEqual([Float32Array.of(0, 5, 6, 0)]);
      backend.release(region);
    });
  });
});
