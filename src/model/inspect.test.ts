import { execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatInspection, inspectCheckpoint } from "./inspect.ts";

const HERE = new URL("../../", import.meta.url).pathname;
let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "vireo-fake-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

function fake(format: string): string {
  const dir = join(root, format);
  const script = join(HERE, "scripts/make-fake-12b.mjs");
  execFileSync(process.execPath, [script, dir, "--format", format]);
  return dir;
}

describe("headers of the full 12B model", () => {
  test("bf16: parameters, layers and memory", async () => {
    const inspection = await inspectCheckpoint(fake("bf16"));
    const text = formatInspection(inspection);
    expect(text).toContain("12.32 B language model + 0.65 B vision tower + 0.21 B projector");
    expect(text).toContain("this checkpoint loads as bf16, int8, int4\n");
    expect(text).toContain("62 = 28 Mamba-2 (M) + 28 MLP (-) + 6 attention (*)");
    expect(text).toContain("  M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M*-M-M-M-M-\n");
    expect(inspection.kvBytesPerToken).toBe(24_576);
    const tail = 32 * (10_240 + 1024 + 2 * 128);
    const slot = 12_288 * 3 + 128 * 80 * 128 + tail;
    expect(inspection.mambaBytesPerSequence).toBe(28 * slot * 4);
    expect(inspection.diskBytes / 1e9).toBeCloseTo(26.36, 1);
    expect(inspection.allocatedBytes).toBeLessThan(5e6);
    const total = Object.fromEntries(inspection.memory.map((m) => [m.format, m.totalBytes / 1e9]));
    expect(total.bf16).toBeCloseTo(26.36, 1);
    expect(total.fp8).toBeCloseTo(15.4, 1);
    expect(total.nvfp4).toBeCloseTo(10.6, 1);
    expect(total.int4).toBeLessThan(total.nvfp4!);
    expect(total.int8).toBeLessThan(total.fp8!);
    for (const line of text.split("\n").slice(1)) expect(line.length).toBeLessThanOrEqual(100);
  });

  test.each([
    ["fp8", 15.4],
    ["nvfp4", 10.6],
  ])("%s: what is stored in it", async (format, gigabytes) => {
    const inspection = await inspectCheckpoint(fake(format));
    expect(inspection.diskBytes / 1e9).toBeCloseTo(gigabytes, 1);
    expect(inspection.loadsAs).toEqual([format]);
    const [language, vision] = inspection.parts;
    expect(language?.parameters).toBeCloseTo(12.32e9, -7);
    const quantised = language?.kinds.find(({ kind }) => kind === format);
    expect(quantised?.tensors).toBe(28 * 2 + 28 * 2 + 6 * 4);
    expect(vision?.kinds.map(({ kind }) => kind)).toEqual(["bf16", "small"]);
  });
});

test.each([
  "tiny-checkpoint",
  "tiny-checkpoint-fp8",
  "tiny-checkpoint-nvfp4",
])("%s is small and read whole", async (name) => {
  const inspection = await inspectCheckpoint(join(HERE, "tests/golden", name));
  expect(inspection.layerCounts).toEqual({ mamba2: 4, mlp: 3, attention: 2 });
  expect(formatInspection(inspection)).toContain("M-M*-MM*-");
});
