import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Backend, Matrix, MatrixSource } from "../../src/backends/backend.ts";
import { bf16ToF32, E2M1, E4M3, f32ToBf16, type WeightFormat } from "../../src/core/dtype.ts";
import { ALL, using } from "./backends.ts";
import { expectSame } from "./tolerance.ts";
import { bytesOf, matrixOf, matrixSource, randomValues } from "./values.ts";

const FORMATS: readonly WeightFormat[] = ["bf16", "fp8", "nvfp4", "int8", "int4"];
const [OUTPUTS, INPUTS] = [40, 320];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "vireo-pack-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function product(backend: Backend, w: Matrix): Promise<Float32Array> {
  const step = backend.begin();
  const [y] = await step.read(step.matmul(step.input(randomValues(3 * w.inputs, 9), 3), w));
  return y!;
}

/** The matrix's numbers: its product with rows that are all zero but for one 1. */
async function numbersOf(backend: Backend, w: Matrix): Promise<Float32Array> {
  const identity = new Float32Array(w.inputs * w.inputs);
  for (let i = 0; i < w.inputs; i++) identity[i * w.inputs + i] = 1;
  const step = backend.begin();
  const [y] = await step.read(step.matmul(step.input(identity, w.inputs), w));
  return y!.map((_, i) => y![(i % w.inputs) * w.outputs + Math.floor(i / w.inputs)]!);
}

/** Some rows of a source. */
function part(source: MatrixSource, from: number, rows: number): MatrixSource {
  const cut = (data: Uint8Array) => {
    const perRow = data.length / OUTPUTS;
    return data.subarray(from * perRow, (from + rows) * perRow);
  };
  const data = cut(source.data);
  if (source.kind !== "nvfp4") return { ...source, data };
  return { ...source, data, blockScales: cut(source.blockScales) };
}

