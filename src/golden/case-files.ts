import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import { type JsonObject, readJsonFile } from "../weights/json.ts";
import { toFloat32 } from "../weights/safetensors.ts";
import {
  LENGTH_BYTES,
  parseHeader,
  parseHeaderLength,
  type TensorEntry,
} from "../weights/safetensors-header.ts";

/** One case of the golden data: name.json and, if it has tensors, name.safetensors. */
export interface CaseFile {
  readonly name: string;
  /** The folder of the cases; images lie below it. */
  readonly dir: string;
  readonly json: JsonObject;
  readonly tensors: CaseTensors;
}

export interface CaseTensors {
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  bytes(name: string): Uint8Array<ArrayBuffer>;
  floats(name: string): Float32Array;
  doubles(name: string): Float64Array;
}

export async function openCase(dir: string, name: string): Promise<CaseFile> {
  const json = await readJsonFile(join(dir, `${name}.json`));
  if (!json) throw new VireoError("invalid_option", `there is no case ${name}`);
  const tensors = await openTensors(dir, `${name}.safetensors`, json.tensors !== undefined);
  return { name, dir, json, tensors };
}

async function openTensors(dir: string, name: string, exists: boolean): Promise<CaseTensors> {
  const path = join(dir, name);
  const all = exists ? new Uint8Array(await readFile(path)) : new Uint8Array(0);
  const entries = new Map<string, TensorEntry>();
  if (exists) {
    const dataOffset = LENGTH_BYTES + parseHeaderLength(all.subarray(0, 8), all.length, name);
    const file = { name, path, bytes: all.length, dataOffset };
    const header = all.subarray(LENGTH_BYTES, dataOffset);
    for (const entry of parseHeader(header, file)) entries.set(entry.name, entry);
  }
  const find = (tensor: string): TensorEntry => {
    const entry = entries.get(tensor);
    if (!entry) throw new VireoError("invalid_option", `${name} has no tensor ${tensor}`);
    return entry;
  };
  const bytes = (tensor: string) => {
    const entry = find(tensor);
    return all.slice(entry.offsetBytes, entry.offsetBytes + entry.bytes);
  };
  return {
    names: [...entries.keys()],
    shape: (tensor) => find(tensor).shape,
    bytes,
    floats: (tensor) => toFloat32(find(tensor), bytes(tensor)),
    doubles: (tensor) => new Float64Array(bytes(tensor).buffer),
  };
}
