import { expect, test } from "vitest";
import { type GoldenOptions, runGolden } from "../../src/golden/golden.ts";
import { KERNEL_SETS } from "../ops/backends.ts";

const HERE = new URL("./", import.meta.url).pathname;
const BACKENDS: readonly Pick<GoldenOptions, "backend" | "kernelSet">[] = [
  { backend: "reference" },
  ...KERNEL_SETS.map((kernelSet) => ({ backend: "cpu" as const, kernelSet })),
];

test.each(BACKENDS)("golden cases: $backend $kernelSet", { timeout: 120_000 }, async (chosen) => {
  const lines: string[] = [];
  const folders = { checkpoint: `${HERE}tiny-checkpoint`, cases: `${HERE}cases` };
  const threads = chosen.backend === "cpu" ? { threads: 2 } : {};
  const options = { ...folders, ...chosen, ...threads, precision: "both" } as const;
  const totals = await runGolden(options, (line) => lines.push(line));
  expect(lines.filter((line) => line.includes("FAIL"))).toEqual([]);
  expect(totals.failed).toBe(0);
  expect(totals.passed).toBeGreaterThan(25);
});

test("other weights fail every case that they take part in", async () => {
  const lines: string[] = [];
  const folders = { checkpoint: `${HERE}tiny-checkpoint-nvfp4`, cases: `${HERE}cases` };
  const options = { ...folders, backend: "reference", precision: "bf16" } as const;
  const { failed } = await runGolden(options, (line) => lines.push(line));
  const wrong = lines.filter((line) => line.includes("FAIL")).map((line) => line.split(" ")[0]);
  const language = lines.filter((line) => /^(llm|mm|video)-/.test(line));
  expect(wrong.filter((name) => /^(llm|mm|video)-/.test(name ?? ""))).toHaveLength(language.length);
  expect(failed).toBe(wrong.length);
  expect(wrong).toHaveLength(language.length);
});