describe.each(ALL)("packing on $name", (candidate) => {
  test.each(FORMATS)("%s: rows may be packed in any pieces, at any place", async (format) => {
    await using(candidate, async (backend) => {
      const source = matrixSource(format, OUTPUTS, INPUTS, 1);
      const whole = await matrixOf(backend, format, OUTPUTS, INPUTS, source);
      const bytes = backend.matrixBytes(format, OUTPUTS, INPUTS);
      expect(bytes % 64).toBe(0);
      const region = backend.allocate(bytes + 192);
      const pieces = backend.matrix(region, 192, format, OUTPUTS, INPUTS);
      for (const [from, rows] of [
        [0, 7],
        [17, 23],
        [7, 10],
      ] as const) {
        expect(await backend.pack(pieces, from, rows, part(source, from, rows))).toBe(0);
      }
      expectSame(await product(backend, pieces), await product(backend, whole), format);
    });
  });

  test.each(
    FORMATS,
  )("%s: a packed file gives the same product when it is mapped", async (format) => {
    const path = join(folder, `${candidate.name}-${format}`);
    const source = matrixSource(format, OUTPUTS, INPUTS, 1);
    const made = await using(candidate, async (backend) => {
      const bytes = 64 + backend.matrixBytes(format, OUTPUTS, INPUTS);
      const region = backend.createFile({ path, bytes });
      const w = backend.matrix(region, 64, format, OUTPUTS, INPUTS);
      await backend.pack(w, 0, OUTPUTS, source);
      await backend.sync(region);
      return await product(backend, w);
    });
    await using(candidate, async (backend) => {
      const bytes = 64 + backend.matrixBytes(format, OUTPUTS, INPUTS);
      expect(() => backend.createFile({ path, bytes })).toThrow();
      expect(() => backend.mapFile({ path, bytes: bytes + 1 })).toThrow();
      const region = backend.mapFile({ path, bytes });
      const w = backend.matrix(region, 64, format, OUTPUTS, INPUTS);
      expectSame(await product(backend, w), made, format);
    });
  });

  test("fp8 and nvfp4 preserve a checkpoint's numbers", async () => {
    await using(candidate, async (backend) => {
      const fp8 = Uint8Array.from({ length: 256 }, (_, code) =>
        (code & 0x7f) === 0x7f ? 0 : code,
      );
      const scale = 2 ** -7;
      const w = await matrixOf(backend, "fp8", 8, 32, { kind: "fp8", data: fp8, scale });
      const numbers = Float32Array.from(fp8, (code) => E4M3[code]! * scale);
      expect((await numbersOf(backend, w)).map(positiveZero)).toEqual(numbers.map(positiveZero));

      const codes = Uint8Array.from({ length: 256 }, (_, i) => (i * 7) & 255);
      const blockScales = Uint8Array.from({ length: 32 }, (_, i) => 8 + i * 3);
      const v = await matrixOf(backend, "nvfp4", 16, 32, {
        kind: "nvfp4",
        data: codes,
        blockScales,
        scale,
      });
      const wanted = Float32Array.from({ length: 512 }, (_, i) => {
        const code = i % 2 === 0 ? codes[i >> 1]! & 15 : codes[i >> 1]! >> 4;
        return E2M1[code]! * E4M3[blockScales[i >> 4]!]! * scale;
      });
      expect((await numbersOf(backend, v)).map(positiveZero)).toEqual(wanted.map(positiveZero));
    });
  });

  test("bf16 is rounded to nearest from f32 and f16", async () => {
    await using(candidate, async (backend) => {
      const values = randomValues(16 * 32, 3);
      const w = await matrixOf(backend, "bf16", 16, 32, { kind: "f32", data: bytesOf(values) });
      expect(await numbersOf(backend, w)).toEqual(values.map((v) => bf16ToF32(f32ToBf16(v))));
      const halves = Uint16Array.from({ length: 32 }, (_, i) => 0x3c00 + i * 8);
      const v = await matrixOf(backend, "bf16", 1, 32, { kind: "f16", data: bytesOf(halves) });
      expect(await numbersOf(backend, v)).toEqual(Float32Array.from(halves, (_, i) => 1 + i / 128));
    });
  });

  test("damaged values are counted", async () => {
    await using(candidate, async (backend) => {
      const count = async (format: WeightFormat, source: MatrixSource) => {
        const region = backend.allocate(backend.matrixBytes(format, 4, 32));
        return await backend.pack(backend.matrix(region, 0, format, 4, 32), 0, 4, source);
      };
      const values = randomValues(128, 3);
      values.set([Number.NaN, Number.POSITIVE_INFINITY], 40);
      expect(await count("bf16", { kind: "f32", data: bytesOf(values) })).toBe(2);
      expect(await count("int8", { kind: "f32", data: bytesOf(values) })).toBe(2);
      const fp8 = new Uint8Array(128);
      fp8.set([0x7f, 0xff, 0x7e], 5);
      expect(await count("fp8", { kind: "fp8", data: fp8, scale: 1 })).toBe(2);
      expect(await count("fp8", { kind: "fp8", data: fp8, scale: Number.NaN })).toBe(3);
      const nvfp4 = { kind: "nvfp4", data: new Uint8Array(64), scale: 1 } as const;
      const blockScales = Uint8Array.of(1, 2, 3, 0x7f, 0x81, 4, 5, 6);
      expect(await count("nvfp4", { ...nvfp4, blockScales })).toBe(2);
    });
  });
});

function positiveZero(value: number): number {
  return value === 0 ? 0 : value;
}

test.each([
  "int8",
  "int4",
] as const)("%s: every backend rounds to the same weights", async (format) => {
  const weights = async (candidate: (typeof ALL)[number]) =>
    await using(candidate, async (backend) => {
      const w = await matrixOf(backend, format, 24, 300, matrixSource(format, 24, 300, 4));
      return await numbersOf(backend, w);
    });
  const [reference, ...others] = await Promise.all(ALL.map(weights));
  for (const other of others) {
    const off = other.map((value, i) => Math.abs(value - reference![i]!));
    expect(Math.max(...off)).toBeLessThan(1e-7);
  }
});
