import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generator } from "../../tests/ops/values.ts";
import { STORED_BYTES } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import { parsePythonJson, readJsonFile } from "./json.ts";
import {
  contentKey,
  openCheckpointFiles,
  readTensor,
  readTensorRange,
  toFloat32,
} from "./safetensors.ts";
import { parseHeader, parseHeaderLength } from "./safetensors-header.ts";

const GOLDEN = new URL("../../tests/golden/", import.meta.url).pathname;
let root = "";
let folders = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "vireo-weights-"));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function folder(files: Record<string, Uint8Array | string> = {}): Promise<string> {
  const dir = join(root, String(folders++));
  await mkdir(dir);
  for (const [name, content] of Object.entries(files)) await writeFile(join(dir, name), content);
  return dir;
}

function file(header: unknown, data = new Uint8Array(0), length?: bigint): Uint8Array {
  const json = typeof header === "string" ? header : JSON.stringify(header);
  const text = new TextEncoder().encode(json);
  const bytes = new Uint8Array(8 + text.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, length ?? BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(data, 8 + text.length);
  return bytes;
}

const f32 = (values: readonly number[]) => new Uint8Array(Float32Array.from(values).buffer);
const one = (name: string, extra: object = {}) => ({
  [name]: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...extra },
});

async function refusal(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(VireoError);
  expect((error as VireoError).code).toBe("invalid_checkpoint");
  return (error as VireoError).message;
}

describe("a checkpoint folder", () => {
  test.each([
    ["tiny-checkpoint", 3],
    ["tiny-checkpoint-fp8", 2],
    ["tiny-checkpoint-nvfp4", 2],
  ])("%s opens, and its tensors have the sizes the header says", async (name, shards) => {
    const index = await openCheckpointFiles(join(GOLDEN, name));
    expect(index.files).toHaveLength(shards);
    let total = 0;
    for (const entry of index.tensors.values()) {
      const bytes = await readTensor(entry);
      expect(bytes.length).toBe(entry.bytes);
      total += bytes.length;
    }
    expect(total).toBe(index.totalBytes);
  });

  test("one file without an index, with holes between tensors", async () => {
    const header = {
      __metadata__: { format: "pt" },
      b: { dtype: "F32", shape: [2], data_offsets: [12, 20] },
      a: { dtype: "F32", shape: [], data_offsets: [0, 4] },
    };
    const dir = await folder({ "model.safetensors": file(header, f32([1, 9, 9, 2, 3])) });
    const { tensors } = await openCheckpointFiles(dir);
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    const b = tensors.get("b")!;
    expect([...toFloat32(b, await readTensor(b))]).toEqual([2, 3]);
    expect([...(await readTensorRange(b, 4, 8))]).toEqual([...f32([3])]);
  });

  test("several files without an index, and a linked file", async () => {
    const dir = await folder({ "x.safetensors": file(one("x"), f32([1, 2])) });
    const elsewhere = await folder({ "blob-1": file(one("y"), f32([3, 4])) });
    await symlink(join(elsewhere, "blob-1"), join(dir, "y.safetensors"));
    expect([...(await openCheckpointFiles(dir)).tensors.keys()]).toEqual(["x", "y"]);
  });

  test("every plain float type reads as float32", async () => {
    const bytes = new Uint8Array(24);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, 1.5, true);
    view.setFloat32(8, -2.25, true);
    view.setUint16(12, 0x3f80, true); // bf16 1
    view.setUint16(14, 0xc000, true); // f16 -2
    const at = (dtype: string, begin: number, end: number) => ({
      dtype,
      shape: [1],
      data_offsets: [begin, end],
    });
    const header = {
      d: at("F64", 0, 8),
      f: at("F32", 8, 12),
      b: at("BF16", 12, 14),
      h: at("F16", 14, 16),
    };
    const dir = await folder({ "model.safetensors": file(header, bytes) });
    const { tensors } = await openCheckpointFiles(dir);
    const read = async (name: string) => {
      const entry = tensors.get(name)!;
      return toFloat32(entry, await readTensor(entry))[0];
    };
    expect(await Promise.all(["d", "f", "b", "h"].map(read))).toEqual([1.5, -2.25, 1, -2]);
  });

  test("the content key follows the bytes, not the place", async () => {
    const made = () => file(one("x"), f32([1, 2]));
    const keyOf = async (bytes: Uint8Array) =>
      contentKey(await openCheckpointFiles(await folder({ "model.safetensors": bytes })));
    expect(await keyOf(made())).toBe(await keyOf(made()));
    expect(await keyOf(made())).not.toBe(await keyOf(file(one("x"), f32([1, 3]))));
    expect(await keyOf(made())).not.toBe(await keyOf(file(one("y"), f32([1, 2]))));
  });
});

