import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { isStringFormat, type StringFormat } from "../core/string-formats.ts";

/**
 * The part of JSON Schema that a grammar can enforce (drafts 7 to 2020-12).
 *
 * Enforced: type, properties, required, additionalProperties, items, prefixItems, minItems,
 * maxItems, enum, const, anyOf, allOf, $ref within the schema (recursion too), minLength,
 * maxLength, pattern, format where core/string-formats.ts lists it, minimum, maximum,
 * exclusiveMinimum, exclusiveMaximum, multipleOf 1 of whole numbers; items as a list with
 * additionalItems, as prefixItems with items; propertyNames that allows every name; oneOf if its
 * branches are disjoint; minProperties and maxProperties if the other keywords imply them.
 * Refused: all other keywords that an answer could violate. Ignored: annotations and unknown
 * keywords, such as title, description, default, examples, $comment and other formats. If a pattern
 * and a format have no text in common (Zod's times have no time zone, those of RFC 3339 must), only
 * the pattern applies.
 *
 * An object that declares properties gets no others unless additionalProperties allows them.
 */
export interface Schema {
  /** JSON pointer for error messages. */
  readonly path: string;
  /** Undefined: any. */
  readonly types?: ReadonlySet<JsonType>;
  readonly ref?: string;
  /** The only values, from enum and const. */
  readonly values?: readonly unknown[];
  readonly properties?: ReadonlyMap<string, Schema>;
  readonly required?: ReadonlySet<string>;
  readonly additional?: Schema;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly prefix?: readonly Schema[];
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly patterns?: readonly string[];
  readonly formats?: readonly StringFormat[];
  readonly min?: Bound;
  readonly max?: Bound;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}

export interface Bound {
  readonly value: number;
  readonly exclusive: boolean;
}

export const JSON_TYPES = [
  "object",
  "array",
  "string",
  "number",
  "integer",
  "boolean",
  "null",
] as const;
export type JsonType = (typeof JSON_TYPES)[number];

/** A schema that no value satisfies, like `false`. */
export function never(path: string): Schema {
  return { path, types: new Set() };
}

type Json = Readonly<Record<string, unknown>>;

/** Keywords that an answer could violate and a grammar cannot enforce. */
const UNSUPPORTED = [
  "not",
  "if",
  "then",
  "else",
  "dependentRequired",
  "dependentSchemas",
  "dependencies",
  "patternProperties",
  "unevaluatedItems",
  "contains",
  "minContains",
  "maxContains",
  "$dynamicRef",
  "$recursiveRef",
] as const;

/** Parses a schema and checks its size, depth and number of nodes. Throws invalid_schema. */
export function parseSchemaText(source: string): unknown {
  const bytes = Buffer.byteLength(source);
  if (bytes > LIMITS.schema.bytes) {
    throw wrong("#", `has ${bytes} bytes; at most ${LIMITS.schema.bytes} are allowed`);
  }
  let json: unknown;
  try {
    json = JSON.parse(source);
  } catch {
    throw wrong("#", "is not JSON");
  }
  checkSize(json);
  return json;
}

/** Each level of a schema takes two levels of JSON: `properties` and the property. */
const MAX_JSON_DEPTH = 2 * LIMITS.schema.depth;

function checkSize(json: unknown): void {
  let level = [json];
  let nodes = 0;
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > MAX_JSON_DEPTH) {
      throw wrong("#", `is nested too deeply; at most ${LIMITS.schema.depth} levels are allowed`);
    }
    nodes += level.length;
    if (nodes > LIMITS.schema.nodes) {
      throw wrong(
        "#",
        `is too large; at most ${LIMITS.schema.nodes} values and keywords are allowed`,
      );
    }
    level = level.flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
  }
}

/** Reads a parsed schema. Throws invalid_schema with the keyword and its path. */
export function readSchema(json: unknown, path: string): Schema {
  if (json === true) return { path };
  if (json === false) return never(path);
  const schema = objectAt(json, path);
  refuseUnsupported(schema, path);
  const reader = new Reader(schema, path);
  const types = reader.types();
  const inner = {
    ...reader.text("$ref", "ref"),
    ...reader.patterns(),
    ...reader.formats(),
    ...reader.values(),
    ...reader.properties(),
    ...reader.items(),
    ...reader.count("minProperties", "minProperties"),
    ...reader.count("maxProperties", "maxProperties"),
    ...reader.count("minItems", "minItems"),
    ...reader.count("maxItems", "maxItems"),
    ...reader.count("minLength", "minLength"),
    ...reader.count("maxLength", "maxLength"),
    ...reader.bound("minimum", "exclusiveMinimum", "min"),
    ...reader.bound("maximum", "exclusiveMaximum", "max"),
    ...reader.branches("anyOf"),
    ...reader.branches("oneOf"),
    ...reader.branches("allOf"),
  };
  return { path, ...defined({ types }), ...inner };
}

