import { execFileSync } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formatReport } from "./format.ts";
import { type CheckpointReport, inspectFolder } from "./report.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const ROOMY = { machineBytes: 64e9 };
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vireo-inspect-"));
  const script = join(ROOT, "scripts/make-fake-12b.mjs");
  for (const format of ["bf16", "fp8", "nvfp4"]) {
    execFileSync(process.execPath, [script, join(folder, format), "--format", format]);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

let copies = 0;

/** A changed copy of the fake FP8 checkpoint; its shards are sparse, so copying is cheap. */
async function changed(change: (dir: string) => Promise<unknown>): Promise<CheckpointReport> {
  const dir = join(folder, `copy-${copies++}`);
  const script = join(ROOT, "scripts/make-fake-12b.mjs");
  execFileSync(process.execPath, [script, dir, "--format", "fp8"]);
  await change(dir);
  return inspectFolder(dir, ROOMY);
}

describe("headers of the full 12B model with the published configuration", () => {
  test.each([
    ["bf16", ["bf16", "int8", "int4"], { bf16: 268 }],
    ["fp8", ["fp8"], { bf16: 132, fp8: 136 }],
    ["nvfp4", ["nvfp4"], { bf16: 132, nvfp4: 136 }],
  ])("%s works", async (format, loadsAs, stored) => {
    const report = await inspectFolder(join(folder, format), ROOMY);
    expect(report.problems).toEqual([]);
    expect(report.works).toBe(true);
    expect(report.identity).toEqual({ id: "nvidia/nemotron-nano-12b-v2-vl", published: true });
    expect(report.fields.every(({ problem }) => problem === undefined)).toBe(true);
    expect(report.tensors).toMatchObject({ problems: [], unknown: [] });
    expect(report.tensors?.ignored.map(({ kind }) => kind)).toHaveLength(2);
    expect(report.quantisation).toMatchObject({ stored, disagreements: [] });
    expect(report.contents?.loadsAs).toEqual(loadsAs);
    expect(report.ends).toEqual([
      { id: 2, token: "</s>", from: ["generation_config.json"] },
      expect.objectContaining({ id: 12, token: "<SPECIAL_12>" }),
    ]);
    expect(report.videoPruningRate).toBe(0.7);
    expect(report.template?.probes).toHaveLength(12);
    const text = formatReport(report);
    expect(text).toContain("EVS drops 0.7 of their tokens");
    expect(text).toMatch(/It will work\.\n$/);
    for (const line of text.split("\n").slice(1)) expect(line.length).toBeLessThanOrEqual(100);
  });

  test("too large for a machine is a problem with both numbers", async () => {
    const report = await inspectFolder(join(folder, "fp8"), { machineBytes: 8e9 });
    expect(report.works).toBe(false);
    expect(report.problems).toEqual(["needs 15.4 GB at least; this machine has 8.0 GB"]);
  });
});

describe("a fault of one part does not hide the others", () => {
  test("a folder without a template works, with a note", async () => {
    const report = await changed((dir) => rm(join(dir, "chat_template.jinja")));
    expect(report).toMatchObject({ works: true, template: { origin: "builtin" } });
    expect(report.notes.join()).toContain("no chat template");
  });

  test("a broken template is reported with its line", async () => {
    const report = await changed((dir) =>
      writeFile(join(dir, "chat_template.jinja"), "{% for m in messages %}\n{{ m.content }\n"),
    );
    expect(report.works).toBe(false);
    expect(report.problems.join()).toMatch(/chat template, line 2/);
    expect(report.contents?.loadsAs).toEqual(["fp8"]);
  });

  test("the probes find a template that fails for pictures", async () => {
    const source =
      "{%- for m in messages -%}\n{{- '<SPECIAL_11>' + m.content + '\\n' -}}\n" +
      "{%- endfor -%}{{ '<SPECIAL_11>Assistant\\n' }}";
    const report = await changed((dir) => writeFile(join(dir, "chat_template.jinja"), source));
    expect(report.works).toBe(false);
    expect(report.problems.join("\n")).toMatch(/chat template at "one picture", line 2/);
    expect(formatReport(report)).toMatch(/FAILS one picture \(line 2\)/);
  });

  test("a missing shard is named, and the other parts are still reported", async () => {
    const name = "model-00002-of-00004.safetensors";
    const report = await changed((dir) => rm(join(dir, name)));
    expect(report.works).toBe(false);
    expect(report.problems[0]).toBe(`${name}: is missing`);
    expect(report.problems.join("\n")).toMatch(/\d+ more tensors are missing or wrong/);
    expect(report.tensors!.found).toBeGreaterThan(500);
    expect(report.tensors!.problems.length).toBeGreaterThan(100);
    expect(report.quantisation?.disagreements).toEqual([]);
    expect(report.template?.probes).toHaveLength(12);
    expect(report.videoPruningRate).toBe(0.7);
  });

  test("the first shard, which contains the embedding, may be missing", async () => {
    const report = await changed((dir) => rm(join(dir, "model-00001-of-00004.safetensors")));
    expect(report.contents?.config.text.vocabulary).toBe(132_096);
    expect(report.problems[0]).toMatch(/00001-of-00004.safetensors: is missing/);
  });

  test("a wrong tokenizer is reported with both ids", async () => {
    const tiny = join(ROOT, "models/tiny/tokenizer.json");
    const report = await changed((dir) => cp(tiny, join(dir, "tokenizer.json")));
    expect(report.works).toBe(false);
    expect(report.problems.join()).toMatch(
      /<image> is token 131072 in config.json but \d+ in tokenizer.json/,
    );
    expect(report.notes).toContain("tokenizer.json differs from the published one");
  });

  test("an invalid tokenizer, and a missing one", async () => {
    const broken = await changed((dir) => writeFile(join(dir, "tokenizer.json"), "{}"));
    expect(broken.problems.join()).toMatch(/tokenizer.json/);
    const missing = await changed((dir) => rm(join(dir, "tokenizer.json")));
    expect(missing.problems).toEqual(["tokenizer.json is missing; it says what the tokens are"]);
    expect(missing.contents).toBeDefined();
  });

  test("every unsupported field is reported, not only the first", async () => {
    const report = await changed(async (dir) => {
      const path = join(dir, "config.json");
      const text = await readFile(path, "utf8");
      await writeFile(
        path,
        text.replace('"ps_version": "v2"', '"ps_version": "v1"').replace("relu2", "silu"),
      );
    });
    const wrong = report.fields.filter(({ problem }) => problem !== undefined);
    expect(wrong.map(({ key }) => key)).toEqual(["llm_config.mlp_hidden_act", "ps_version"]);
    expect(report.template?.probes).toHaveLength(12);
  });

  test("an empty folder is reported as lacking everything", async () => {
    const dir = await mkdtemp(join(folder, "empty-"));
    const report = await inspectFolder(dir, ROOMY);
    expect(report.works).toBe(false);
    expect(report.problems.join("\n")).toMatch(/config.json is missing[\s\S]*no .safetensors/);
    expect(formatReport(report)).toContain("MISSING");
  });
});

test("matrices that are stored otherwise than the quantisation file states are named", async () => {
  const report = await changed(async (dir) => {
    const path = join(dir, "hf_quant_config.json");
    const text = await readFile(path, "utf8");
    await writeFile(path, text.replace('"mlp1*"', '"*layers.0.mixer.in_proj"'));
  });
  const names = report.quantisation?.disagreements.map(({ name }) => name);
  expect(names).toEqual(["language_model.backbone.layers.0.mixer.in_proj", "mlp1.1", "mlp1.3"]);
  expect(report.works).toBe(true);
  expect(report.notes.join()).toContain("3 matrices are stored otherwise");
});

test("the models that come with the program work", async () => {
  for (const name of ["mini", "tiny"]) {
    const report = await inspectFolder(join(ROOT, "models", name), ROOMY);
    expect(report.problems).toEqual([]);
    expect(report.identity).toEqual({ id: name, published: false });
  }
});
