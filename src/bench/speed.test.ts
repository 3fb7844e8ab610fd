import { expect, test } from "vitest";
import type { Inspection } from "../model/inspect.ts";
import type { KernelReport } from "./kernels.ts";
import { estimateSpeed } from "./speed.ts";

const timing = { best: 1, median: 1 } as KernelReport["results"][number]["timing"];
const run = (rows: number, gflops: number, gbytes: number) => {
  const sizes = { format: "int8" as const, rows, inputs: 5120, outputs: 2560 };
  return { ...sizes, timing, gflops, medianGflops: gflops, gbytes };
};
const size = {
  format: "int8",
  languageBytes: 9e9,
  headBytes: 1e9,
  embeddingBytes: 0,
  visionBytes: 0,
  smallBytes: 0,
  totalBytes: 10e9,
} as const;
const inspection: Pick<Inspection, "memory" | "loadsAs" | "parts"> = {
  memory: [size, { ...size, format: "fp8" }],
  loadsAs: ["int8"],
  parts: [
    {
      part: "language model",
      parameters: 11e9,
      kinds: [
        { kind: "embeddings", tensors: 1, parameters: 1e9 },
        { kind: "bf16", tensors: 1, parameters: 10e9 },
      ],
    },
  ],
};

test("a token reads every weight; a prompt multiplies with each, twice a weight", () => {
  const results = [run(1, 1, 20), run(256, 400, 1)];
  expect(estimateSpeed(inspection, { results, roofs: { read: 50 } })).toEqual([
    { format: "int8", prefillTokensPerSecond: 20, decodeTokensPerSecond: 2 },
  ]);
});

test("a measured matrix in the cache does not raise the estimate above the memory's speed", () => {
  const results = [run(1, 1, 200), run(256, 400, 1)];
  const [speed] = estimateSpeed(inspection, { results, roofs: { read: 50 } });
  expect(speed?.decodeTokensPerSecond).toBe(5);
});

test("formats that were not measured are left out", () => {
  expect(estimateSpeed(inspection, { results: [], roofs: { read: 50 } })).toEqual([]);
});
