import { defined } from "../core/defined.ts";
import { LIMITS } from "../core/limits.ts";
import {
  type Bound,
  hasType,
  type JsonType,
  type Schema,
  sameJson,
  tighterBound,
  wrong,
} from "./schema.ts";

/** Resolves a `$ref` in the whole schema. */
export type Resolve = (ref: string, path: string) => Schema;

/** Combines the schemas of one document, with a limit on the number of merges. */
export class SchemaMerger {
  private readonly resolve: Resolve;
  private mergesLeft: number = LIMITS.schema.merges;

  constructor(resolve: Resolve) {
    this.resolve = resolve;
  }

  /**
   * One schema for the values that satisfy both. Contradictory keywords give a schema that no value
   * satisfies. Throws invalid_schema for keywords whose combination cannot be expressed.
   */
  merge(a: Schema, b: Schema): Schema {
    if (a.ref !== undefined) return this.merge(this.unfold(a), b);
    if (b.ref !== undefined) return this.merge(a, this.unfold(b));
    if (--this.mergesLeft < 0) throw wrong(a.path, "combines too many schemas");
    const { path } = a;
    const types = mergeTypes(a.types, b.types);
    const values = a.values && b.values ? commonValues(a.values, b.values) : (a.values ?? b.values);
    const patterns = union(a.patterns, b.patterns);
    const formats = union(a.formats, b.formats);
    if (a.oneOf && b.oneOf)
      throw wrong(path, "combines two oneOf for one value; remove one of them");
    const oneOf = a.oneOf ?? b.oneOf;
    const anyOf =
      a.anyOf && b.anyOf
        ? a.anyOf.flatMap((one) => (b.anyOf ?? []).map((other) => this.merge(one, other)))
        : (a.anyOf ?? b.anyOf);
    const allOf = [...(a.allOf ?? []), ...(b.allOf ?? [])];
    return {
      path,
      ...defined({ types, values, patterns, formats, oneOf, anyOf }),
      ...(allOf.length === 0 ? {} : { allOf }),
      ...mergeObjects(a, b),
      ...mergeArrays(a, b),
      ...larger("minLength", a, b),
      ...smaller("maxLength", a, b),
      ...mergeBounds("min", a, b),
      ...mergeBounds("max", a, b),
    };
  }

  /** The schema without `$ref` and `allOf`. */
  flatten(schema: Schema): Schema {
    let flat = this.unfold(schema);
    while (flat.allOf !== undefined) {
      const { allOf, ...rest } = flat;
      flat = this.unfold(allOf.reduce((all, part) => this.merge(all, part), rest));
    }
    return flat;
  }

  /** The target of a `$ref`, merged with the keywords beside the `$ref`. */
  private unfold(schema: Schema): Schema {
    let found = schema;
    const seen = new Set<string>();
    while (found.ref !== undefined) {
      if (seen.has(found.ref)) throw wrong(schema.path, "refers to itself");
      seen.add(found.ref);
      const { ref, ...beside } = found;
      const target = this.resolve(ref, found.path);
      if (isBare(beside)) {
        found = target;
        continue;
      }
      if (target.ref === undefined) return this.merge(target, beside);
      const { ref: further, ...targetBeside } = target;
      found = { ...this.merge(targetBeside, beside), ref: further };
    }
    return found;
  }

  /** True if provably no value satisfies both. */
  areDisjoint(a: Schema, b: Schema): boolean {
    const [one, other] = [this.flatten(a), this.flatten(b)];
    if (differByTypeOrValue(one, other)) return true;
    const types = mergeTypes(one.types, other.types);
    if (types?.size !== 1 || !types.has("object")) return false;
    const keys = [...(one.required ?? [])].filter((key) => other.required?.has(key));
    return keys.some((key) => {
      const [x, y] = [one.properties?.get(key), other.properties?.get(key)];
      if (x === undefined || y === undefined) return false;
      return differByTypeOrValue(this.flatten(x), this.flatten(y));
    });
  }
}

/** True if types and values alone make the schemas disjoint. */
function differByTypeOrValue(a: Schema, b: Schema): boolean {
  if (mergeTypes(a.types, b.types)?.size === 0) return true;
  if (a.values && b.values) return commonValues(a.values, b.values).length === 0;
  const [{ values }, { types }] = a.values ? [a, b] : [b, a];
  return values !== undefined && !values.some((value) => hasType(value, types));
}