function refuseUnsupported(schema: Json, path: string): void {
  const known = UNSUPPORTED.find((keyword) => Object.hasOwn(schema, keyword));
  const unsupported =
    known ??
    (schema.uniqueItems === true ? "uniqueItems" : undefined) ??
    (schema.multipleOf !== undefined && !(schema.multipleOf === 1 && schema.type === "integer")
      ? "multipleOf"
      : undefined) ??
    (schema.unevaluatedProperties !== undefined && schema.unevaluatedProperties !== false
      ? "unevaluatedProperties"
      : undefined) ??
    (allowsAnyName(schema.propertyNames) ? undefined : "propertyNames") ??
    (path !== "#" && typeof schema.$id === "string" ? "$id" : undefined);
  if (unsupported === undefined) return;
  throw wrong(`${path}/${unsupported}`, "is a keyword that cannot be enforced; remove it");
}

/** True if a propertyNames schema allows every name. */
function allowsAnyName(schema: unknown): boolean {
  if (schema === undefined || schema === true) return true;
  if (typeof schema !== "object" || schema === null) return false;
  const { type = "string", title: _, description: __, ...rest } = schema as Json;
  return type === "string" && Object.keys(rest).length === 0;
}

/** Keywords that may declare properties of an object. */
const COMBINING = ["properties", "$ref", "allOf", "anyOf", "oneOf"] as const;

class Reader {
  private readonly schema: Json;
  private readonly path: string;

  constructor(schema: Json, path: string) {
    this.schema = schema;
    this.path = path;
  }

  types(): ReadonlySet<JsonType> | undefined {
    const { type } = this.schema;
    if (type === undefined) return undefined;
    const given: unknown[] = Array.isArray(type) ? type : [type];
    const unknown = given.find((name) => !JSON_TYPES.some((known) => known === name));
    if (given.length === 0 || unknown !== undefined) {
      throw wrong(`${this.path}/type`, `must be one or more of ${JSON_TYPES.join(", ")}`);
    }
    const types = new Set(given as JsonType[]);
    if (types.has("number")) types.delete("integer");
    return types;
  }

  patterns(): Pick<Schema, "patterns"> {
    const { pattern } = this.text("pattern", "pattern");
    return pattern === undefined ? {} : { patterns: [pattern] };
  }

  formats(): Pick<Schema, "formats"> {
    const { format } = this.schema;
    return isStringFormat(format) ? { formats: [format] } : {};
  }

  values(): { readonly values?: readonly unknown[] } {
    const { schema, path } = this;
    const some = Object.hasOwn(schema, "enum") ? listAt(schema.enum, `${path}/enum`) : undefined;
    if (!Object.hasOwn(schema, "const")) return some === undefined ? {} : { values: some };
    if (some === undefined) return { values: [schema.const] };
    return { values: some.filter((value) => sameJson(value, schema.const)) };
  }

  properties(): Pick<Schema, "properties" | "required" | "additional"> {
    const { schema, path } = this;
    const found: { -readonly [key in "properties" | "required" | "additional"]?: Schema[key] } = {};
    if (schema.properties !== undefined) {
      const entries = Object.entries(objectAt(schema.properties, `${path}/properties`));
      found.properties = new Map(
        entries.map(([key, value]) => [
          checkKey(key, path),
          readSchema(value, `${path}/properties/${escapePointer(key)}`),
        ]),
      );
    }
    if (schema.required !== undefined) {
      const keys = listAt(schema.required, `${path}/required`);
      if (!keys.every((key) => typeof key === "string")) {
        throw wrong(`${path}/required`, "must be a list of names");
      }
      found.required = new Set(keys.map((key) => checkKey(key, path)));
    }
    if (schema.additionalProperties !== undefined) {
      found.additional = readSchema(schema.additionalProperties, `${path}/additionalProperties`);
    } else if (schema.unevaluatedProperties === false) {
      const alone = !COMBINING.some((keyword) => Object.hasOwn(schema, keyword));
      if (alone) found.additional = never(`${path}/unevaluatedProperties`);
    }
    return found;
  }

