import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { isStringFormat } from "../../src/core/string-formats.ts";

// A JSON Schema validator that is independent of src/grammar and checks its answers: slow,
// plain, and without a word in common with it. Formats are ajv's.

const ajv = new Ajv();
addFormats.default(ajv);

type Json = Readonly<Record<string, unknown>>;

/** The first thing that is wrong, or undefined. */
export function violation(schema: unknown, value: unknown, root = schema): string | undefined {
  if (schema === true) return undefined;
  if (schema === false) return "nothing is allowed here";
  const rules = schema as Json;
  for (const [keyword, expected] of Object.entries(rules)) {
    // The schemas are the tests' own: a keyword holds a value of the type that its check takes.
    const found = KEYWORDS[keyword]?.(expected as never, value, rules, root);
    if (found === false) return `${keyword} ${JSON.stringify(expected)}: ${JSON.stringify(value)}`;
    if (typeof found === "string") return found;
  }
  return undefined;
}

type Check = (
  expected: never,
  value: unknown,
  rules: Json,
  root: unknown,
) => boolean | string | undefined;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const length = (value: unknown): number => (typeof value === "string" ? [...value].length : 0);
const valid = (schema: unknown, value: unknown, root: unknown): boolean =>
  violation(schema, value, root) === undefined;
const first = (found: readonly (string | undefined)[]): string | undefined =>
  found.find((one) => one !== undefined);

function hasType(type: string, value: unknown): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "number") return typeof value === "number" && Number.isFinite(value);
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  return type === "object" ? isObject(value) : typeof value === type;
}

function equal(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((entry, at) => equal(entry, b[at]));
  }
  if (!isObject(a) || !isObject(b)) return a === b;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && equal(a[key], b[key]))
  );
}

const KEYWORDS: Readonly<Record<string, Check>> = {
  type: (types: string | string[], value) => [types].flat().some((type) => hasType(type, value)),
  enum: (values: unknown[], value) => values.some((one) => equal(one, value)),
  const: (one, value) => equal(one, value),
  $ref: (ref: string, value, _, root) => {
    const path = ref.split("/").slice(1);
    const target = path.reduce<unknown>((at, key) => (at as Json)[key], root);
    return violation(target, value, root);
  },
  anyOf: (all: unknown[], value, _, root) => all.some((one) => valid(one, value, root)),
  oneOf: (all: unknown[], value, _, root) =>
    all.filter((one) => valid(one, value, root)).length === 1,
  allOf: (all: unknown[], value, _, root) => first(all.map((one) => violation(one, value, root))),
  required: (keys: string[], value) =>
    !isObject(value) || keys.every((key) => Object.hasOwn(value, key)),
  properties: (schemas: Json, value, _, root) =>
    isObject(value)
      ? first(
          Object.entries(schemas).map(([key, schema]) =>
            Object.hasOwn(value, key) ? violation(schema, value[key], root) : undefined,
          ),
        )
      : undefined,
  additionalProperties: (schema, value, { properties = {} }, root) =>
    isObject(value)
      ? first(
          Object.entries(value).map(([key, entry]) =>
            Object.hasOwn(properties as Json, key) ? undefined : violation(schema, entry, root),
          ),
        )
      : undefined,
  minProperties: (least: number, value) => !isObject(value) || Object.keys(value).length >= least,
  maxProperties: (most: number, value) => !isObject(value) || Object.keys(value).length <= most,
  prefixItems: (schemas: unknown[], value, _, root) =>
    Array.isArray(value)
      ? first(value.slice(0, schemas.length).map((one, at) => violation(schemas[at], one, root)))
      : undefined,
  items: (schema, value, { prefixItems = [] }, root) =>
    Array.isArray(value)
      ? first(
          value
            .slice((prefixItems as unknown[]).length)
            .map((entry) => violation(schema, entry, root)),
        )
      : undefined,
  minItems: (least: number, value) => !Array.isArray(value) || value.length >= least,
  maxItems: (most: number, value) => !Array.isArray(value) || value.length <= most,
  minLength: (least: number, value) => typeof value !== "string" || length(value) >= least,
  maxLength: (most: number, value) => typeof value !== "string" || length(value) <= most,
  format: (name: string, value) =>
    !isStringFormat(name) || ajv.validate({ type: "string", format: name }, value),
  pattern: (source: string, value) =>
    typeof value !== "string" || new RegExp(source, "u").test(value),
  minimum: (least: number, value) => typeof value !== "number" || value >= least,
  maximum: (most: number, value) => typeof value !== "number" || value <= most,
  exclusiveMinimum: (least: number, value) => typeof value !== "number" || value > least,
  exclusiveMaximum: (most: number, value) => typeof value !== "number" || value < most,
};
