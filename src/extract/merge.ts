// Merges the values of several pages into one.

import type { Finding } from "./verify.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A scalar with its page, and whether the page's text contains it. */
export interface Evidence extends Finding {
  /** JSON Pointer into the value (RFC 6901). */
  readonly path: string;
  readonly value: unknown;
  /** Number of the page in the file, from 1. */
  readonly page: number;
}

export interface PageValue {
  readonly page: number;
  readonly value: unknown;
  /** The finding for each scalar, by its path in `value`. */
  readonly findings: ReadonlyMap<string, Finding>;
}

export interface Conflict {
  readonly path: string;
  readonly page: number;
  /** The value on that page. */
  readonly value: unknown;
}

export interface Merged {
  readonly data: unknown;
  readonly values: readonly Evidence[];
  readonly conflicts: readonly Conflict[];
}

interface Piece extends PageValue {
  readonly path: string;
}

interface Places {
  readonly values: Evidence[];
  readonly conflicts: Conflict[];
}

/**
 * Merges the pages' values; each conforms to the schema, and so does the result.
 *
 * Lists are joined in page order, up to maxItems and without empty items. Objects are merged
 * property by property. A single value is the first verified one, else the first that is neither
 * null nor empty; different values of other pages become conflicts. Values under anyOf, oneOf,
 * allOf or $ref are taken whole.
 */
export function mergePages(schema: JsonObject, pages: readonly PageValue[]): Merged {
  const places: Places = { values: [], conflicts: [] };
  const pieces = pages.map((page) => ({ ...page, path: "" }));
  return { data: merge(schema, pieces, "", places), ...places };
}

function merge(schema: JsonObject, pieces: readonly Piece[], to: string, places: Places): unknown {
  const filled = pieces.filter(({ value }) => !isEmpty(value));
  const [first] = filled.length > 0 ? filled : pieces;
  if (first === undefined) return null;
  if (isPlain(schema) && filled.length > 0) {
    if (isObject(schema.properties) && filled.every(({ value }) => isObject(value))) {
      return mergeObjects(schema.properties, filled, to, places);
    }
    if (isObject(schema.items) && filled.every(({ value }) => Array.isArray(value))) {
      return joinLists(schema, filled, to, places);
    }
  }
  const chosen = filled.find(isVerified) ?? first;
  for (const piece of filled) {
    if (piece === chosen || JSON.stringify(piece.value) === JSON.stringify(chosen.value)) continue;
    places.conflicts.push({ path: to, page: piece.page, value: piece.value });
  }
  return take(chosen, to, places);
}

function mergeObjects(
  properties: JsonObject,
  pieces: readonly Piece[],
  to: string,
  places: Places,
): JsonObject {
  const keys = new Set(pieces.flatMap(({ value }) => Object.keys(value as JsonObject)));
  const entries = [...keys].map((key) => {
    const parts = pieces.flatMap((piece): Piece[] => {
      const object = piece.value as JsonObject;
      if (!Object.hasOwn(object, key)) return [];
      return [{ ...piece, value: object[key], path: child(piece.path, key) }];
    });
    const schema = Object.hasOwn(properties, key) ? properties[key] : undefined;
    return [key, merge(isObject(schema) ? schema : {}, parts, child(to, key), places)] as const;
  });
  return Object.fromEntries(entries);
}

function joinLists(
  { maxItems }: JsonObject,
  pieces: readonly Piece[],
  to: string,
  places: Places,
): unknown[] {
  const maxLength = typeof maxItems === "number" ? maxItems : Number.POSITIVE_INFINITY;
  const joined: unknown[] = [];
  for (const piece of pieces) {
    for (const [index, value] of (piece.value as unknown[]).entries()) {
      if (joined.length >= maxLength) return joined;
      if (pieces.length > 1 && isEmpty(value)) continue;
      const part = { ...piece, value, path: child(piece.path, String(index)) };
      joined.push(take(part, child(to, String(joined.length)), places));
    }
  }
  return joined;
}

/** Returns the value unchanged, and records the evidence for its scalars. */
function take({ page, value, path, findings }: Piece, to: string, { values }: Places): unknown {
  for (const [at, scalar] of scalarsOf(value)) {
    const finding = findings.get(path + at) ?? { verdict: "not_checked" };
    values.push({ path: to + at, value: scalar, page, ...finding });
  }
  return value;
}

/** Every scalar with its path. */
export function scalarsOf(value: unknown, path = ""): (readonly [string, unknown])[] {
  if (Array.isArray(value)) {
    return value.flatMap((item, index) => scalarsOf(item, child(path, String(index))));
  }
  if (!isObject(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, entry]) => scalarsOf(entry, child(path, key)));
}

function child(path: string, key: string): string {
  return `${path}/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function isVerified({ path, findings }: Piece): boolean {
  return findings.get(path)?.verdict === "verified";
}

/** Whether a value is null, "", an empty list, or an object with only such values. */
function isEmpty(value: unknown): boolean {
  if (value === null || value === undefined || value === "") return true;
  if (Array.isArray(value)) return value.every(isEmpty);
  return isObject(value) && Object.values(value).every(isEmpty);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPlain(schema: JsonObject): boolean {
  const words = ["anyOf", "oneOf", "allOf", "$ref", "const", "enum", "if", "not"];
  return !words.some((word) => Object.hasOwn(schema, word));
}