test("every byte of a small tensor counts for the key, and the middle of a large one", async () => {
  const [edge, small] = [70_000, 512];
  const data = new Uint8Array(3 * edge + small);
  const header = Object.fromEntries(
    [edge, small, edge, edge].map((bytes, at, all) => {
      const begin = all.slice(0, at).reduce((sum, each) => sum + each, 0);
      const about = { dtype: "I8", shape: [bytes], data_offsets: [begin, begin + bytes] };
      return [`t${at}`, about];
    }),
  );
  const keyWith = async (changed?: number) => {
    const bytes = data.slice();
    if (changed !== undefined) bytes[changed] = 1;
    return contentKey(
      await openCheckpointFiles(await folder({ "model.safetensors": file(header, bytes) })),
    );
  };
  const before = await keyWith();
  for (const place of [edge, edge + small - 1, edge + small + edge / 2]) {
    expect(await keyWith(place), String(place)).not.toBe(before);
  }
});

describe("a hostile file is refused by name", () => {
  const tensor = (dtype: string, shape: unknown, begin: unknown, end: unknown) => ({
    t: { dtype, shape, data_offsets: [begin, end] },
  });
  const data = f32([1, 2]);
  const cases: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["zero bytes", new Uint8Array(0), /0 bytes, too few/],
    ["seven bytes", new Uint8Array(7), /7 bytes, too few/],
    ["truncated header", file(one("t"), data).slice(0, 30), /names a header/],
    ["header of 2^63", file(one("t"), data, 1n << 63n), /9223372036854775808/],
    ["header longer than the file", file(one("t"), data, 5000n), /5000 bytes but has only/],
    ["empty header", file("", data), /header of 0 bytes/],
    ["array header", file("[]", data), /does not begin with \{/],
    ["broken JSON", file('{"t": ', data), /not valid JSON/],
    ["deep JSON", file(`{"t":${"[".repeat(200_000)}`, data), /not valid JSON/],
    ["no UTF-8", file("{}", data).fill(0xff, 9, 10), /not UTF-8/],
    ["a tensor that is text", file({ t: "x" }, data), /"t" is not described/],
    ["unknown dtype", file(tensor("F4", [2], 0, 8), data), /unknown dtype "F4"/],
    ["inherited dtype", file(tensor("toString", [2], 0, 8), data), /unknown dtype/],
    ["dtype lie", file(tensor("F64", [2], 0, 8), data), /F64 \[2\] = 16 bytes but has 8/],
    ["negative size", file(tensor("F32", [-2], 0, 8), data), /shape that is not/],
    ["fractional size", file(tensor("F32", [0.5], 0, 8), data), /shape that is not/],
    ["a size as text", file(tensor("F32", ["2"], 0, 8), data), /shape that is not/],
    ["too many sizes", file(tensor("F32", Array(9).fill(1), 0, 8), data), /shape that is not/],
    ["overflow", file(tensor("F32", [2 ** 40, 2 ** 40], 0, 8), data), /too large to count/],
    ["offsets past the end", file(tensor("F32", [4], 0, 16), data), /0\.\.16 of 8 data bytes/],
    ["offsets reversed", file(tensor("F32", [2], 8, 0), data), /8\.\.0/],
    ["negative offset", file(tensor("F32", [2], -8, 0), data), /not two positions/],
    ["offset beyond integers", file(tensor("F32", [2], 0, 2 ** 60), data), /not two positions/],
    [
      "overlap",
      file(
        { ...tensor("F32", [2], 0, 8), u: { dtype: "U8", shape: [1], data_offsets: [7, 8] } },
        data,
      ),
      /"t" and "u" overlap/,
    ],
  ];
  test.each(cases)("%s", async (_, bytes, message) => {
    const dir = await folder({ "model.safetensors": bytes });
    const said = await refusal(openCheckpointFiles(dir));
    expect(said).toMatch(message);
    expect(said).toContain("model.safetensors");
  });

  test("a folder that is missing, empty, or contains pickle files", async () => {
    expect(await refusal(openCheckpointFiles(join(root, "nowhere")))).toMatch(/does not exist/);
    expect(await refusal(openCheckpointFiles(await folder()))).toMatch(/no .safetensors/);
    const pickles = await folder({ "pytorch_model.bin": "x" });
    expect(await refusal(openCheckpointFiles(pickles))).toMatch(/pickled weights are not read/);
    const odd = await folder();
    await mkdir(join(odd, "model.safetensors"));
    expect(await refusal(openCheckpointFiles(odd))).toMatch(/is not a file/);
  });

  test("the same tensor in two shards", async () => {
    const same = file(one("x"), f32([1, 2]));
    const dir = await folder({ "a.safetensors": same, "b.safetensors": same });
    expect(await refusal(openCheckpointFiles(dir))).toMatch(/"x" is in both a.+ and b/);
  });

  test("a file that shrinks after it was opened", async () => {
    const dir = await folder({ "model.safetensors": file(one("x"), f32([1, 2])) });
    const index = await openCheckpointFiles(dir);
    await writeFile(join(dir, "model.safetensors"), file(one("x")));
    expect(await refusal(readTensor(index.tensors.get("x")!))).toMatch(/ended inside tensor "x"/);
    expect(await refusal(contentKey(index))).toMatch(/became shorter/);
  });
});

