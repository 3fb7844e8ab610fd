import { createHash } from "node:crypto";
import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { assert } from "../core/assert.ts";
import { f16ToF32 } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { hasCode, isJsonObject, readJsonFile } from "./json.ts";
import {
  LENGTH_BYTES,
  parseHeader,
  parseHeaderLength,
  quoted,
  type ShardFile,
  type TensorEntry,
} from "./safetensors-header.ts";

export type { ShardFile, TensorEntry } from "./safetensors-header.ts";

const INDEX_FILE = "model.safetensors.index.json";
const SINGLE_FILE = "model.safetensors";
/** One read call may not ask for 2 GiB or more. */
const MAX_READ_BYTES = 256 * 1024 * 1024;
const KEY_EDGE_BYTES = 64 * 1024;
const KEY_TENSOR_BYTES = 4 * 1024;

export interface TensorIndex {
  readonly dir: string;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
  /** Sorted by name. */
  readonly files: readonly ShardFile[];
  /** Bytes of all tensors. */
  readonly totalBytes: number;
}

/**
 * Reads and checks the headers of a checkpoint folder; no tensor is read.
 *
 * The files are those that model.safetensors.index.json names; without it model.safetensors;
 * without that every *.safetensors of the folder. Files may be symbolic links, as in the Hugging
 * Face cache, but an index can only name files of the folder itself.
 *
 * Throws invalid_checkpoint, naming file and tensor.
 */
export async function openCheckpointFiles(dir: string): Promise<TensorIndex> {
  const weightMap = await readWeightMap(dir);
  const names = weightMap === undefined ? await findShards(dir) : [...new Set(weightMap.values())];
  if (names.length > LIMITS.checkpoint.shards) {
    throw bad(
      `${dir} has ${names.length} safetensors files; the limit is ${LIMITS.checkpoint.shards}`,
    );
  }
  const files: ShardFile[] = [];
  const tensors = new Map<string, TensorEntry>();
  let totalBytes = 0;
  for (const name of names.sort()) {
    const { file, entries } = await readShardHeader(dir, name);
    files.push(file);
    for (const entry of entries) {
      const other = tensors.get(entry.name)?.file.name;
      if (other !== undefined) {
        throw bad(`tensor ${quoted(entry.name)} is in both ${other} and ${name}`);
      }
      tensors.set(entry.name, entry);
      totalBytes += entry.bytes;
    }
    if (tensors.size > LIMITS.checkpoint.tensors) {
      throw bad(`${dir} has more than ${LIMITS.checkpoint.tensors} tensors`);
    }
  }
  for (const [tensor, name] of weightMap ?? []) {
    if (tensors.get(tensor)?.file.name === name) continue;
    throw bad(`${INDEX_FILE}: tensor ${quoted(tensor)} is not in ${name}`);
  }
  return { dir, tensors, files, totalBytes };
}

/** The tensor's bytes as stored, in a buffer of their own. */
export async function readTensor(entry: TensorEntry): Promise<Uint8Array<ArrayBuffer>> {
  return readTensorRange(entry, 0, entry.bytes);
}

/** begin, end: bytes within the tensor. */
export async function readTensorRange(
  entry: TensorEntry,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  assert(0 <= begin && begin <= end && end <= entry.bytes, "range within the tensor");
  const bytes = new Uint8Array(end - begin);
  await withFile(entry.file.path, entry.file.name, async (handle) => {
    if (!(await readFully(handle, bytes, entry.offsetBytes + begin))) {
      throw bad(
        `${entry.file.name} ended inside tensor ${quoted(entry.name)}: the file was changed`,
      );
    }
  });
  return bytes;
}

/** bytes: the whole tensor or a part of it, as readTensor returns it; BF16, F16, F32 or F64. */
export function toFloat32(entry: TensorEntry, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  switch (entry.dtype) {
    case "F32":
      return Float32Array.from(new Float32Array(buffer, byteOffset, byteLength / 4));
    case "F64":
      return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
    case "F16":
      return Float32Array.from(new Uint16Array(buffer, byteOffset, byteLength / 2), f16ToF32);
    case "BF16": {
      const bits = new Uint16Array(buffer, byteOffset, byteLength / 2);
      const values = new Float32Array(bits.length);
      const words = new Uint32Array(values.buffer);
      for (let i = 0; i < bits.length; i++) words[i] = bits[i]! << 16;
      return values;
    }
    default:
      throw bad(`tensor ${quoted(entry.name)} is ${entry.dtype}, not a plain float type`);
  }
}

/**
 * A key that changes when the checkpoint does, without reading all of it: the SHA-256 of, for
 * each file in order, its length, its header (names, dtypes, shapes, offsets), the first and last
 * 64 KiB of its data and 4 KiB from the middle of each tensor. Two checkpoints that agree in all
 * of these would be taken for the same; names and dates of files do not count.
 */
