import { cp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { VireoError } from "../../src/core/errors.ts";
import { open } from "../../src/runtime/engine.ts";
import { ask, inFolder, requestOf, TINY } from "./asking.ts";

const SHARD = "model.safetensors";

/** Opens a damaged copy of models/tiny, which must fail, and then the original, which must not. */
async function refused(damage: (dir: string) => Promise<void>): Promise<VireoError> {
  return inFolder(async (dir) => {
    await cp(TINY, dir, { recursive: true });
    await rm(join(dir, ".vireo"), { recursive: true, force: true });
    await damage(dir);
    const error: unknown = await open(dir, { threads: 1 }).then(
      (engine) => engine.close().then(() => new Error("it opened")),
      (reason: unknown) => reason,
    );
    const engine = await open(TINY, { cacheDir: false, contextTokens: 256, threads: 1 });
    expect((await ask(engine, requestOf("Hello", { maxTokens: 2 }))).ids).toHaveLength(2);
    await engine.close();
    if (error instanceof VireoError) return error;
    throw error;
  });
}

interface Header {
  [name: string]: { dtype: string; shape: number[]; data_offsets: [number, number] };
}

/** Rewrites the shard's header and data. */
async function changeShard(
  dir: string,
  change: (header: Header, data: Buffer) => void,
): Promise<void> {
  const bytes = await readFile(join(dir, SHARD));
  const length = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const data = bytes.subarray(8 + length);
  change(header, data);
  const text = Buffer.from(JSON.stringify(header));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  await writeFile(join(dir, SHARD), Buffer.concat([size, text, data]));
}

const MATRIX = "language_model.backbone.layers.1.mixer.up_proj.weight";
const VECTOR = "language_model.backbone.layers.1.norm.weight";
const TABLE = "language_model.backbone.embeddings.weight";

test.each([MATRIX, VECTOR, TABLE])("a NaN in %s is named", async (name) => {
  for (const word of [0x7fc0, 0xff80]) {
    const error = await refused((dir) =>
      changeShard(dir, (header, data) => {
        const { dtype, data_offsets } = header[name]!;
        expect(dtype).toBe("BF16");
        data.writeUInt16LE(word, data_offsets[0] + 10);
      }),
    );
    expect(error.code).toBe("invalid_checkpoint");
    expect(error.message).toContain(name);
    expect(error.message).toContain("damaged");
  }
});

test("a shard that ends early", async () => {
  const error = await refused((dir) => truncate(join(dir, SHARD), 2_000_000));
  expect(error.code).toBe("invalid_checkpoint");
  expect(error.message).toContain(SHARD);
});

test("a shard that is empty or of another format", async () => {
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(5_000_000, "garbage ")]) {
    const error = await refused((dir) => writeFile(join(dir, SHARD), bytes));
    expect(error.code).toBe("invalid_checkpoint");
    expect(error.message).toContain(SHARD);
  }
});

test("no shard", async () => {
  const error = await refused((dir) => rm(join(dir, SHARD)));
  expect(error.code).toBe("invalid_checkpoint");
  expect(error.message).toContain("safetensors");
});

test("a tensor of another shape", async () => {
  const error = await refused((dir) =>
    changeShard(dir, (header) => {
      header[MATRIX]!.shape.reverse();
    }),
  );
  expect(error.code).toBe("invalid_checkpoint");
  expect(error.message).toContain(MATRIX);
});

test("a tensor that is missing", async () => {
  const error = await refused((dir) =>
    changeShard(dir, (header) => {
      delete header[MATRIX];
    }),
  );
  expect(error.code).toBe("invalid_checkpoint");
  expect(error.message).toContain(MATRIX);
});

test.each(["tokenizer.json", "config.json"])("no %s", async (name) => {
  const error = await refused((dir) => rm(join(dir, name)));
  expect(error.code).toBe("invalid_checkpoint");
  expect(error.message).toContain(name);
});

test.each([
  "tokenizer.json",
  "config.json",
  "tokenizer_config.json",
])("%s with 10 MB of something else", async (name) => {
  const started = process.cpuUsage();
  for (const text of ["garbage ", "[", '{"a":', "\xff\xfe"]) {
    const bytes = Buffer.alloc(10_000_000, text, "latin1");
    const error = await refused((dir) => writeFile(join(dir, name), bytes));
    expect(error.code).toBe("invalid_checkpoint");
    expect(error.message).toContain(name);
    expect(error.message.length).toBeLessThan(500);
  }
  const { user, system } = process.cpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(20_000);
});

test("a tokenizer without the image token, or with more ids than embeddings", async () => {
  const edit = (change: (json: { added_tokens: { content: string; id: number }[] }) => void) =>
    refused(async (dir) => {
      const path = join(dir, "tokenizer.json");
      const json = JSON.parse(await readFile(path, "utf8"));
      change(json);
      await writeFile(path, JSON.stringify(json));
    });
  const without = await edit((json) => {
    json.added_tokens = json.added_tokens.filter(({ content }) => content !== "<image>");
  });
  expect(without.code).toBe("invalid_checkpoint");
  expect(without.message).toContain("<image>");
  const more = await edit((json) => {
    json.added_tokens.push({ ...json.added_tokens[0]!, content: "<more>", id: 700 });
  });
  expect(more.code).toBe("invalid_checkpoint");
  expect(more.message).toContain("tokenizer.json");
});

test("a path that is not a folder, and invalid options", async () => {
  await expect(open("/nowhere/at/all")).rejects.toMatchObject({ code: "invalid_checkpoint" });
  const quiet = { cacheDir: false } as const;
  await expect(open(TINY, { ...quiet, contextTokens: 7 })).rejects.toMatchObject({
    code: "invalid_option",
  });
  await expect(open(TINY, { ...quiet, memoryBytes: 1000 })).rejects.toMatchObject({
    code: "out_of_memory",
  });
  await expect(open(TINY, { ...quiet, kernelSet: "abacus" })).rejects.toMatchObject({
    code: "invalid_option",
  });
});