describe("an index", () => {
  const shard = file(one("x"), f32([1, 2]));
  const withIndex = (map: unknown) =>
    folder({
      "a.safetensors": shard,
      "model.safetensors.index.json": JSON.stringify({ weight_map: map }),
    });
  test("names the files to open", async () => {
    const dir = await withIndex({ x: "a.safetensors" });
    expect((await openCheckpointFiles(dir)).files.map((f) => f.name)).toEqual(["a.safetensors"]);
  });
  test.each([
    ["../a.safetensors"],
    ["/etc/a.safetensors"],
    ["sub/a.safetensors"],
    ["..\\a.safetensors"],
    ["a\0.safetensors"],
    ["passwd"],
    [".."],
    [""],
    [7],
    [null],
  ])("naming %j is refused", async (name) => {
    expect(await refusal(openCheckpointFiles(await withIndex({ x: name })))).toMatch(
      /tensor "x" is in .*, not a file name here/,
    );
  });
  test("of missing shards or tensors, or of another form, is refused", async () => {
    const missing = await withIndex({ x: "b.safetensors" });
    expect(await refusal(openCheckpointFiles(missing))).toMatch(/b.safetensors does not exist/);
    const other = await withIndex({ x: "a.safetensors", y: "a.safetensors" });
    expect(await refusal(openCheckpointFiles(other))).toMatch(/"y" is not in a.safetensors/);
    expect(await refusal(openCheckpointFiles(await withIndex([])))).toMatch(/no weight_map/);
    expect(await refusal(openCheckpointFiles(await withIndex({})))).toMatch(/names no tensors/);
  });
});