export async function contentKey(index: TensorIndex): Promise<string> {
  const hash = createHash("sha256");
  for (const file of index.files) {
    hash.update(`${file.bytes} ${file.dataOffset}\n`);
    await withFile(file.path, file.name, async (handle) => {
      const update = async (begin: number, end: number) => {
        const bytes = new Uint8Array(Math.max(0, end - begin));
        if (!(await readFully(handle, bytes, begin))) throw bad(`${file.name} became shorter`);
        hash.update(bytes);
      };
      await update(0, Math.min(file.bytes, file.dataOffset + KEY_EDGE_BYTES));
      await update(Math.max(file.dataOffset, file.bytes - KEY_EDGE_BYTES), file.bytes);
      for (const entry of index.tensors.values()) {
        if (entry.file !== file) continue;
        const { offsetBytes, bytes } = entry;
        const length = bytes <= KEY_EDGE_BYTES ? bytes : KEY_TENSOR_BYTES;
        const begin = offsetBytes + Math.floor((bytes - length) / 2);
        await update(begin, begin + length);
      }
    });
  }
  return hash.digest("hex");
}

/** Tensor → file, as model.safetensors.index.json names them; undefined without that file. */
export async function readWeightMap(dir: string): Promise<ReadonlyMap<string, string> | undefined> {
  const index = await readJsonFile(join(dir, INDEX_FILE));
  if (index === undefined) return undefined;
  const { weight_map: map } = index;
  if (!isJsonObject(map)) throw bad(`${INDEX_FILE} has no weight_map object`);
  const names = new Map<string, string>();
  for (const [tensor, name] of Object.entries(map)) {
    if (typeof name !== "string" || !/^[^/\\:\0]+\.safetensors$/.test(name)) {
      const shown = quoted(String(name));
      throw bad(`${INDEX_FILE}: tensor ${quoted(tensor)} is in ${shown}, not a file name here`);
    }
    names.set(tensor, name);
  }
  if (names.size === 0) throw bad(`${INDEX_FILE} names no tensors`);
  return names;
}

/** The files of a checkpoint without an index. */
export async function findShards(dir: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    const what = hasCode(cause, "ENOENT") ? "does not exist" : "is not a readable folder";
    throw bad(`${dir} ${what}`, cause);
  }
  if (names.includes(SINGLE_FILE)) return [SINGLE_FILE];
  const shards = names.filter((name) => name.endsWith(".safetensors"));
  if (shards.length > 0) return shards;
  const pickled = names.some((name) => /\.(bin|pt|pth|ckpt)$/.test(name));
  throw bad(`${dir} has no .safetensors file${pickled ? " (pickled weights are not read)" : ""}`);
}

/** Reads and checks the header of one file. Throws invalid_checkpoint. */
export async function readShardHeader(
  dir: string,
  name: string,
): Promise<{ file: ShardFile; entries: readonly TensorEntry[] }> {
  const path = join(dir, name);
  return withFile(path, name, async (handle) => {
    const { size: bytes } = await handle.stat();
    const first = new Uint8Array(Math.min(LENGTH_BYTES, bytes));
    await readFully(handle, first, 0);
    const length = parseHeaderLength(first, bytes, name);
    const header = new Uint8Array(length);
    if (!(await readFully(handle, header, LENGTH_BYTES))) throw bad(`${name} became shorter`);
    const file: ShardFile = { name, path, bytes, dataOffset: LENGTH_BYTES + length };
    return { file, entries: parseHeader(header, file) };
  });
}

async function withFile<T>(
  path: string,
  name: string,
  use: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  let handle: FileHandle | undefined;
  try {
    // Opening a pipe would wait for a writer, so check the kind of file first.
    if (!(await stat(path)).isFile()) throw bad(`${name} is not a file`);
    handle = await open(path, "r");
    return await use(handle);
  } catch (cause) {
    if (cause instanceof VireoError) throw cause;
    const what = hasCode(cause, "ENOENT") ? "does not exist" : "cannot be read";
    throw bad(`${name} ${what}`, cause);
  } finally {
    await handle?.close();
  }
}

/** False if the file ends before the buffer is full. */
async function readFully(handle: FileHandle, into: Uint8Array, from: number): Promise<boolean> {
  let done = 0;
  while (done < into.length) {
    const length = Math.min(MAX_READ_BYTES, into.length - done);
    const { bytesRead } = await handle.read(into, done, length, from + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}

function bad(message: string, cause?: unknown): VireoError {
  return new VireoError("invalid_checkpoint", message, { cause });
}
