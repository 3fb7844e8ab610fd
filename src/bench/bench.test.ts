import { expect, test } from "vitest";
import { E4M3 } from "../core/dtype.ts";
import { benchOverhead, formatOverhead } from "./overhead.ts";
import { REAL_PATTERN, syntheticConfig } from "./synthetic.ts";
import { formatTable, percent } from "./table.ts";
import { interleave, summarise } from "./timing.ts";
import { SourceMaker } from "./values.ts";

test("tables are aligned and have a dash for missing values", () => {
  const table = formatTable(
    ["op", "ms"],
    [
      ["matmul", 1.234],
      ["norm", 1234.5],
      ["x", undefined],
    ],
  );
  expect(table.split("\n")).toEqual([
    "op        ms",
    "matmul  1.23",
    "norm    1235",
    "x          –",
  ]);
  expect(percent(1, 3)).toBe("33 %");
  expect(percent(1, undefined)).toBeUndefined();
});

test("returns best and median of interleaved runs", async () => {
  expect(summarise([3, 1, 2])).toEqual({ best: 1, median: 2, runs: 3 });
  const order: string[] = [];
  const run = (name: string) => async () => order.push(name);
  await interleave([run("a"), run("b")], 0);
  expect(order.join("")).toBe("ababab");
});

test("made-up weights are numbers in every format", () => {
  const maker = new SourceMaker();
  const fp8 = maker.source("fp8", 8, 64);
  expect(fp8.data.length).toBe(512);
  expect([...fp8.data].every((code) => Number.isFinite(E4M3[code]))).toBe(true);
  const nvfp4 = maker.source("nvfp4", 8, 64);
  expect(nvfp4.kind === "nvfp4" && [...nvfp4.blockScales].every((code) => code < 64)).toBe(true);
  expect(maker.source("int4", 8, 64).data.length).toBe(1024);
});

test("the real pattern has the real layers", () => {
  const options = {
    pattern: REAL_PATTERN,
    vocabulary: 8,
    format: "bf16",
    visionBlocks: 0,
  } as const;
  const { layers, mamba } = syntheticConfig(options).text;
  const count = (kind: string) => layers.filter((layer) => layer === kind).length;
  expect([count("mamba2"), count("mlp"), count("attention")]).toEqual([28, 28, 6]);
  expect(mamba.projWidth).toBe(22656);
  expect(() => syntheticConfig({ ...options, pattern: "MX" })).toThrow(/may have/);
});

test("a step of 62 layers can be recorded without kernels", async () => {
  const report = await benchOverhead(0);
  expect(report.layers).toBe(62);
  expect(formatOverhead(report)).toMatch(/best \d+ µs/);
});
