// A long test of structured output. It answers many random schemas with models/tiny, which
// generates noise, and checks each finished answer with an independent validator
// (tests/engine/structured.test.ts). Then it measures grammars over a vocabulary as large as that
// of the 12B model. It needs a built dist/ (npm run setup).
//   node scripts/check-schemas.mjs [--runs 1000]

import { spawnSync } from "node:child_process";
import { openGrammar } from "../dist/grammar/matcher.js";
import { outputGrammar } from "../dist/grammar/output-grammar.js";
import { compileProgram } from "../dist/grammar/program.js";
import { isAllowed, readVocabulary } from "../dist/grammar/vocabulary.js";

const TOKENS = 131_072;
const LOGITS = 132_096;
const EOS = 12;

function runCount() {
  const at = process.argv.indexOf("--runs");
  const count = at < 0 ? 1000 : Number(process.argv[at + 1]);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`--runs is ${process.argv[at + 1]}; expected a whole number of at least 1`);
}

/** Returns a seeded pseudorandom generator of whole numbers below `count`. */
function chooser(seed) {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    const mixed = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 12)) >>> 0) % count;
  };
}

/** Builds a vocabulary like a real one: all bytes, words, numbers, punctuation, other scripts. */
function vocabulary() {
  const choose = chooser(1);
  const tokens = Array.from({ length: 1000 }, () => Buffer.alloc(0));
  for (let byte = 0; byte < 256; byte++) tokens.push(Buffer.of(byte));
  const seen = new Set(tokens.map((token) => token.toString("latin1")));
  while (tokens.length < TOKENS) {
    const token = Buffer.from(word(choose));
    const name = token.toString("latin1");
    if (seen.has(name)) continue;
    seen.add(name);
    tokens.push(token);
  }
  return tokens;
}

const LETTERS = "etaoinshrdlucmfwypvbgkjqxz";
const SIGNS = "{}[]\",:;()<>=\\/0123456789'+-*&%$#@!?.|~^` \n";

function word(choose) {
  const kind = choose(20);
  const length = 1 + choose(9);
  const letters = Array.from({ length }, () => {
    if (kind < 11) return LETTERS[Math.min(choose(26), choose(26))];
    if (kind < 13) return LETTERS[choose(26)].toUpperCase();
    if (kind < 15) return SIGNS[choose(SIGNS.length)];
    return String.fromCodePoint(0xc0 + choose(choose(2) ? 0x400 : 0x8000));
  });
  return (choose(2) ? " " : "") + letters.join("");
}

const SCHEMAS = {
  "flat object": {
    type: "object",
    properties: {
      name: { type: "string" },
      age: { type: "integer", minimum: 0, maximum: 150 },
      tags: { type: "array", items: { enum: ["a", "b", "c"] }, maxItems: 5 },
    },
    required: ["name", "age", "tags"],
  },
  "counted strings": {
    type: "object",
    properties: {
      code: { type: "string", pattern: "^[A-Z]{2}-\\d{4}$" },
      text: { type: "string", maxLength: 500 },
    },
    required: ["code", "text"],
  },
  formats: {
    type: "object",
    properties: {
      day: { type: "string", format: "date" },
      at: { type: "string", format: "date-time" },
      mail: { type: "string", format: "email", pattern: "^[^+]*$", maxLength: 60 },
      page: { type: "string", format: "uri" },
    },
    required: ["day", "at", "mail", "page"],
  },
  "recursive tree": {
    $ref: "#/$defs/node",
    $defs: {
      node: {
        type: "object",
        properties: {
          value: { anyOf: [{ type: "number" }, { type: "string" }, { type: "null" }] },
          children: { type: "array", items: { $ref: "#/$defs/node" } },
        },
        required: ["value"],
        additionalProperties: false,
      },
    },
  },
  "any object": { type: "object" },
  "200 properties": {
    type: "object",
    properties: Object.fromEntries(
      Array.from({ length: 200 }, (_, i) => [`property_${i}`, { type: "string" }]),
    ),
  },
};

function percentile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(3);
}

function measure(name, grammar, read) {
  const started = performance.now();
  const program = compileProgram(outputGrammar(grammar));
  const compileMs = performance.now() - started;
  const compiled = openGrammar(program, read);
  const times = [];
  for (let seed = 1; seed <= 30; seed++) {
    const choose = chooser(seed);
    const matcher = compiled.open();
    for (let step = 0; step < 60; step++) {
      const before = performance.now();
      const { allowed, finished } = matcher;
      times.push(performance.now() - before);
      if (finished) break;
      const ids = Array.from({ length: LOGITS }, (_, id) => id).filter(
        (id) => id !== EOS && isAllowed(allowed, id),
      );
      matcher.accept(ids[choose(ids.length)]);
    }
  }
  times.sort((a, b) => a - b);
  const max = times.at(-1).toFixed(2);
  console.log(
    `${name.padEnd(18)} compile ${compileMs.toFixed(2).padStart(7)} ms   mask p50 ` +
      `${percentile(times, 0.5)}  p90 ${percentile(times, 0.9)}  p99 ${percentile(times, 0.99)}  ` +
      `max ${max} ms   (${times.length} masks)`,
  );
}

const count = runCount();
const tested = spawnSync(
  process.execPath,
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "tests/engine/structured.test.ts",
    "-t",
    "random schemas",
  ],
  {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, SCHEMA_RUNS: String(count) },
    stdio: "inherit",
  },
);
if (tested.status !== 0) process.exit(tested.status ?? 1);

const tokens = vocabulary();
const started = performance.now();
const read = await readVocabulary({
  tokens: LOGITS,
  bytesOf: (id) => tokens[id] ?? new Uint8Array(0),
  eosIds: [EOS],
});
const readMs = performance.now() - started;
console.log(
  `vocabulary of ${TOKENS} tokens read in ${readMs.toFixed(0)} ms, in slices, once per model`,
);
for (const [name, schema] of Object.entries(SCHEMAS)) {
  measure(name, { type: "json_schema", schema: JSON.stringify(schema) }, read);
}
