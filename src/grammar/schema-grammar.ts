import { LIMITS } from "../core/limits.ts";
import {
  choice,
  EMPTY,
  type Expression,
  NEVER,
  oneOfTexts,
  repeat,
  rule,
  sequence,
  text,
} from "./expression.ts";
import {
  anyObject,
  anyValue,
  braced,
  bracketed,
  comma,
  levelBelow,
  literal,
  member,
  otherKeys,
} from "./json-text.ts";
import { integerSchema, MAX_WHOLE, numberSchema } from "./number-range.ts";
import type { RuleBook } from "./regular.ts";
import { hasType, JSON_TYPES, type JsonType, readSchema, type Schema, wrong } from "./schema.ts";
import { isBare, isNever, SchemaMerger } from "./schema-merge.ts";
import { hasFormat, stringExpression } from "./string-schema.ts";

/**
 * The grammar of JSON texts that satisfy a schema. Every text of the grammar satisfies the schema,
 * but not conversely: properties follow the order of the schema, numbers have at most 15 digits.
 *
 * json: the parsed schema. level: number of objects and lists around the text. Adds rules to the
 * book. Throws invalid_schema.
 */
export function schemaExpression(json: unknown, book: RuleBook, level = 0): Expression {
  return new SchemaWriter(json, book, level).whole();
}

/** No answer reaches this count: it has at most 131,072 tokens of at most 255 bytes. */
const UNREACHABLE_COUNT = 2 ** 25;
/** Replaces larger limits of texts and lists; it satisfies the schema too. */
const MAX_WRITTEN_COUNT = 20_000;

function limitOf(count: number | undefined, min = 0): number {
  if (count === undefined || count >= UNREACHABLE_COUNT) return Number.POSITIVE_INFINITY;
  return Math.min(count, Math.max(MAX_WRITTEN_COUNT, min));
}

const MAX_BRANCHES_COMPARED = 64;

/** Maximum nesting of schemas, including the targets of `$ref`s. */
const MAX_WRITTEN_DEPTH = 16 * LIMITS.schema.depth;

class SchemaWriter {
  private readonly json: unknown;
  private readonly book: RuleBook;
  private readonly level: number;
  private readonly merger: SchemaMerger;
  private readonly byRef = new Map<string, Schema>();
  /** Rules by schema and level (number of objects and lists around). */
  private readonly ruleOf = new Map<Schema, Expression[]>();
  private readonly flatOf = new Map<Schema, Schema>();
  private readonly branchesOf = new Map<readonly Schema[], readonly Schema[]>();
  private readonly strings = new Map<string, Expression>();
  private boundedNumbers = 0;
  private depth = 0;

  constructor(json: unknown, book: RuleBook, level: number) {
    this.json = json;
    this.level = level;
    this.book = book;
    this.merger = new SchemaMerger((ref, path) => this.resolve(ref, path));
  }

  whole(): Expression {
    return this.write(this.resolve("#", "#"), this.level);
  }

