import { spawn } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Engine, open } from "../../src/runtime/engine.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";
import { ask, inFolder, requestOf, TINY } from "./asking.ts";

const PACKED = ".vireo-packed";

interface Opened {
  readonly info: Engine["info"];
  readonly ids: readonly number[];
  readonly fingerprint: string;
  readonly warnings: readonly string[];
  readonly progress: number;
}

/** Opens an engine, asks a question and closes it. */
async function visit(dir: string, options: EngineOptions = {}): Promise<Opened> {
  const warnings: string[] = [];
  let progress = 0;
  const engine = await open(dir, {
    contextTokens: 512,
    threads: 1,
    log: (level, event) => {
      if (level === "warn") warnings.push(event);
    },
    onProgress: ({ doneBytes, totalBytes }) => {
      progress = doneBytes / totalBytes;
    },
    ...options,
  });
  try {
    const { ids } = await ask(engine, requestOf("Hello"));
    const fingerprint = engine.models[0]?.fingerprint ?? "";
    return { info: engine.info, ids, fingerprint, warnings, progress };
  } finally {
    await engine.close();
  }
}

const filesOf = async (dir: string) => (await readdir(dir)).sort();

test("the second opening maps what the first one packed", () =>
  inFolder(async (cacheDir) => {
    const first = await visit(TINY, { cacheDir });
    const second = await visit(TINY, { cacheDir });
    const none = await visit(TINY, { cacheDir: false });
    expect([first, second, none].map(({ info }) => info.fromCache)).toEqual([false, true, false]);
    expect([first, second, none].map(({ progress }) => progress)).toEqual([1, 0, 1]);
    expect(second.ids).toEqual(first.ids);
    expect(none.ids).toEqual(first.ids);
    const files = await filesOf(cacheDir);
    expect(files).toHaveLength(1);
    expect(files[0]).toMatch(/^[0-9a-f]{24}\.vireo-packed$/);
    expect((await stat(join(cacheDir, files[0]!))).size).toBe(first.info.weightBytes);
  }));

test("each format and kernel set has its own file", () =>
  inFolder(async (cacheDir) => {
    const formats = ["stored", "int8", "int4"] as const;
    const made = [];
    for (const format of formats) made.push(await visit(TINY, { cacheDir, format }));
    made.push(await visit(TINY, { cacheDir, kernelSet: "scalar" }));
    expect(made.map(({ info }) => info.fromCache)).toEqual([false, false, false, false]);
    expect(new Set(made.map(({ fingerprint }) => fingerprint)).size).toBe(4);
    expect(await filesOf(cacheDir)).toHaveLength(4);
    for (const [i, format] of formats.entries()) {
      const again = await visit(TINY, { cacheDir, format });
      expect([again.info.fromCache, again.ids]).toEqual([true, made[i]!.ids]);
    }
  }));

test.each([
  ["truncated", (path: string) => truncate(path, 100_000)],
  ["empty", (path: string) => truncate(path, 0)],
  ["longer", (path: string) => truncate(path, 2 ** 23)],
  ["full of something else", (path: string) => overwrite(path)],
])("a file that is %s is made anew", (_, damage) =>
  inFolder(async (cacheDir) => {
    const first = await visit(TINY, { cacheDir });
    const [name] = await filesOf(cacheDir);
    await damage(join(cacheDir, name!));
    const second = await visit(TINY, { cacheDir });
    const third = await visit(TINY, { cacheDir });
    expect([second, third].map(({ info }) => info.fromCache)).toEqual([false, true]);
    expect([second.ids, third.ids]).toEqual([first.ids, first.ids]);
    expect(await filesOf(cacheDir)).toEqual([name]);
  }));

async function overwrite(path: string): Promise<void> {
  const { size } = await stat(path);
  await writeFile(path, Buffer.alloc(size, "garbage "));
}

test.each([0.3, 0.6, 0.9])("a bit flipped at %d of a packed file is found and mended", (place) =>
  inFolder(async (cacheDir) => {
    const first = await visit(TINY, { cacheDir });
    const [name] = await filesOf(cacheDir);
    const path = join(cacheDir, name!);
    const whole = await readFile(path);
    const flipped = Buffer.from(whole);
    flipped[Math.floor(whole.length * place)]! ^= 4;
    await writeFile(path, flipped);
    const second = await visit(TINY, { cacheDir });
    expect(second.warnings).toEqual(["weights_packed_again"]);
    expect([second.info.fromCache, second.ids]).toEqual([false, first.ids]);
    expect(whole.equals(await readFile(path))).toBe(true);
  }));