  items(): Pick<Schema, "prefix" | "items"> {
    const { schema, path } = this;
    if (Array.isArray(schema.items)) {
      if (schema.prefixItems !== undefined) {
        throw wrong(`${path}/items`, "is a list beside prefixItems; remove one of them");
      }
      const { additionalItems: more } = schema;
      const items =
        more === undefined ? {} : { items: readSchema(more, `${path}/additionalItems`) };
      return { ...items, prefix: this.schemas("items", schema.items) };
    }
    return {
      ...(schema.items === undefined ? {} : { items: readSchema(schema.items, `${path}/items`) }),
      ...(schema.prefixItems === undefined
        ? {}
        : { prefix: this.schemas("prefixItems", schema.prefixItems) }),
    };
  }

  branches<K extends "anyOf" | "oneOf" | "allOf">(keyword: K): { readonly [key in K]?: Schema[] } {
    const value = this.schema[keyword];
    if (value === undefined) return {};
    return { [keyword]: this.schemas(keyword, value) } as { readonly [key in K]?: Schema[] };
  }

  text<K extends string>(keyword: string, name: K): { readonly [key in K]?: string } {
    const value = this.schema[keyword];
    if (value === undefined) return {};
    if (typeof value !== "string") throw wrong(`${this.path}/${keyword}`, "must be a string");
    return { [name]: value } as { readonly [key in K]?: string };
  }

  count<K extends string>(keyword: string, name: K): { readonly [key in K]?: number } {
    const value = this.schema[keyword];
    if (value === undefined) return {};
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      throw wrong(`${this.path}/${keyword}`, "must be a whole number of at least 0");
    }
    return { [name]: value } as { readonly [key in K]?: number };
  }

  /** Accepts draft 4 too, in which the exclusive keyword is a flag. */
  bound<K extends "min" | "max">(
    inclusive: string,
    exclusive: string,
    name: K,
  ): { readonly [key in K]?: Bound } {
    const numberOf = (keyword: string): number | undefined => {
      const value = this.schema[keyword];
      if (value === undefined || typeof value === "boolean") return undefined;
      if (typeof value === "number" && Number.isFinite(value)) return value;
      throw wrong(`${this.path}/${keyword}`, "must be a number");
    };
    const open = numberOf(exclusive);
    const closed = numberOf(inclusive);
    const bounds: Bound[] = [];
    if (open !== undefined) bounds.push({ value: open, exclusive: true });
    if (closed !== undefined) {
      bounds.push({ value: closed, exclusive: this.schema[exclusive] === true });
    }
    const [first, second] = bounds;
    if (first === undefined) return {};
    const tighter = second === undefined ? first : tighterBound(first, second, name);
    return { [name]: tighter } as { readonly [key in K]?: Bound };
  }

  private schemas(keyword: string, value: unknown): Schema[] {
    const path = `${this.path}/${keyword}`;
    const list = listAt(value, path);
    if (list.length === 0) throw wrong(path, "must not be empty");
    return list.map((entry, at) => readSchema(entry, `${path}/${at}`));
  }
}

export function tighterBound(a: Bound, b: Bound, side: "min" | "max"): Bound {
  if (a.value === b.value) return a.exclusive ? a : b;
  return a.value > b.value === (side === "min") ? a : b;
}

const MAX_KEY_CHARACTERS = 256;

function checkKey(key: string, path: string): string {
  if (key.length <= MAX_KEY_CHARACTERS) return key;
  throw wrong(`${path}/properties`, `has a name longer than ${MAX_KEY_CHARACTERS} characters`);
}

function objectAt(value: unknown, path: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw wrong(path, "must be an object");
}

function listAt(value: unknown, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw wrong(path, "must be a list");
}

function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1").slice(0, 60);
}

export function hasType(value: unknown, types: ReadonlySet<JsonType> | undefined): boolean {
  if (types === undefined) return true;
  if (value === null) return types.has("null");
  if (Array.isArray(value)) return types.has("array");
  if (typeof value === "number") {
    return types.has("number") || (types.has("integer") && Number.isInteger(value));
  }
  return types.has(typeof value as JsonType);
}

/** Equal as JSON: the order of keys does not matter. */
export function sameJson(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, entry: unknown) =>
    typeof entry === "object" && entry !== null && !Array.isArray(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : 1)))
      : entry,
  );
}

/** path: a JSON pointer into the schema. */
export function wrong(path: string, why: string): VireoError {
  return new VireoError("invalid_schema", `the schema cannot be used: ${path} ${why}`);
}
