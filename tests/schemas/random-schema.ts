import fc from "fast-check";
import { STRING_FORMATS } from "../../src/core/string-formats.ts";

// Random schemas from all keywords that src/grammar enforces, in unusual combinations.

const KEYS = ["a", "b", "aa", "ab", "name", 'q"uote', "back\\slash", "é", "日本", "", "__proto__"];
const PATTERNS = [
  "^[a-z]{1,8}$",
  "^(foo|bar)-\\d{2,3}$",
  '^["\\\\\\n\\t]{1,4}$',
  "^[^a-zA-Z0-9]?x$",
  "^[\\u00e0-\\u00ff€🙂]{1,3}$",
  "^(?:a|b(?:c|d)?){1,3}$",
  "^.{0,4}$",
  "^\\w+\\s\\S$",
];

const key = fc.constantFrom(...KEYS);
const scalar = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }),
  fc.string({ unit: "grapheme", maxLength: 6 }),
);
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.string({ maxLength: 4 }), scalar, { maxKeys: 3 }),
);

type Schema = Record<string, unknown> | boolean;

const string = fc.record(
  {
    type: fc.constant("string"),
    minLength: fc.nat(4),
    maxLength: fc.integer({ min: 4, max: 12 }),
    format: fc.constant("colour"),
    title: fc.constant("a title"),
  },
  { requiredKeys: ["type", "maxLength"] },
);
const format = fc.record(
  {
    type: fc.constant("string"),
    format: fc.constantFrom(...STRING_FORMATS),
    minLength: fc.nat(4),
    maxLength: fc.integer({ min: 20, max: 80 }),
  },
  { requiredKeys: ["type", "format"] },
);
const pattern = fc.record({ type: fc.constant("string"), pattern: fc.constantFrom(...PATTERNS) });

const whole = fc
  .tuple(fc.integer({ min: -5000, max: 5000 }), fc.nat(3000), fc.boolean(), fc.boolean())
  .map(([least, more, minExclusive, maxExclusive]) => ({
    type: "integer",
    [minExclusive ? "exclusiveMinimum" : "minimum"]: least,
    [maxExclusive ? "exclusiveMaximum" : "maximum"]: least + more + 2,
  }));
const real = fc
  .tuple(
    fc.integer({ min: -50_000, max: 50_000 }),
    fc.integer({ min: 1, max: 90_000 }),
    fc.constantFrom(1, 10, 100, 1000),
    fc.boolean(),
  )
  .map(([least, more, scale, exclusive]) => ({
    type: "number",
    minimum: least / scale,
    [exclusive ? "exclusiveMaximum" : "maximum"]: (least + more) / scale,
  }));
const oneSided = fc
  .tuple(
    fc.constantFrom("integer", "number"),
    fc.constantFrom("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    fc.integer({ min: -300, max: 300 }),
  )
  .map(([type, keyword, bound]) => ({ type, [keyword]: bound }));
const plain = fc.constantFrom<Schema>(
  { type: "integer" },
  { type: "number" },
  { type: "boolean" },
  { type: "null" },
  { type: ["integer", "null"] },
  { type: ["boolean", "string"], maxLength: 5 },
);
const values = fc.oneof(
  fc.record({ enum: fc.array(value, { minLength: 1, maxLength: 5 }) }),
  fc.record({ const: value }),
);

const { schema } = fc.letrec<{ schema: Schema; object: Schema; array: Schema; mixed: Schema }>(
  (tie) => {
    const leaf = fc.oneof(string, format, pattern, whole, real, oneSided, plain, values);
    const properties = fc.uniqueArray(fc.tuple(key, tie("schema")), {
      selector: ([name]) => name,
      maxLength: 5,
    });
    const object = fc
      .tuple(
        properties,
        fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        fc.oneof(
          { weight: 3, arbitrary: fc.constant(undefined) },
          fc.constant(false),
          fc.constant<Schema>({ type: "integer" }),
          fc.constant<Schema>({ enum: ["more"] }),
        ),
        fc.constantFrom(undefined, 1, 6),
      )
      .map(([entries, needed, additionalProperties, maxProperties]): Schema => {
        const names = entries.map(([name]) => name);
        const required = names.filter((_, at) => needed[at]);
        return {
          type: "object",
          properties: Object.fromEntries(entries),
          ...(required.length === 0 ? {} : { required }),
          ...(additionalProperties === undefined ? {} : { additionalProperties }),
          ...(maxProperties === undefined || maxProperties < names.length ? {} : { maxProperties }),
        };
      });
    const array = fc
      .tuple(tie("schema"), fc.array(tie("schema"), { maxLength: 2 }), fc.nat(2), fc.nat(2))
      .map(([items, prefixItems, minItems, more]): Schema => {
        const maxItems = minItems + more;
        const prefix = prefixItems.length === 0 ? {} : { prefixItems };
        return { type: "array", items, ...prefix, minItems, maxItems };
      });
    const mixed = fc.oneof(
      fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
      fc.tuple(whole, whole).map(([a, b]): Schema => ({ allOf: [a, { maximum: b.maximum }] })),
      fc.tuple(tie("object"), tie("object")).map(([a, b]): Schema => ({ allOf: [a, b] })),
      fc.tuple(tie("schema"), tie("schema")).map(
        ([a, b]): Schema => ({
          oneOf: [a, b].map((inner, at) => ({
            type: "object",
            properties: { kind: { const: `k${at}` }, inner },
            required: ["kind", "inner"],
          })),
        }),
      ),
      fc.tuple(tie("schema"), tie("schema")).map(
        ([a, b]): Schema => ({
          type: "object",
          properties: { a, b },
          anyOf: [{ required: ["a"] }, { required: ["b"] }],
        }),
      ),
    );
    return {
      schema: fc.oneof(
        { maxDepth: 3, depthIdentifier: "schema" },
        leaf,
        tie("object"),
        tie("array"),
        tie("mixed"),
      ),
      object,
      array,
      mixed,
    };
  },
);

const recursive = schema.map(
  (data): Schema => ({
    $ref: "#/$defs/tree",
    $defs: {
      data,
      tree: {
        type: "object",
        properties: {
          data: { $ref: "#/$defs/data" },
          children: { type: "array", items: { $ref: "#/$defs/tree" }, maxItems: 2 },
        },
        required: ["data"],
        additionalProperties: false,
      },
    },
  }),
);

/** A schema with definitions stands alone: its `$ref`s are looked up from its own root. */
export const randomSchema: fc.Arbitrary<Schema> = fc
  .oneof({ weight: 6, arbitrary: schema }, { weight: 1, arbitrary: recursive })
  .map((made) => JSON.parse(JSON.stringify(made)) as Schema);