/** True if the schema has no keywords, only its path. */
export function isBare(schema: Schema): boolean {
  return Object.keys(schema).length === 1;
}

function mergeTypes(
  a: ReadonlySet<JsonType> | undefined,
  b: ReadonlySet<JsonType> | undefined,
): ReadonlySet<JsonType> | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const has = (types: ReadonlySet<JsonType>, type: JsonType): boolean =>
    types.has(type) || (type === "integer" && types.has("number"));
  return new Set([...a, ...b].filter((type) => has(a, type) && has(b, type)));
}

function commonValues(a: readonly unknown[], b: readonly unknown[]): unknown[] {
  return a.filter((value) => b.some((other) => sameJson(value, other)));
}

function union<T>(
  a: readonly T[] | undefined,
  b: readonly T[] | undefined,
): readonly T[] | undefined {
  return a && b ? [...new Set([...a, ...b])] : (a ?? b);
}

type ObjectPart = Pick<
  Schema,
  "properties" | "required" | "additional" | "minProperties" | "maxProperties"
>;

function mergeObjects(a: Schema, b: Schema): ObjectPart {
  const of = (schema: Schema, key: string): Schema | undefined =>
    schema.properties?.get(key) ?? schema.additional;
  const keys = new Set([...(a.properties?.keys() ?? []), ...(b.properties?.keys() ?? [])]);
  const properties = new Map<string, Schema>();
  for (const key of keys) {
    const merged = both(of(a, key), of(b, key));
    if (merged !== undefined) properties.set(key, merged);
  }
  const required = new Set([...(a.required ?? []), ...(b.required ?? [])]);
  const additional = both(a.additional, b.additional);
  return {
    ...(a.properties || b.properties ? { properties } : {}),
    ...(required.size === 0 ? {} : { required }),
    ...defined({ additional }),
    ...larger("minProperties", a, b),
    ...smaller("maxProperties", a, b),
  };
}

type ArrayPart = Pick<Schema, "prefix" | "items" | "minItems" | "maxItems">;

function mergeArrays(a: Schema, b: Schema): ArrayPart {
  const length = Math.max(a.prefix?.length ?? 0, b.prefix?.length ?? 0);
  const at = (schema: Schema, index: number): Schema | undefined =>
    schema.prefix?.[index] ?? schema.items;
  const prefix = Array.from({ length }, (_, index) => {
    return both(at(a, index), at(b, index)) ?? { path: a.path };
  });
  const items = both(a.items, b.items);
  return {
    ...(length === 0 ? {} : { prefix }),
    ...defined({ items }),
    ...larger("minItems", a, b),
    ...smaller("maxItems", a, b),
  };
}

/** Merges two equal `$ref`s to one, so that merging recursive schemas terminates. */
function both(a: Schema | undefined, b: Schema | undefined): Schema | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const onlyRef = (schema: Schema): boolean => Object.keys(schema).length === 2;
  if (a.ref !== undefined && a.ref === b.ref && onlyRef(a) && onlyRef(b)) return a;
  return { path: a.path, allOf: [a, b] };
}

type Counts =
  | "minProperties"
  | "maxProperties"
  | "minItems"
  | "maxItems"
  | "minLength"
  | "maxLength";

function larger<K extends Counts>(key: K, a: Schema, b: Schema): { readonly [key in K]?: number } {
  const value = Math.max(a[key] ?? -1, b[key] ?? -1);
  return value < 0 ? {} : ({ [key]: value } as { readonly [key in K]?: number });
}

function smaller<K extends Counts>(key: K, a: Schema, b: Schema): { readonly [key in K]?: number } {
  const value = Math.min(a[key] ?? Number.POSITIVE_INFINITY, b[key] ?? Number.POSITIVE_INFINITY);
  return value === Number.POSITIVE_INFINITY
    ? {}
    : ({ [key]: value } as { readonly [key in K]?: number });
}

function mergeBounds<K extends "min" | "max">(
  key: K,
  a: Schema,
  b: Schema,
): { readonly [key in K]?: Bound } {
  const [one, other] = [a[key], b[key]];
  const bound = one && other ? tighterBound(one, other, key) : (one ?? other);
  return bound === undefined ? {} : ({ [key]: bound } as { readonly [key in K]?: Bound });
}

/** True if types or values show that no value satisfies the schema. */
export function isNever(schema: Schema): boolean {
  return schema.types?.size === 0 || schema.values?.length === 0;
}