describe("JSON as Python writes it", () => {
  test("bare tokens are numbers, text is left alone", () => {
    const text =
      '{"a": [0.0, Infinity], "b": -Infinity, "NaN": NaN, "t": "\\"Infinity\\\\", "u": 1}';
    expect(parsePythonJson(text, "x.json")).toEqual({
      a: [0, Number.POSITIVE_INFINITY],
      b: Number.NEGATIVE_INFINITY,
      NaN: null,
      t: '"Infinity\\',
      u: 1,
    });
  });
  test.each([
    '{"a": Infinityx}',
    '{"a": "Infinity',
    "{a: NaN}",
    "",
    "Infinity Infinity",
  ])("%j is refused with the file's name", (text) => {
    expect(() => parsePythonJson(text, "x.json")).toThrow(/x\.json is not valid JSON/);
  });
  test("a file is an object within the limit, or absent", async () => {
    const dir = await folder({ "a.json": '{"x": 1}', "b.json": "[]", "c.json": "{}".padEnd(99) });
    expect(await readJsonFile(join(dir, "a.json"))).toEqual({ x: 1 });
    expect(await readJsonFile(join(dir, "none.json"))).toBeUndefined();
    expect(await refusal(readJsonFile(join(dir, "b.json")))).toMatch(/b.json does not hold/);
    expect(await refusal(readJsonFile(join(dir, "c.json"), 50))).toMatch(/99 bytes; the limit/);
    expect(await refusal(readJsonFile(dir))).toMatch(/is not a file/);
  });
});

describe("mutated headers", () => {
  const seedFile = file(
    {
      __metadata__: { format: "pt" },
      a: { dtype: "BF16", shape: [4, 2], data_offsets: [0, 16] },
      b: { dtype: "F32", shape: [], data_offsets: [16, 20] },
      c: { dtype: "U8", shape: [2, 3], data_offsets: [20, 26] },
      d: { dtype: "F8_E4M3", shape: [0], data_offsets: [26, 26] },
    },
    new Uint8Array(26),
  );
  const scraps = ["-1", "9007199254740993", "1e308", "[]", "{}", '"', "0.5", "null", "99", "F64"];

  function mutate(random: () => number): Uint8Array {
    let bytes = seedFile.slice();
    const edits = 1 + Math.floor(random() * 4);
    for (let edit = 0; edit < edits; edit++) {
      const at = Math.floor(random() * bytes.length);
      const kind = random();
      if (kind < 0.4) bytes[at] = Math.floor(random() * 256);
      else if (kind < 0.55) bytes = bytes.slice(0, at);
      else if (kind < 0.7) bytes[Math.floor(random() * 8)] = Math.floor(random() * 256);
      else {
        const scrap = new TextEncoder().encode(scraps[Math.floor(random() * scraps.length)]);
        const cut = at + Math.floor(random() * 3);
        bytes = Uint8Array.from([...bytes.slice(0, at), ...scrap, ...bytes.slice(cut)]);
        // Keep the length true half of the time, so that the JSON itself is reached.
        if (random() < 0.5 && bytes.length > 34) {
          new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 34), true);
        }
      }
      if (bytes.length === 0) return bytes;
    }
    return bytes;
  }

  test("20000 of them parse within the file or are refused", () => {
    const random = generator(20_251);
    let parsed = 0;
    for (let round = 0; round < 20_000; round++) {
      const bytes = mutate(random);
      try {
        const length = parseHeaderLength(bytes.slice(0, 8), bytes.length, "f");
        const shard = { name: "f", path: "f", bytes: bytes.length, dataOffset: 8 + length };
        for (const entry of parseHeader(bytes.slice(8, 8 + length), shard)) {
          const end = entry.offsetBytes + entry.bytes;
          const count = entry.shape.reduce((a, b) => a * b, 1);
          if (entry.offsetBytes < shard.dataOffset || end > bytes.length)
            throw new Error("outside");
          if (count * STORED_BYTES[entry.dtype] !== entry.bytes) throw new Error("size");
        }
        parsed++;
      } catch (error) {
        if (!(error instanceof VireoError)) throw error;
      }
    }
    expect(parsed).toBeGreaterThan(100);
  });

  test("500 of them on disk open and read, or are refused", async () => {
    const random = generator(7);
    const dir = await folder();
    let opened = 0;
    for (let round = 0; round < 500; round++) {
      await writeFile(join(dir, "model.safetensors"), mutate(random));
      try {
        const { tensors } = await openCheckpointFiles(dir);
        for (const entry of tensors.values()) {
          expect((await readTensor(entry)).length).toBe(entry.bytes);
        }
        opened++;
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }
    expect(opened).toBeGreaterThan(0);
  });
});
