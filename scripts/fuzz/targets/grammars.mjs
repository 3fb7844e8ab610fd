// Descriptions of outputs: JSON Schemas, regular expressions, GBNF grammars.

import { readFileSync } from "node:fs";
import { openGrammar } from "../../../dist/grammar/matcher.js";
import { outputGrammar } from "../../../dist/grammar/output-grammar.js";
import { compileProgram } from "../../../dist/grammar/program.js";
import { toolGrammar } from "../../../dist/grammar/tool-grammar.js";
import { readVocabulary } from "../../../dist/grammar/vocabulary.js";
import { openTokenizer } from "../../../dist/text/tokenizer.js";
import { expect } from "../check.mjs";
import { createRandom } from "../random.mjs";

const STEPS = 12;
/** An id that ends answers. */
const END = 2;
const COVERS = ["/dist/grammar/"];
let vocabulary;

async function openVocabulary() {
  if (vocabulary !== undefined) return vocabulary;
  const folder = new URL("../../../models/tiny/", import.meta.url);
  const read = (name) => JSON.parse(readFileSync(new URL(name, folder), "utf8"));
  const tokenizer = openTokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
  const { vocabularySize, bytesOf, addedTokens } = tokenizer;
  const special = new Set(addedTokens.map(({ id }) => id));
  const textBytes = (id) => (special.has(id) ? new Uint8Array() : bytesOf(id));
  vocabulary = await readVocabulary({
    tokens: vocabularySize,
    bytesOf: textBytes,
    eosIds: [END],
  });
  return vocabulary;
}

/** Every grammar that is accepted can be walked: an answer never has nowhere to go. */
async function walk(grammar, seed) {
  const compiled = openGrammar(compileProgram(grammar), await openVocabulary());
  const matcher = compiled.open();
  const random = createRandom(seed);
  for (let step = 0; step < STEPS && !matcher.finished; step++) {
    const allowed = idsIn(matcher.allowed);
    expect(allowed.length > 0 || matcher.mayEnd, "an answer can neither go on nor end");
    const texts = allowed.filter((id) => id !== END);
    if (texts.length === 0) return;
    expect(matcher.accept(random.pick(texts)), "an allowed token was refused");
  }
}

function idsIn(words) {
  const ids = [];
  for (let word = 0; word < words.length; word++) {
    for (let bits = words[word]; bits !== 0; bits &= bits - 1) {
      ids.push(word * 32 + 31 - Math.clz32(bits & -bits));
    }
  }
  return ids;
}

const SCHEMAS = [
  {
    type: "object",
    properties: {
      id: { type: "integer", minimum: 1, maximum: 99 },
      day: { type: "string", format: "date" },
      tags: { type: "array", items: { enum: ["a", "b"] }, minItems: 1, maxItems: 3 },
      note: { anyOf: [{ type: "null" }, { type: "string", maxLength: 5 }] },
    },
    required: ["id"],
    additionalProperties: false,
  },
  { $defs: { a: { type: "array", items: { $ref: "#/$defs/a" } } }, $ref: "#/$defs/a" },
  { allOf: [{ type: "string", pattern: "^a+$" }, { minLength: 2 }] },
  { type: "object", patternProperties: { "^x": { type: "number" } }, additionalProperties: true },
];
const KEYS = [
  "type",
  "properties",
  "required",
  "items",
  "prefixItems",
  "enum",
  "const",
  "anyOf",
  "oneOf",
  "allOf",
  "not",
  "$ref",
  "$defs",
  "pattern",
  "format",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "exclusiveMinimum",
  "multipleOf",
  "minItems",
  "maxItems",
  "additionalProperties",
  "propertyNames",
  "patternProperties",
  "minProperties",
  "if",
  "then",
  "else",
  "uniqueItems",
  "contains",
];
const VALUES = [
  "object",
  "array",
  "string",
  "number",
  "integer",
  "null",
  "date-time",
  "uuid",
  "#",
  "^a|b$",
  -1,
  3,
  1e9,
];

export const targets = {
  schema: {
    form: "json",
    covers: COVERS,
    keys: KEYS,
    values: VALUES,
    seeds: () => SCHEMAS,
    async run(json) {
      const schema = JSON.stringify(json);
      await walk(outputGrammar({ type: "json_schema", schema }), schema.length);
    },
  },
  "tool-schema": {
    form: "json",
    covers: COVERS,
    keys: KEYS,
    values: VALUES,
    seeds: () => SCHEMAS,
    async run(parameters) {
      if (typeof parameters !== "object" || parameters === null) return; // refused before
      const tools = [{ name: "f", parameters, strict: true }];
      const grammar = toolGrammar({ tools, choice: "required", parallel: true });
      if (grammar !== undefined) await walk(grammar, 1);
    },
  },
  regex: {
    form: "text",
    covers: COVERS,
    maxBytes: 2048,
    dictionary: [
      "(",
      ")",
      "[",
      "]",
      "{2,5}",
      "*",
      "+?",
      "|",
      "^",
      "$",
      "\\d",
      "\\b",
      "(?=",
      "(?:",
      "\\u{1F600}",
      "\\p{L}",
      ".",
    ],
    seeds: () => ["^(a|b)+c{2,4}$", "[^\\d\\s]{3}", "(?=a)\\w+", "\\p{Lu}.*?"],
    run: async (pattern) => await walk(outputGrammar({ type: "regex", pattern }), pattern.length),
  },
  gbnf: {
    form: "text",
    covers: COVERS,
    maxBytes: 4096,
    dictionary: [
      "root",
      "::=",
      "|",
      "(",
      ")",
      "*",
      "+",
      "?",
      "{1,3}",
      '"a"',
      "[a-z]",
      "[^\\n]",
      "# c\n",
      "\n",
    ],
    seeds: () => [
      'root ::= item ("," item)*\nitem ::= [a-z]+ | "\\"" [^"]{0,3} "\\""\n',
      'root ::= "yes" | "no"',
    ],
    run: async (ebnf) => await walk(outputGrammar({ type: "grammar", ebnf }), ebnf.length),
  },
};
