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
  ANY_OBJECT,
  ANY_STRING,
  ANY_VALUE,
  braced,
  bracketed,
  COMMA,
  insideString,
  literal,
  member,
  otherKeys,
  quoted,
  STRING_CHARACTER,
} from "./json-text.ts";
import { integerSchema, numberSchema, WHOLE_MOST } from "./number-range.ts";
import { parseRegex } from "./regex.ts";
import { hasType, JSON_TYPES, type JsonType, readSchema, type Schema, wrong } from "./schema.ts";
import { isBare, isNever, SchemaMerger } from "./schema-merge.ts";
import { withLengths } from "./text-length.ts";

/** Where rules are gathered, by one or several schemas. */
export interface RuleBook {
  readonly rules: Map<string, Expression>;
}

/**
 * The grammar of the JSON texts that satisfy a schema: not all of them (an object's properties
 * come in the order of the schema, numbers have at most 15 digits), but none that does not.
 *
 * json: the parsed schema. Rules are added to the book. Throws invalid_schema.
 */
export function schemaExpression(json: unknown, book: RuleBook): Expression {
  return new SchemaWriter(json, book).whole();
}

/** More can never come: an answer has at most 131,072 tokens of at most 255 bytes. */
const COUNT_UNREACHABLE = 2 ** 25;
/** Texts and lists with a larger limit are kept to this one, which satisfies the schema too. */
const COUNT_KEPT = 20_000;

function mostOf(count: number | undefined, least = 0): number {
  if (count === undefined || count >= COUNT_UNREACHABLE) return Number.POSITIVE_INFINITY;
  return Math.min(count, Math.max(COUNT_KEPT, least));
}

const BRANCHES_COMPARED_MOST = 64;

/** Of schemas in schemas, those that a `$ref` leads to among them. */
const WRITTEN_DEPTH_MOST = 8 * LIMITS.schemaDepth;

class SchemaWriter {
  private readonly json: unknown;
  private readonly book: RuleBook;
  private readonly merger: SchemaMerger;
  private readonly byRef = new Map<string, Schema>();
  private readonly ruleOf = new Map<Schema, Expression>();
  private boundedNumbers = 0;
  private depth = 0;

  constructor(json: unknown, book: RuleBook) {
    this.json = json;
    this.book = book;
    this.merger = new SchemaMerger((ref, path) => this.resolve(ref, path));
  }

  whole(): Expression {
    return this.write(this.resolve("#", "#"));
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

  /** Each schema has one rule, made before its body: so it may hold itself. */
  private write(schema: Schema): Expression {
    const known = this.ruleOf.get(schema);
    if (known) return known;
    if (++this.depth > WRITTEN_DEPTH_MOST) throw wrong(schema.path, "is nested too deeply");
    const name = this.newRule(NEVER);
    this.ruleOf.set(schema, rule(name));
    this.book.rules.set(name, this.body(schema));
    this.depth -= 1;
    return rule(name);
  }

  private newRule(body: Expression): string {
    const name = `schema-${this.book.rules.size}`;
    this.book.rules.set(name, body);
    return name;
  }

  private body(schema: Schema): Expression {
    const flat = this.merger.flatten(schema);
    if (isNever(flat)) return NEVER;
    const { anyOf, ...rest } = flat;
    if (anyOf) return choice(...anyOf.map((branch) => this.write(this.together(rest, branch))));
    if (flat.oneOf) return this.oneOf(flat);
    if (flat.values) return this.values(flat, flat.values);
    const types = flat.types ?? impliedTypes(flat);
    if (types === undefined) return ANY_VALUE;
    return choice(
      ...JSON_TYPES.filter((type) => types.has(type)).map((type) => this.typed(type, flat)),
    );
  }

  private together(rest: Schema, branch: Schema): Schema {
    return isBare(rest) ? branch : this.merger.merge(rest, branch);
  }

  private oneOf({ oneOf = [], ...rest }: Schema): Expression {
    const branches = oneOf.map((branch) => this.together(rest, branch));
    if (branches.length > BRANCHES_COMPARED_MOST) {
      throw wrong(`${rest.path}/oneOf`, `has more than ${BRANCHES_COMPARED_MOST} branches`);
    }
    branches.forEach((branch, index) => {
      for (const other of branches.slice(index + 1)) {
        if (this.merger.cannotMeet(branch, other)) continue;
        const why = "has branches that one value may satisfy at once; write anyOf";
        throw wrong(`${rest.path}/oneOf`, why);
      }
    });
    return choice(...branches.map((branch) => this.write(branch)));
  }

  private values(schema: Schema, values: readonly unknown[]): Expression {
    const beside = Object.keys(schema).find((key) => !["path", "types", "values"].includes(key));
    if (beside !== undefined) {
      throw wrong(
        `${schema.path}/enum`,
        "stands beside conditions on the same value; leave one out",
      );
    }
    const fitting = values.filter((value) => hasType(value, schema.types));
    return fitting.length === 0 ? NEVER : oneOfTexts(fitting.map((value) => JSON.stringify(value)));
  }

  private typed(type: JsonType, schema: Schema): Expression {
    switch (type) {
      case "object":
        return this.object(schema);
      case "array":
        return this.array(schema);
      case "string":
        return stringOf(schema);
      case "number":
      case "integer":
        return this.number(type, schema);
      case "boolean":
        return choice(text("true"), text("false"));
      case "null":
        return text("null");
    }
  }

  private number(type: "number" | "integer", schema: Schema): Expression {
    if (schema.least ?? schema.most) this.boundedNumbers += 1;
    if (this.boundedNumbers > LIMITS.schemaBoundedNumbers) {
      throw wrong(
        schema.path,
        `is one of more than ${LIMITS.schemaBoundedNumbers} numbers with bounds`,
      );
    }
    const far = Number(WHOLE_MOST);
    const beyond = "is beyond the 15 digits that numbers in answers have";
    if (schema.least && schema.least.value > far) throw wrong(`${schema.path}/minimum`, beyond);
    if (schema.most && schema.most.value < -far) throw wrong(`${schema.path}/maximum`, beyond);
    return type === "integer" ? integerSchema(schema) : numberSchema(schema);
  }

  private object(schema: Schema): Expression {
    const { properties = new Map<string, Schema>(), required = new Set<string>(), path } = schema;
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
      return ANY_OBJECT;
    }
    const pair = others && member(otherKeys(members.map(({ key }) => key)), this.write(others));
    const written = members.map(({ key, value }) => ({
      of: member(literal(key), this.write(value)),
      required: required.has(key),
    }));
    return braced(this.list(written, pair, { least, most: most - members.length }));
  }

