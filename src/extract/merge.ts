// One value out of the values of several pages.

import type { Finding } from "./verify.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A scalar, where it came from and whether the page says so too. */
export interface Evidence extends Finding {
  /** JSON Pointer into the value (RFC 6901). */
  readonly path: string;
  readonly value: unknown;
  /** Counts the file's pages from 1. */
  readonly page: number;
}

export interface PageValue {
  readonly page: number;
  readonly value: unknown;
  /** Of each scalar, by its path in `value`. */
  readonly findings: ReadonlyMap<string, Finding>;
}

export interface Conflict {
  readonly path: string;
  readonly page: number;
  /** What that page says instead. */
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
 * Merges what pages say, each of which holds to the schema, so that the result does too:
 * lists are joined in the order of the pages (up to maxItems, without empty items); objects are
 * merged property by property; of single values the first that its page's text verifies wins, else
 * the first that is neither null nor empty. Other pages' different values become conflicts.
 * Where the schema says anyOf, oneOf, allOf or $ref, a value is taken whole.
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
  const most = typeof maxItems === "number" ? maxItems : Number.POSITIVE_INFINITY;
  const joined: unknown[] = [];
  for (const piece of pieces) {
    for (const [index, value] of (piece.value as unknown[]).entries()) {
      if (joined.length >= most) return joined;
      if (pieces.length > 1 && isEmpty(value)) continue;
      const part = { ...piece, value, path: child(piece.path, String(index)) };
      joined.push(take(part, child(to, String(joined.length)), places));
    }
  }
  return joined;
}

/** The value as it is, with what is known of every scalar in it. */
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

/** Nothing is said: null, "", an empty list, or an object of nothing else. */
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