test("large packed weights are verified while they are in use", () =>
  inFolder(async (cacheDir) => {
    await visit(TINY, { cacheDir });
    const [name] = await filesOf(cacheDir);
    const path = join(cacheDir, name!);
    const flipped = await readFile(path);
    flipped[Math.floor(flipped.length / 2)]! ^= 4;
    await writeFile(path, flipped);
    let isDamaged = false;
    const onDamage = (): void => {
      isDamaged = true;
    };
    const options = { cacheDir, contextTokens: 512, verifyFirstBytes: 0, onDamage };
    const engine = await open(TINY, options);
    await expect.poll(() => isDamaged, { timeout: 20_000 }).toBe(true);
    expect(engine.ready).toBe(false);
    await expect(ask(engine, requestOf("Hello"))).rejects.toMatchObject({ code: "engine_closed" });
    await engine.close();
    expect(await filesOf(cacheDir)).toEqual([]);
    expect((await visit(TINY, { cacheDir })).info.fromCache).toBe(false);
  }));

test("an open killed half-way leaves nothing that matters", () =>
  inFolder(async (cacheDir) => {
    const src = new URL("../../dist/index.js", import.meta.url).href;
    const script = `
      import { open } from ${JSON.stringify(src)};
      await open(process.argv[1], {
        cacheDir: process.argv[2],
        onProgress: ({ doneBytes, totalBytes }) => {
          if (doneBytes > totalBytes / 2) process.kill(process.pid, "SIGKILL");
        },
      });`;
    const args = ["--input-type=module", "-e", script, TINY, cacheDir];
    const child = spawn(process.execPath, args, { stdio: "inherit" });
    const signal = await new Promise((resolve) => child.once("exit", (_, name) => resolve(name)));
    expect(signal).toBe("SIGKILL");
    const left = await filesOf(cacheDir);
    expect(left).toHaveLength(1);
    expect(left[0]).toMatch(/\.tmp$/);
    const first = await visit(TINY, { cacheDir });
    expect(first.info.fromCache).toBe(false);
    expect((await visit(TINY, { cacheDir })).info.fromCache).toBe(true);
  }));

test("the partial file of an earlier process with the same id is removed", () =>
  inFolder(async (cacheDir) => {
    const { info } = await visit(TINY, { cacheDir });
    expect(info.fromCache).toBe(false);
    const [packed = ""] = await filesOf(cacheDir);
    const begun = [process.pid, 2 ** 22 + 1].map((pid) => `${packed}.${pid}-deadbeef.tmp`);
    for (const name of begun) await writeFile(join(cacheDir, name), "half");
    await rm(join(cacheDir, packed));
    await visit(TINY, { cacheDir });
    expect(await filesOf(cacheDir)).toEqual([packed]);
  }));

test("a changed checkpoint does not get the old weights", () =>
  inFolder(async (dir) => {
    const [checkpoint, cacheDir] = [join(dir, "checkpoint"), join(dir, "cache")];
    await cp(TINY, checkpoint, { recursive: true });
    await visit(checkpoint, { cacheDir });
    const shard = join(checkpoint, "model.safetensors");
    const bytes = await readFile(shard);
    bytes[bytes.length - 2]! ^= 1;
    await writeFile(shard, bytes);
    expect((await visit(checkpoint, { cacheDir })).info.fromCache).toBe(false);
    expect((await filesOf(cacheDir)).filter((name) => name.endsWith(PACKED))).toHaveLength(2);
  }));

test("if the folder is not writable, the weights stay in memory and a warning is logged", () =>
  inFolder(async (dir) => {
    const file = join(dir, "a-file");
    await writeFile(file, "");
    const inFile = await visit(TINY, { cacheDir: join(file, "cache") });
    expect(inFile.warnings).toEqual(["weights_not_cached"]);
    expect(inFile.info.fromCache).toBe(false);
    expect(await filesOf(dir)).toEqual(["a-file"]);
  }));

test("a folder in place of the packed file does not prevent opening", () =>
  inFolder(async (cacheDir) => {
    const first = await visit(TINY, { cacheDir });
    const [name] = await filesOf(cacheDir);
    await inFolder(async (other) => {
      await mkdir(join(other, name!, "inside"), { recursive: true });
      const second = await visit(TINY, { cacheDir: other });
      expect(second.ids).toEqual(first.ids);
      expect(second.warnings).toEqual(["weights_not_cached"]);
      expect(await filesOf(other)).toEqual([name]);
    });
  }));