  private array(schema: Schema): Expression {
    const { prefix = [], path } = schema;
    const least = schema.leastItems ?? 0;
    const most = mostOf(schema.mostItems, least);
    const closed = schema.prefix !== undefined && least <= prefix.length;
    const items = schema.items ?? (closed ? undefined : { path });
    const others = items === undefined || isNever(items) ? undefined : this.write(items);
    if (most < least) return NEVER;
    const kept = prefix.slice(0, Math.min(prefix.length, most));
    const written = kept.map((of, at) => ({ of: this.write(of), required: at < least }));
    const more = { least: least - kept.length, most: most - kept.length };
    return bracketed(this.list(written, others, more, "in order"));
  }

  /**
   * Parts between commas: first `parts`, of which some may be left out, then `others`, of which
   * there are `least` to `most`. With `in order` nothing may come after a part that is left out.
   * For objects `least` counts all members, and is 0 or 1 unless the required ones suffice.
   */
  private list(
    parts: readonly { readonly of: Expression; readonly required: boolean }[],
    others: Expression | undefined,
    { least, most }: { readonly least: number; readonly most: number },
    order?: "in order",
  ): Expression {
    const more = (count: number): Expression =>
      others === undefined
        ? count > 0
          ? NEVER
          : EMPTY
        : repeat(sequence(COMMA, others), count, Math.max(most, count));
    const leastMore = order === undefined ? 0 : Math.max(0, least);
    // what may follow once something stands there, and what may stand there first
    let after: Expression = more(leastMore);
    let first: Expression = NEVER;
    if (others && most > 0) {
      const beyond = repeat(sequence(COMMA, others), Math.max(0, least - 1), most - 1);
      first = sequence(others, beyond);
    }
    if (least <= 0) first = choice(EMPTY, first);
    for (const { of, required } of parts.toReversed()) {
      const here = sequence(of, after);
      const skipped = order === undefined ? first : least > 0 ? NEVER : EMPTY;
      const left = order === undefined ? after : EMPTY;
      first = rule(this.newRule(required ? here : choice(here, skipped)));
      const next = sequence(COMMA, here);
      after = rule(this.newRule(required ? next : choice(next, left)));
    }
    return first;
  }
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
  if (says("leastLength", "mostLength", "pattern")) spoken.add("string");
  if (says("least", "most")) spoken.add("number");
  return spoken.size === 0 ? undefined : spoken;
}

function stringOf(schema: Schema): Expression {
  const { pattern, leastLength = 0, path } = schema;
  const most = mostOf(schema.mostLength, leastLength);
  if (pattern !== undefined) {
    const lengths = withLengths(parseRegex(pattern), leastLength, most);
    if (lengths === undefined) {
      throw wrong(`${path}/pattern`, "stands beside a length that it does not keep by itself");
    }
    return quoted(insideString(lengths));
  }
  if (leastLength === 0 && most === Number.POSITIVE_INFINITY) return ANY_STRING;
  return quoted(repeat(STRING_CHARACTER, leastLength, most));
}
