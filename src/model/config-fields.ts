// Reading single fields of a checkpoint's JSON: each reader checks type and range once and says
// which key of which file is wrong.

import { VireoError } from "../core/errors.ts";
import { isJsonObject, type JsonObject } from "../weights/json.ts";

/** Larger than any size of any network of this family, small enough that products stay exact. */
const SIZE_MAX = 1 << 24;

/** One JSON object, with the name that messages call it by. */
export interface Fields {
  readonly where: string;
  readonly values: JsonObject;
}

/** Throws unsupported_checkpoint: the file is sound, but it is not the network we implement. */
export function unsupported(what: string): never {
  throw new VireoError("unsupported_checkpoint", what);
}

export function invalid(what: string): never {
  throw new VireoError("invalid_checkpoint", what);
}

/** undefined for a missing key and for null, which Python writes for "not set". */
export function fieldOf(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields.values, key) ? (fields.values[key] ?? undefined) : undefined;
}

export function section(fields: Fields, ...keys: readonly string[]): Fields | undefined {
  for (const key of keys) {
    const value = fieldOf(fields, key);
    if (value === undefined) continue;
    const where = `${fields.where}: ${key}`;
    return isJsonObject(value) ? { where, values: value } : invalid(`${where} is not an object`);
  }
  return undefined;
}

/** The first key present wins; without any, the fallback, or an error if there is none. */
export function size(fields: Fields, keys: string | readonly string[], fallback?: number): number {
  const names = typeof keys === "string" ? [keys] : keys;
  for (const key of names) {
    const value = fieldOf(fields, key);
    if (value === undefined) continue;
    if (typeof value === "number" && Number.isInteger(value) && 1 <= value && value <= SIZE_MAX) {
      return value;
    }
    invalid(`${fields.where}: ${key} is ${show(value)}, not a size from 1 to ${SIZE_MAX}`);
  }
  return fallback ?? invalid(`${fields.where}: ${names.join(" or ")} is missing`);
}

export function optionalSize(fields: Fields, key: string): number | undefined {
  return fieldOf(fields, key) === undefined ? undefined : size(fields, key);
}

export function real(
  fields: Fields,
  keys: string | readonly string[],
  range: { readonly min: number; readonly max: number; readonly fallback: number },
): number {
  for (const key of typeof keys === "string" ? [keys] : keys) {
    const value = fieldOf(fields, key);
    if (value === undefined) continue;
    if (typeof value === "number" && range.min <= value && value <= range.max) return value;
    invalid(
      `${fields.where}: ${key} is ${show(value)}, not a number from ${range.min} to ${range.max}`,
    );
  }
  return range.fallback;
}

export function text(fields: Fields, key: string, fallback?: string): string {
  const value = fieldOf(fields, key);
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === "string" && value !== "") return value;
  return invalid(`${fields.where}: ${key} is ${show(value)}, not a text`);
}

export function flag(fields: Fields, key: string, fallback: boolean): boolean {
  const value = fieldOf(fields, key) ?? fallback;
  return typeof value === "boolean"
    ? value
    : invalid(`${fields.where}: ${key} is ${show(value)}, not true or false`);
}

/** A token id or a list of them; empty if the key is missing. */
export function tokenIds(fields: Fields | undefined, key: string): readonly number[] {
  const value = fields === undefined ? undefined : fieldOf(fields, key);
  if (fields === undefined || value === undefined) return [];
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((id) => {
    if (typeof id === "number" && Number.isInteger(id) && 0 <= id && id < SIZE_MAX) return id;
    return invalid(`${fields.where}: ${key} holds ${show(id)}, not a token id`);
  });
}

export type Rgb = readonly [number, number, number];

export function rgb(fields: Fields | undefined, key: string): Rgb | undefined {
  const value = fields === undefined ? undefined : fieldOf(fields, key);
  if (fields === undefined || value === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  const [r, g, b] = list;
  if (list.length === 3 && isReal(r) && isReal(g) && isReal(b)) return [r, g, b];
  return invalid(`${fields.where}: ${key} is ${show(value)}, not three numbers`);
}

export function show(value: unknown): string {
  const shown = value === undefined ? "missing" : (JSON.stringify(value) ?? String(value));
  return shown.length > 80 ? `${shown.slice(0, 80)}…` : shown;
}

function isReal(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
