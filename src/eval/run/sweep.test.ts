import { expect, test } from "vitest";
import { cellName, cellsOf, type Sweep } from "./sweep.ts";
import { plotSweep } from "./sweep-plot.ts";

const AXES = { formats: ["bf16", "int4"], evs: [0, 0.5], frames: [32] };

test("videos have a cell for each combination, pictures one for each format", () => {
  expect(cellsOf("videomme", AXES).map(cellName)).toEqual([
    "bf16-evs0-frames32",
    "bf16-evs0.5-frames32",
    "int4-evs0-frames32",
    "int4-evs0.5-frames32",
  ]);
  expect(cellsOf("docvqa", AXES).map(cellName)).toEqual(["bf16", "int4"]);
  expect(cellsOf("docvqa", { formats: [], evs: [0], frames: [] })).toEqual([{}]);
});

test("the plot shows every score, and markup in names is inert", () => {
  const row = (format: string, value: number): Sweep["rows"][number] => ({
    key: "docvqa",
    cell: { format },
    score: { value, low: value - 0.1, high: value + 0.1, items: 20 },
    promptTokens: 310,
    visualTokens: 256,
    seconds: 0.4,
  });
  const svg = plotSweep({ rows: [row("bf16", 0.5), row("<script>", 0.4)], tests: [] });
  // two scores in each of three panels, and two in the legend
  expect(svg.match(/<circle/g)).toHaveLength(8);
  expect(svg).toContain("docvqa, bf16: 50.0 %");
  expect(svg).not.toContain("<script>");
});
