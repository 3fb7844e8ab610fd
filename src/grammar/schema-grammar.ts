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
 * The grammar of the JSON texts that satisfy a schema: not all of them (an object's properties
 * come in the order of the schema, numbers have at most 15 digits), but none that does not.
 *
 * json: the parsed schema. level: the number of objects and lists in which the text will stand.
 * Rules are added to the book. Throws invalid_schema.
 */
export function schemaExpression(json: unknown, book: RuleBook, level = 0): Expression {
  return new SchemaWriter(json, book, level).whole();
}

/** More can never come: an answer has at most 131,072 tokens of at most 255 bytes. */
const COUNT_UNREACHABLE = 2 ** 25;
/** Texts and lists with a larger limit are kept to this one, which satisfies the schema too. */
const COUNT_KEPT = 20_000;

function mostOf(count: number | undefined, least = 0): number {
  if (count === undefined || count >= COUNT_UNREACHABLE) return Number.POSITIVE_INFINITY;
  return Math.min(count, Math.max(COUNT_KEPT, least));
}

const MAX_BRANCHES_COMPARED = 64;

/** Of schemas in schemas, those that a `$ref` leads to among them. */
const MAX_WRITTEN_DEPTH = 16 * LIMITS.schemaDepth;

class SchemaWriter {
  private readonly json: unknown;
  private readonly book: RuleBook;
  private readonly level: number;
  private readonly merger: SchemaMerger;
  private readonly byRef = new Map<string, Schema>();
  /** By schema and level, the number of objects and lists around. */
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
      throw wrong(`${path}/$ref`, "leads out of the schema; only #/… is followed");
    }
    let value = this.json;
    for (const part of ref.split("/").slice(1)) {
      const key = decodePointer(part, path);
      const found = typeof value === "object" && value !== null && Object.hasOwn(value, key);
      if (!found) throw wrong(`${path}/$ref`, "leads nowhere");
      value = (value as Readonly<Record<string, unknown>>)[key];
    }
    const schema = readSchema(value, ref);
    this.byRef.set(ref, schema);
    return schema;
  }

  /** Each schema has one rule a level, made before its body: so it may hold itself. */
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

  /** Each branch together with what stands beside it. */
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
        if (this.merger.cannotMeet(branch, other)) continue;
        const why = "has branches that one value may satisfy at once; write anyOf";
        throw wrong(`${rest.path}/oneOf`, why);
      }
    });
    return choice(...branches.map((branch) => this.write(branch, level)));
  }

  private values(schema: Schema, values: readonly unknown[]): Expression {
    const kept = ["path", "types", "values", "formats"];
    const beside = Object.keys(schema).find((key) => !kept.includes(key));
    if (beside !== undefined) {
      throw wrong(
        `${schema.path}/enum`,
        "stands beside conditions on the same value; leave one out",
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
    const { patterns = [], formats = [], leastLength: minLength = 0 } = schema;
    const maxLength = mostOf(schema.mostLength, minLength);
    const said = { patterns, formats, minLength, maxLength };
    const key = JSON.stringify(said);
    const known = this.strings.get(key);
    if (known) return known;
    const place = `the schema cannot be used: ${schema.path} has a pattern, format or length that`;
    const written = stringExpression(said, this.book, place);
    const found = written.kind === "rule" ? written : rule(this.newRule(written));
    this.strings.set(key, found);
    return found;
  }

  private number(type: "number" | "integer", schema: Schema): Expression {
    if (schema.least ?? schema.most) this.boundedNumbers += 1;
    if (this.boundedNumbers > LIMITS.schemaBoundedNumbers) {
      throw wrong(
        schema.path,
        `is one of more than ${LIMITS.schemaBoundedNumbers} numbers with bounds`,
      );
    }
    const far = Number(MAX_WHOLE);
    const beyond = "is beyond the 15 digits that numbers in answers have";
    if (schema.least && schema.least.value > far) throw wrong(`${schema.path}/minimum`, beyond);
    if (schema.most && schema.most.value < -far) throw wrong(`${schema.path}/maximum`, beyond);
    return type === "integer" ? integerSchema(schema) : numberSchema(schema);
  }

  private object(schema: Schema, level: number): Expression {
    const { properties = new Map<string, Schema>(), required = new Set<string>(), path } = schema;
    const inside = levelBelow(level);
    const named = properties.size > 0 || required.size > 0 || schema.properties !== undefined;
    const open = schema.additional ?? (named ? undefined : { path });
    const others = open === undefined || isNever(open) ? undefined : open;
    const least = schema.leastProperties ?? 0;
    const most = mostOf(schema.mostProperties);
    const members = [...properties].map(([key, value]) => ({ key, value }));
    for (const key of required) {
      if (!properties.has(key)) members.push({ key, value: schema.additional ?? { path } });
    }
    if (least > Math.max(1, required.size)) {
      throw wrong(`${path}/minProperties`, "asks for more properties than are required");
    }
    if (most < members.length) {
      throw wrong(`${path}/maxProperties`, "is less than the number of properties");
    }
    if (members.length === 0 && others && isBare(others) && least === 0 && !Number.isFinite(most)) {
      return anyObject(level);
    }
    const keys = members.map(({ key }) => key);
    const pair = others && member(otherKeys(keys), this.write(others, inside));
    const written = members.map(({ key, value }) => ({
      of: member(literal(key), this.write(value, inside)),
      required: required.has(key),
    }));
    const more = { of: pair, least, most: most - members.length };
    const content = braced(this.list(written, more, inside), level);
    return least === 0 && required.size === 0 ? choice(text("{}"), content) : content;
  }

  private array(schema: Schema, level: number): Expression {
    const { prefix = [], path } = schema;
    const inside = levelBelow(level);
    const least = schema.leastItems ?? 0;
    const most = mostOf(schema.mostItems, least);
    const closed = schema.prefix !== undefined && least <= prefix.length;
    const items = schema.items ?? (closed ? undefined : { path });
    const others = items === undefined || isNever(items) ? undefined : this.write(items, inside);
    if (most < least) return NEVER;
    const kept = prefix.slice(0, Math.min(prefix.length, most));
    const written = kept.map((of, at) => ({ of: this.write(of, inside), required: at < least }));
    const more = { of: others, least: least - kept.length, most: most - kept.length };
    const content = bracketed(this.list(written, more, inside, "in order"), level);
    return least === 0 ? choice(text("[]"), content) : content;
  }

  /**
   * One part or more, between commas: first `parts`, of which some may be left out, then others,
   * `least` to `most` of them. With `in order` nothing may come after a part that is left out.
   * For objects `least` counts all members, and is 0 or 1 unless the required ones suffice.
   */
  private list(
    parts: readonly { readonly of: Expression; readonly required: boolean }[],
    { of: others, least, most }: Others,
    level: number,
    order?: "in order",
  ): Expression {
    const more = (count: number): Expression =>
      others === undefined
        ? count > 0
          ? NEVER
          : EMPTY
        : repeat(sequence(comma(level), others), count, Math.max(most, count));
    const leastMore = order === undefined ? 0 : Math.max(0, least);
    // what may follow once something stands there, and what may stand there first
    let after: Expression = more(leastMore);
    let first: Expression = NEVER;
    if (others && most > 0) {
      const beyond = repeat(sequence(comma(level), others), Math.max(0, least - 1), most - 1);
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
  readonly least: number;
  readonly most: number;
}

/** Written alike wherever it stands. */
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
    throw wrong(`${path}/$ref`, "is no pointer");
  }
}

/** A schema without `type` is answered by the kinds of value that it speaks of. */
function impliedTypes(schema: Schema): ReadonlySet<JsonType> | undefined {
  const spoken = new Set<JsonType>();
  const says = (...keys: readonly (keyof Schema)[]): boolean =>
    keys.some((key) => schema[key] !== undefined);
  if (says("properties", "required", "additional", "leastProperties", "mostProperties")) {
    spoken.add("object");
  }
  if (says("items", "prefix", "leastItems", "mostItems")) spoken.add("array");
  if (says("leastLength", "mostLength", "patterns", "formats")) spoken.add("string");
  if (says("least", "most")) spoken.add("number");
  return spoken.size === 0 ? undefined : spoken;
}
