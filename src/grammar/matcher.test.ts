import { beforeAll, describe, expect, test } from "vitest";
import { chooser, compile } from "../../tests/schemas/bytes.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { Automaton } from "./automaton.ts";
import { characters, choice, repeat, rule, sequence, text } from "./expression.ts";
import { parseGbnf } from "./gbnf.ts";
import { CompiledGrammar, openGrammar } from "./matcher.ts";
import { outputGrammar } from "./output-grammar.ts";
import { compileProgram } from "./program.ts";
import { isAllowed, readVocabulary, type Vocabulary } from "./vocabulary.ts";

const EOS = 3;

/** All bytes, and tokens of up to 12 bytes of the kinds that real vocabularies have; some twice. */
function someTokens(): Uint8Array[] {
  const choose = chooser(5);
  const kinds = [
    "etaoin shrdlu",
    "ABCDEF_-",
    "0123456789",
    '{}[]":, \n\\',
    "éßñ日本語🙂",
    "<>/TOLCA",
  ];
  const tokens = Array.from({ length: 10 }, () => new Uint8Array(0));
  for (let byte = 0; byte < 256; byte++) tokens.push(Uint8Array.of(byte));
  while (tokens.length < 6000) {
    const letters = [...kinds[choose(kinds.length)]!, ...(choose(3) === 0 ? kinds.join("") : "")];
    const said = Array.from({ length: 1 + choose(6) }, () => letters[choose(letters.length)]);
    const bytes = Buffer.from(said.join(""));
    tokens.push(Uint8Array.from(choose(8) === 0 ? bytes.subarray(choose(2)) : bytes));
  }
  return tokens;
}

const TOKENS = someTokens();
let vocabulary: Vocabulary;
beforeAll(async () => {
  const bytesOf = (id: number) => TOKENS[id] ?? new Uint8Array(0);
  vocabulary = await readVocabulary({ tokens: 6100, bytesOf, eosIds: [EOS] });
});

/** The expected mask, computed token by token. */
function slowly(grammar: CompiledGrammar, accepted: readonly number[]): number[] {
  const begin = () => {
    const matcher = grammar.open();
    for (const id of accepted) matcher.accept(id);
    return matcher;
  };
  const ids = TOKENS.flatMap((bytes, id) => (bytes.length > 0 && begin().accept(id) ? [id] : []));
  return begin().mayEnd ? [EOS, ...ids] : ids;
}

function idsOf(mask: Int32Array): number[] {
  return Array.from({ length: 32 * mask.length }, (_, id) => id).filter((id) =>
    isAllowed(mask, id),
  );
}

const GRAMMARS = {
  json: outputGrammar({ type: "json_object" }),
  schema: outputGrammar({
    type: "json_schema",
    schema: JSON.stringify({
      type: "object",
      properties: { name: { type: "string", maxLength: 9 }, n: { type: "number" }, 日: {} },
      additionalProperties: { type: "string", pattern: "^[a-zé]{3,40}$" },
    }),
  }),
  words: { root: repeat(characters([97, 122]), 2, 30), rules: new Map() },
  ambiguous: outputGrammar({ type: "regex", pattern: "([a-z]*[e-t]+|to|o)*!" }),
  recursive: {
    root: rule("s"),
    rules: new Map([["s", choice(text("o"), sequence(text("t"), rule("s"), text("e")))]]),
  },
};

describe.each(Object.entries(GRAMMARS))("masks of %s", (_name, grammar) => {
  test("are those of tokens tried one by one, all along a text", () => {
    const compiled = compile(grammar, vocabulary);
    for (let seed = 1; seed <= 3; seed++) {
      const choose = chooser(seed);
      const matcher = compiled.open();
      const accepted: number[] = [];
      for (let step = 0; step < 12 && !matcher.finished; step++) {
        const allowed = idsOf(matcher.allowed);
        expect(allowed).toEqual(slowly(compiled, accepted).sort((a, b) => a - b));
        const next = allowed.filter((id) => id !== EOS);
        const id = next[choose(next.length)]!;
        expect(matcher.accept(id)).toBe(true);
        accepted.push(id);
      }
    }
  });
});

test("an end token is allowed if the text may end; finished: nothing else is", () => {
  const matcher = compile({ root: text("to"), rules: new Map() }, vocabulary).open();
  expect([matcher.mayEnd, matcher.finished, isAllowed(matcher.allowed, EOS)]).toEqual([
    false,
    false,
    false,
  ]);
  matcher.accept(10 + "t".charCodeAt(0));
  matcher.accept(10 + "o".charCodeAt(0));
  expect([matcher.mayEnd, matcher.finished]).toEqual([true, true]);
  expect(idsOf(matcher.allowed)).toEqual([EOS]);
});

test("a token that is not allowed changes nothing", () => {
  const matcher = compile(GRAMMARS.words, vocabulary).open();
  const before = matcher.allowed;
  for (const id of [0, EOS, 10 + 0x7b, 6099, -1]) expect(matcher.accept(id)).toBe(false);
  expect(matcher.allowed).toBe(before);
});

