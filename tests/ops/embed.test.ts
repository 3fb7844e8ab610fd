import { describe, expect, test } from "vitest";
import { bf16ToF32, f32ToBf16 } from "../../src/core/dtype.ts";
import { ALL, using } from "./backends.ts";
import { bytesOf, randomValues } from "./values.ts";

describe.each(ALL)("embed on $name", (candidate) => {
  test.each([1, 5, 16, 40, 96])("gathers rows of %i bf16 columns", async (cols) => {
    await using(candidate, async (backend) => {
      const rows = 11;
      const values = randomValues(rows * cols, 1);
      const region = backend.allocate(64 + rows * cols * 2);
      expect(await backend.packTable(region, 64, { kind: "f32", data: bytesOf(values) })).toBe(0);
      const ids = Int32Array.of(3, 0, 10, 3, 7);
      const step = backend.begin();
      const [y] = await step.read(
        step.embed(ids, { buffer: region.buffer, offset: 64, rows, cols }),
      );
      const wanted = [...ids].flatMap((id) => [...values.subarray(id * cols, (id + 1) * cols)]);
      expect(y).toEqual(Float32Array.from(wanted, (value) => bf16ToF32(f32ToBf16(value))));
    });
  });

  test("a table counts damaged values", async () => {
    await using(candidate, async (backend) => {
      const data = bytesOf(Float32Array.of(1, Number.NaN, 3, Number.NEGATIVE_INFINITY));
      expect(await backend.packTable(backend.allocate(64), 0, { kind: "f32", data })).toBe(2);
    });
  });
});
