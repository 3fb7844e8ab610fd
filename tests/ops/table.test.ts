import { describe, expect, test } from "vitest";
import { loadNative } from "../../src/backends/cpu/native.ts";
import { OP_NAMES, OPS } from "../../src/backends/ops.ts";
import { Program } from "../../src/backends/program.ts";
import { decodeSampleRows, encodeSampleRows } from "../../src/backends/sample-rows.ts";
import { KERNEL_SETS } from "./backends.ts";

const tensor = (buffer: number) => ({ buffer, offset: 64, rows: 3, cols: 4, stride: 8 });
const batch = {
  rows: 5,
  spans: Int32Array.of(0, 2, 7, 0, 0, 2, 3, 0, 1, 1),
  pages: new Int32Array(2),
};

test.skipIf(KERNEL_SETS.length === 0)(
  "the native kernels know the same ops in the same order",
  () => {
    expect(loadNative().opNames()).toEqual(OP_NAMES);
  },
);

describe("a program", () => {
  test("returns the recorded operands", () => {
    const program = new Program();
    const cache = { keys: 7, values: 8, pages: 9, kvHeads: 2, headDim: 16, dtype: "bf16" } as const;
    const table = { buffer: 4, offset: 128, rows: 30 };
    const scratch = { buffer: 1, offset: 32 };
    program.record("attention", tensor(1), tensor(2), tensor(3), tensor(4), cache, 0.25, 1, batch);
    program.record("matmul", tensor(1), tensor(2), 5, undefined, 2, 1, 0, scratch);
    program.record("matmul", tensor(1), tensor(2), 5, tensor(3), 0, 0, 1, scratch);
    program.record("embed", tensor(1), table, Int32Array.of(3, 1, 2));
    expect([...program.operations()]).toEqual([
      {
        op: "attention",
        operands: {
          q: tensor(1),
          k: tensor(2),
          v: tensor(3),
          y: tensor(4),
          cache,
          scale: 0.25,
          bidirectional: 1,
          batch,
        },
      },
      {
        op: "matmul",
        operands: {
          ...{ x: tensor(1), y: tensor(2), weights: 5, bias: undefined, scratch },
          ...{ activation: 2, accumulate: 1, exact: 0 },
        },
      },
      {
        op: "matmul",
        operands: {
          ...{ x: tensor(1), y: tensor(2), weights: 5, bias: tensor(3), scratch },
          ...{ activation: 0, accumulate: 0, exact: 1 },
        },
      },
      { op: "embed", operands: { y: tensor(1), table, ids: Int32Array.of(3, 1, 2) } },
    ]);
  });

  test("grows with the step and is used again after reset", () => {
    const program = new Program();
    const index = Int32Array.from({ length: 3000 }, (_, i) => i);
    for (let i = 0; i < 2000; i++) program.record("gatherRows", tensor(1), tensor(2), index);
    const all = [...program.operationsOf("gatherRows")];
    expect(all).toHaveLength(2000);
    expect(all.at(-1)!.index).toEqual(index);
    program.reset();
    program.record("add", tensor(1), tensor(2));
    expect([...program.operations()].map(({ op }) => op)).toEqual(["add"]);
  });

  test("copies a batch once for the ops that share it", () => {
    const program = new Program();
    const record = () =>
      program.record("conv1d", tensor(1), tensor(2), tensor(3), tensor(4), tensor(5), batch);
    record();
    const words = program.dataWords;
    record();
    expect(program.dataWords).toBe(words);
  });
});

test("names of operands are unique within an op", () => {
  for (const op of OP_NAMES) {
    const names = OPS[op].map((operand) => operand.split(": ")[0]);
    expect(new Set(names).size, op).toBe(names.length);
  }
});

test("sampling options survive their words, real numbers as float32", () => {
  const row = {
    ...{ temperature: 0.5, topP: 0.25, topK: 40, minP: 0.125, repetitionPenalty: 1.5 },
    ...{ frequencyPenalty: -0.5, presencePenalty: 2, uniform: 0.75, alternatives: 5 },
    history: Int32Array.of(7, 1, 9, 2),
    bias: [[3, -4.5]] as [number, number][],
  };
  const rows = [row, { ...row, allowed: Int32Array.of(-1, 12) }, { ...row, bias: [] }];
  expect(decodeSampleRows(encodeSampleRows(rows), rows.length)).toEqual(rows);
});