test("answers under one grammar do not disturb each other, and survive a reset", () => {
  const compiled = compile(GRAMMARS.schema, vocabulary);
  const choose = chooser(9);
  const matchers = Array.from({ length: 4 }, () => compiled.open());
  for (let step = 0; step < 150; step++) {
    for (const [at, matcher] of matchers.entries()) {
      const next = idsOf(matcher.allowed).filter((id) => id !== EOS);
      if (next.length === 0) matchers[at] = compiled.open();
      else expect(matcher.accept(next[choose(next.length)]!)).toBe(true);
    }
    if (step % 50 === 49) {
      const masks = matchers.map((matcher) => idsOf(matcher.allowed));
      compiled.clear();
      expect(matchers.map((matcher) => idsOf(matcher.allowed))).toEqual(masks);
    }
  }
});

describe("work is bounded", () => {
  test("by a refusal of grammars that can be read in too many ways", () => {
    const letters = [..."abcdefgh"];
    // every text of a's is read in 8 ways at each letter, with another memory each
    const rules = new Map([
      ["s", choice(...letters.map((end) => sequence(text("a"), rule("s"), text(end))), text("!"))],
    ]);
    const compiled = compile({ root: rule("s"), rules }, vocabulary);
    const matcher = compiled.open();
    const a = 10 + "a".charCodeAt(0);
    const begun = performance.now();
    const run = () => {
      for (let i = 0; i < 1000; i++) matcher.accept(a);
    };
    expect(run).toThrow(VireoError);
    expect(run).toThrow("too many ways");
    expect(performance.now() - begun).toBeLessThan(20_000);
  });

  test("by visits of positions: a small, very ambiguous grammar is refused early", () => {
    const program = compileProgram(parseGbnf("root ::= [^|] root root{1,3}|"));
    expect(() => openGrammar(program, vocabulary)).toThrow("too many ways");
    const compiled = new CompiledGrammar(program, vocabulary);
    expect(() => compiled.open().allowed).toThrow("too many ways");
    const { places } = compiled.automaton.memory;
    const visited = places.reduce((sum, { length }) => sum + length / 2, 0);
    expect(visited).toBeLessThan(500_000);
  });

  test("by visits of positions: repeated ones count", () => {
    const calls = Array.from({ length: 1000 }, () => rule("s"));
    const rules = new Map([["s", text("a")]]);
    const { workLeft } = new Automaton(compileProgram({ root: choice(...calls), rules }));
    // 1000 calls, the 999 choices between them, and the rule once for each call
    expect(LIMITS.grammar.work - workLeft).toBeGreaterThanOrEqual(2999);
  });

  test("in memory: caches are cleared when they have grown", () => {
    const rules = new Map([["s", choice(sequence(text("{"), rule("s"), text("}")), text("!"))]]);
    const compiled = compile({ root: rule("s"), rules }, vocabulary);
    const matcher = compiled.open();
    const { memory } = compiled.automaton;
    for (let i = 0; i < LIMITS.grammar.states; i++) matcher.accept(10 + 0x7b);
    expect(compiled.automaton.memory).not.toBe(memory);
    expect(compiled.automaton.stateCount).toBeLessThanOrEqual(LIMITS.grammar.states);
    matcher.accept(10 + "!".charCodeAt(0));
    for (let i = 0; i < LIMITS.grammar.states; i++) expect(matcher.accept(10 + 0x7d)).toBe(true);
    expect(matcher.finished).toBe(true);
  });

  test("in depth", () => {
    const compiled = compile(GRAMMARS.json, vocabulary);
    const matcher = compiled.open();
    for (const letter of '{"":') matcher.accept(10 + letter.charCodeAt(0));
    const run = () => {
      while (matcher.accept(10 + "[".charCodeAt(0)));
    };
    expect(run).toThrow("nested too deeply");
  });

  test.each([
    ["itself", [["s", sequence(rule("s"), text("a"))]]],
    [
      "itself over others",
      [
        ["s", choice(text("x"), sequence(rule("t"), text("a")))],
        ["t", sequence(repeat(text("y"), 0, 3), rule("s"))],
      ],
    ],
  ] as const)("a rule that begins with %s is refused", (_name, rules) => {
    const grammar = { root: choice(rule("s"), text("z")), rules: new Map(rules) };
    const ending = { ...grammar, rules: new Map([...grammar.rules]) };
    const allowed = new Map(ending.rules);
    const [name, body] = [...allowed][0]!;
    allowed.set(name, choice(body, text("q")));
    expect(() => compileProgram({ ...ending, rules: allowed })).toThrow("begins with itself");
  });
});

test("a grammar that no token can write is refused", () => {
  const program = compileProgram({ root: text("é"), rules: new Map() });
  return readVocabulary({ tokens: 5, bytesOf: () => Uint8Array.of(97), eosIds: [4] }).then(
    (poor) => {
      expect(() => openGrammar(program, poor)).toThrow("can write");
    },
  );
});
