// Any answer about the documents in examples/ is JSON of the schema.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { extractFiles, listDocuments } from "../../src/extract/batch.ts";
import { readSchema } from "../../src/extract/schemas.ts";
import { open } from "../../src/runtime/engine.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

test("ten documents become data that satisfies the schema, and a report", {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), "vireo-samples-"));
  const model = join(ROOT, "models/mini");
  const engine = await open(model, { cacheDir: false, contextTokens: 8192 });
  try {
    const schema = await readSchema("invoice");
    const files = await listDocuments([join(ROOT, "examples/documents")]);
    expect(files).toHaveLength(10);
    const options = { schema, out: folder, format: "jsonl", concurrency: 4, resume: true } as const;
    const { failures, results, report } = await extractFiles(engine, files, options);
    expect(failures).toEqual([]);
    const lines = (await readFile(results, "utf8")).trim().split("\n");
    expect(lines).toHaveLength(10);
    const holds = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
    for (const line of lines) holds.parse(JSON.parse(line).data);
    const page = await readFile(report, "utf8");
    expect(page.match(/data:image\/jpeg/g)?.length).toBeGreaterThanOrEqual(12);
  } finally {
    await engine.close();
    await rm(folder, { recursive: true });
  }
});
