// The header of one safetensors file: 8 bytes of length (little endian), that many bytes of JSON,
// then the data section. Everything is checked here, before any tensor is touched, because a
// header that lies about offsets would otherwise make us read other tensors or other memory.

import { STORED_BYTES, type StoredDtype } from "../core/dtype.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { decodeUtf8, isJsonObject } from "./json.ts";

export const LENGTH_BYTES = 8;
const MAX_RANK = 8;

export interface ShardFile {
  /** The file's name inside the checkpoint folder. */
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Where the data section begins. */
  readonly dataOffset: number;
}

export interface TensorEntry {
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  readonly file: ShardFile;
  /** From the beginning of the file. */
  readonly offsetBytes: number;
  readonly bytes: number;
}

/** first: the file's first 8 bytes (or fewer, if it has fewer). Returns the header's length. */
export function parseHeaderLength(first: Uint8Array, fileBytes: number, file: string): number {
  if (first.length < LENGTH_BYTES || fileBytes < LENGTH_BYTES) {
    throw bad(file, `has ${fileBytes} bytes, too few for a safetensors file`);
  }
  const view = new DataView(first.buffer, first.byteOffset, LENGTH_BYTES);
  const length = view.getBigUint64(0, true);
  if (length > BigInt(LIMITS.checkpoint.safetensorsHeaderBytes)) {
    throw bad(
      file,
      `names a header of ${length} bytes; limit ${LIMITS.checkpoint.safetensorsHeaderBytes}`,
    );
  }
  if (length > BigInt(fileBytes - LENGTH_BYTES)) {
    throw bad(file, `names a header of ${length} bytes but has only ${fileBytes} in all`);
  }
  if (length < 2n) throw bad(file, `names a header of ${length} bytes`);
  return Number(length);
}

/** header: exactly the JSON part. Returns the tensors in order of their place in the file. */
export function parseHeader(header: Uint8Array, file: ShardFile): readonly TensorEntry[] {
  if (header[0] !== 0x7b) throw bad(file.name, "has a header that does not begin with {");
  const text = decodeUtf8(header, file.name);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw bad(file.name, "has a header that is not valid JSON", cause);
  }
  if (!isJsonObject(value)) throw bad(file.name, "has a header that is not an object");
  const names = Object.keys(value).filter((name) => name !== "__metadata__");
  if (names.length > LIMITS.checkpoint.tensors) {
    throw bad(file.name, `holds ${names.length} tensors; limit ${LIMITS.checkpoint.tensors}`);
  }
  const entries = names.map((name) => parseEntry(name, value[name], file));
  entries.sort((a, b) => a.offsetBytes - b.offsetBytes || a.bytes - b.bytes);
  refuseOverlaps(entries, file.name);
  return entries;
}

function parseEntry(name: string, value: unknown, file: ShardFile): TensorEntry {
  const where = `tensor ${quoted(name)}`;
  if (!isJsonObject(value)) throw bad(file.name, `${where} is not described by an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !isStoredDtype(dtype)) {
    throw bad(file.name, `${where} has the unknown dtype ${quoted(String(dtype))}`);
  }
  if (!Array.isArray(shape) || shape.length > MAX_RANK || !shape.every(isSize)) {
    throw bad(file.name, `${where} has a shape that is not a list of up to ${MAX_RANK} sizes`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    throw bad(file.name, `${where} has data_offsets that are not two positions`);
  }
  const [begin, end] = offsets as [number, number];
  const dataBytes = file.bytes - file.dataOffset;
  if (end < begin || end > dataBytes) {
    throw bad(file.name, `${where} lies at ${begin}..${end} of ${dataBytes} data bytes`);
  }
  const bytes = tensorBytes(shape, dtype);
  if (bytes === undefined) throw bad(file.name, `${where} has a shape too large to count`);
  if (bytes !== end - begin) {
    const claimed = `${dtype} [${shape.join(", ")}]`;
    throw bad(file.name, `${where} is ${claimed} = ${bytes} bytes but has ${end - begin}`);
  }
  return { name, dtype, shape, file, offsetBytes: file.dataOffset + begin, bytes };
}

/** Undefined if the product leaves the range of exact integers. */
function tensorBytes(shape: readonly number[], dtype: StoredDtype): number | undefined {
  let bytes = STORED_BYTES[dtype];
  for (const size of shape) {
    bytes *= size;
    if (!Number.isSafeInteger(bytes)) return undefined;
  }
  return bytes;
}

/** Holes between tensors are harmless; two tensors sharing bytes are a lie or a trick. */
function refuseOverlaps(entries: readonly TensorEntry[], file: string): void {
  let last: TensorEntry | undefined;
  for (const entry of entries) {
    if (entry.bytes === 0) continue;
    if (last !== undefined && entry.offsetBytes < last.offsetBytes + last.bytes) {
      throw bad(file, `tensors ${quoted(last.name)} and ${quoted(entry.name)} overlap`);
    }
    last = entry;
  }
}

function isStoredDtype(text: string): text is StoredDtype {
  return Object.hasOwn(STORED_BYTES, text);
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** For messages: the text comes from a file, so control characters and length are tamed. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}

function bad(file: string, what: string, cause?: unknown): VireoError {
  return new VireoError("invalid_checkpoint", `${file}: ${what}`, { cause });
}