  private resolve(ref: string, path: string): Schema {
    const known = this.byRef.get(ref);
    if (known) return known;
    if (ref !== "#" && !ref.startsWith("#/")) {
      throw wrong(
        `${path}/$ref`,
        "points outside of the schema; use a reference that begins with #/",
      );
    }
    let value = this.json;
    for (const part of ref.split("/").slice(1)) {
      const key = decodePointer(part, path);
      const found = typeof value === "object" && value !== null && Object.hasOwn(value, key);
      if (!found) throw wrong(`${path}/$ref`, "points to a place that does not exist");
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    const schema = readSchema(value, ref);
    this.byRef.set(ref, schema);
    return schema;
  }

  /** Each schema has one rule per level, created before its body, so that it may be recursive. */
  private write(schema: Schema, level: number): Expression {
    const flat = this.flatten(schema);
    const rules = this.ruleOf.get(schema) ?? [];
    this.ruleOf.set(schema, rules);
    const at = isScalar(flat) ? 0 : level;
    const known = rules[at];
    if (known) return known;
    if (++this.depth > MAX_WRITTEN_DEPTH) throw wrong(schema.path, "is nested too deeply");
    const name = this.newRule(NEVER);
    rules[at] = rule(name);
    this.book.rules.set(name, this.body(flat, level));
    this.depth -= 1;
    return rule(name);
  }

  private flatten(schema: Schema): Schema {
    const known = this.flatOf.get(schema);
    if (known) return known;
    const flat = this.merger.flatten(schema);
    this.flatOf.set(schema, flat);
    return flat;
  }

  private newRule(body: Expression): string {
    const name = `schema-${this.book.rules.size}`;
    this.book.rules.set(name, body);
    return name;
  }

  private body(flat: Schema, level: number): Expression {
    if (isNever(flat)) return NEVER;
    const { anyOf, ...rest } = flat;
    if (anyOf) {
      return choice(...this.branches(rest, anyOf).map((branch) => this.write(branch, level)));
    }
    if (flat.oneOf) return this.oneOf(flat, level);
    if (flat.values) return this.values(flat, flat.values);
    const types = flat.types ?? impliedTypes(flat);
    if (types === undefined) return anyValue(level);
    return choice(
      ...JSON_TYPES.filter((type) => types.has(type)).map((type) => this.typed(type, flat, level)),
    );
  }

  /** Each branch merged with the keywords beside the branches. */
  private branches(rest: Schema, branches: readonly Schema[]): readonly Schema[] {
    const known = this.branchesOf.get(branches);
    if (known) return known;
    const joined = branches.map((one) => (isBare(rest) ? one : this.merger.merge(rest, one)));
    this.branchesOf.set(branches, joined);
    return joined;
  }

  private oneOf({ oneOf = [], ...rest }: Schema, level: number): Expression {
    const branches = this.branches(rest, oneOf);
    if (branches.length > MAX_BRANCHES_COMPARED) {
      throw wrong(`${rest.path}/oneOf`, `has more than ${MAX_BRANCHES_COMPARED} branches`);
    }
    branches.forEach((branch, index) => {
      for (const other of branches.slice(index + 1)) {
        if (this.merger.areDisjoint(branch, other)) continue;
        const why = "has branches that may overlap; use anyOf";
        throw wrong(`${rest.path}/oneOf`, why);
      }
    });
    return choice(...branches.map((branch) => this.write(branch, level)));
  }

  private values(schema: Schema, values: readonly unknown[]): Expression {
    const compatible = ["path", "types", "values", "formats"];
    const beside = Object.keys(schema).find((key) => !compatible.includes(key));
    if (beside !== undefined) {
      throw wrong(
        `${schema.path}/enum`,
        "is combined with other conditions on the same value; remove them",
      );
    }
    const { types, formats = [] } = schema;
    const fitting = values.filter(
      (value) =>
        hasType(value, types) &&
        (typeof value !== "string" || formats.every((format) => hasFormat(value, format))),
    );
    return fitting.length === 0 ? NEVER : oneOfTexts(fitting.map((value) => JSON.stringify(value)));
  }

  private typed(type: JsonType, schema: Schema, level: number): Expression {
    switch (type) {
      case "object":
        return this.object(schema, level);
      case "array":
        return this.array(schema, level);
      case "string":
        return this.string(schema);
      case "number":
      case "integer":
        return this.number(type, schema);
      case "boolean":
        return choice(text("true"), text("false"));
      case "null":
        return text("null");
    }
  }

  private string(schema: Schema): Expression {
    const { patterns = [], formats = [], minLength = 0 } = schema;
    const maxLength = limitOf(schema.maxLength, minLength);
    const conditions = { patterns, formats, minLength, maxLength };
    const key = JSON.stringify(conditions);
    const known = this.strings.get(key);
    if (known) return known;
    const place = `the schema cannot be used: ${schema.path} has a pattern, format or length that`;
    const written = stringExpression(conditions, this.book, place);
    const found = written.kind === "rule" ? written : rule(this.newRule(written));
    this.strings.set(key, found);
    return found;
  }

  private number(type: "number" | "integer", schema: Schema): Expression {
    if (schema.min ?? schema.max) this.boundedNumbers += 1;
    if (this.boundedNumbers > LIMITS.schema.boundedNumbers) {
      throw wrong(
        schema.path,
        `is one of more than ${LIMITS.schema.boundedNumbers} numbers with bounds`,
      );
    }
    const far = Number(MAX_WHOLE);
    const beyond = "exceeds the 15 digits that numbers in answers may have";
    if (schema.min && schema.min.value > far) throw wrong(`${schema.path}/minimum`, beyond);
    if (schema.max && schema.max.value < -far) throw wrong(`${schema.path}/maximum`, beyond);
    return type === "integer" ? integerSchema(schema) : numberSchema(schema);
  }

  private object(schema: Schema, level: number): Expression {
    const { properties = new Map<string, Schema>(), required = new Set<string>(), path } = schema;
    const inside = levelBelow(level);
    const named = properties.size > 0 || required.size > 0 || schema.properties !== undefined;
    const open = schema.additional ?? (named ? undefined : { path });
    const others = open === undefined || isNever(open) ? undefined : open;
    const min = schema.minProperties ?? 0;
    const max = limitOf(schema.maxProperties);
    const members = [...properties].map(([key, value]) => ({ key, value }));
    for (const key of required) {
      if (!properties.has(key)) members.push({ key, value: schema.additional ?? { path } });
    }
    if (min > Math.max(1, required.size)) {
      throw wrong(
        `${path}/minProperties`,
        "is more than the number of required properties; require more of them",
      );
    }
    if (max < members.length) {
      throw wrong(`${path}/maxProperties`, "is less than the number of properties");
    }
    if (members.length === 0 && others && isBare(others) && min === 0 && !Number.isFinite(max)) {
      return anyObject(level);
    }
    const keys = members.map(({ key }) => key);
    const pair = others && member(otherKeys(keys), this.write(others, inside));
    const written = members.map(({ key, value }) => ({
      of: member(literal(key), this.write(value, inside)),
      required: required.has(key),
    }));
    const more = { of: pair, min, max: max - members.length };
    const content = braced(this.list(written, more, inside), level);
    return min === 0 && required.size === 0 ? choice(text("{}"), content) : content;
  }

  private array(schema: Schema, level: number): Expression {
    const { prefix = [], path } = schema;
    const inside = levelBelow(level);
    const min = schema.minItems ?? 0;
    const max = limitOf(schema.maxItems, min);
    const closed = schema.prefix !== undefined && min <= prefix.length;
    const items = schema.items ?? (closed ? undefined : { path });
    const others = items === undefined || isNever(items) ? undefined : this.write(items, inside);
    if (max < min) return NEVER;
    const kept = prefix.slice(0, Math.min(prefix.length, max));
    const written = kept.map((of, at) => ({ of: this.write(of, inside), required: at < min }));
    const more = { of: others, min: min - kept.length, max: max - kept.length };
    const content = bracketed(this.list(written, more, inside, "in order"), level);
    return min === 0 ? choice(text("[]"), content) : content;
  }

  /**
   * One or more parts with commas between: first `parts`, some of them optional, then `min` to
   * `max` others. With `in order`, no part may follow an omitted one. For objects, `min` counts all
   * members and is 0 or 1 unless the required ones suffice.
   */
  private list(
    parts: readonly { readonly of: Expression; readonly required: boolean }[],
    { of: others, min, max }: Others,
    level: number,
    order?: "in order",
  ): Expression {
    const more = (count: number): Expression =>
      others === undefined
        ? count > 0
          ? NEVER
          : EMPTY
        : repeat(sequence(comma(level), others), count, Math.max(max, count));
    const minMore = order === undefined ? 0 : Math.max(0, min);
    // expressions for the rest of the list: after a part, and at its beginning
    let after: Expression = more(minMore);
    let first: Expression = NEVER;
    if (others && max > 0) {
      const beyond = repeat(sequence(comma(level), others), Math.max(0, min - 1), max - 1);
      first = sequence(others, beyond);
    }
    for (const { of, required } of parts.toReversed()) {
      const here = sequence(of, after);
      const skipped = order === undefined ? first : NEVER;
      const left = order === undefined ? after : EMPTY;
      first = rule(this.newRule(required ? here : choice(here, skipped)));
      const next = sequence(comma(level), here);
      after = rule(this.newRule(required ? next : choice(next, left)));
    }
    return first;
  }
}

interface Others {
  /** Undefined: there are none. */
  readonly of: Expression | undefined;
  readonly min: number;
  readonly max: number;
}

/** True if the value is written alike at every level. */
function isScalar({ anyOf, oneOf, values, types }: Schema): boolean {
  if (anyOf ?? oneOf) return false;
  return (
    values !== undefined || (types !== undefined && !types.has("object") && !types.has("array"))
  );
}

function decodePointer(part: string, path: string): string {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    throw wrong(`${path}/$ref`, "is not a valid JSON pointer");
  }
}

/** Types that the keywords of a schema without `type` apply to. */
function impliedTypes(schema: Schema): ReadonlySet<JsonType> | undefined {
  const implied = new Set<JsonType>();
  const hasAny = (...keys: readonly (keyof Schema)[]): boolean =>
    keys.some((key) => schema[key] !== undefined);
  if (hasAny("properties", "required", "additional", "minProperties", "maxProperties")) {
    implied.add("object");
  }
  if (hasAny("items", "prefix", "minItems", "maxItems")) implied.add("array");
  if (hasAny("minLength", "maxLength", "patterns", "formats")) implied.add("string");
  if (hasAny("min", "max")) implied.add("number");
  return implied.size === 0 ? undefined : implied;
}
