import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { accepts, bytesVocabulary, chooser, compile, drawText } from "../../tests/schemas/bytes.ts";
import { parseRegex } from "./regex.ts";
import type { Vocabulary } from "./vocabulary.ts";

let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});
const grammarOf = (pattern: string) =>
  compile({ root: parseRegex(pattern), rules: new Map() }, vocabulary);
const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`, "u");

const character = fc.constantFrom(..."abc019 _-é日🙂.\n", "\\n", "\\.", "\\-", "\\x41", "\\u00e9");
const set = fc
  .tuple(
    fc.boolean(),
    fc.array(fc.constantFrom("a-c", "0-9", "\\d", "\\s", "é-ñ", "_", "🙂", "\\]")),
  )
  .map(([negative, members]) => `[${negative ? "^" : ""}${members.join("")}]`)
  .filter((text) => text !== "[]");
const { pattern: random } = fc.letrec<{ pattern: string; piece: string; atom: string }>((tie) => ({
  pattern: fc
    .array(fc.array(tie("piece"), { maxLength: 4 }), { minLength: 1, maxLength: 3 })
    .map((options) => options.map((pieces) => pieces.join("")).join("|")),
  piece: fc
    .tuple(tie("atom"), fc.constantFrom("", "", "?", "*", "+", "{2}", "{1,3}", "{0,}", "+?"))
    .map(([atom, count]) => atom + count),
  atom: fc.oneof(
    { maxDepth: 3 },
    character.map((text) => (text === "." || text === "-" || text === "\\-" ? "[.-]" : text)),
    set,
    fc.constantFrom(".", "\\w", "\\W", "\\d", "\\D", "\\s", "\\S"),
    tie("pattern").map((inner) => `(${inner})`),
    tie("pattern").map((inner) => `(?:${inner})`),
    tie("pattern").map((inner) => `(?<name>${inner})`),
  ),
}));
const valid = random.filter((pattern) => {
  try {
    return whole(pattern) instanceof RegExp;
  } catch {
    return false; // as two groups of one name
  }
});

test("texts sampled from a pattern's grammar match the pattern", () => {
  fc.assert(
    fc.property(valid, fc.nat(), (pattern, seed) => {
      const text = drawText(grammarOf(pattern), chooser(seed), 200);
      if (text !== undefined) expect(whole(pattern).test(text), JSON.stringify(text)).toBe(true);
    }),
    { numRuns: 800, seed: 21 },
  );
});

test("the grammar accepts exactly the texts that the pattern matches", () => {
  const texts = fc.array(fc.constantFrom(..."abc019 _-é日🙂\n."), { maxLength: 5 });
  fc.assert(
    fc.property(valid, fc.array(texts, { minLength: 5, maxLength: 5 }), (pattern, all) => {
      const grammar = grammarOf(pattern);
      for (const letters of all) {
        const text = letters.join("");
        expect(accepts(grammar, text), JSON.stringify(text)).toBe(whole(pattern).test(text));
      }
    }),
    { numRuns: 800, seed: 22 },
  );
});

test.each([
  ["^abc$", "abc"],
  ["^a|b$", "b"],
  ["(^a|^b)c", "bc"],
  ["a(b$|c$)", "ac"],
  ["\\ud83d\\ude42", "🙂"],
  ["\\u{1f642}", "🙂"],
  ["[\\b]", "\b"],
  ["a{3}", "aaa"],
  ["\\/\\.", "/."],
])("%s matches %j", (pattern, text) => {
  expect(accepts(grammarOf(pattern), text)).toBe(true);
});

describe("refused, with the place", () => {
  test.each([
    ["(?=(?!a)b)", "a lookahead in a lookahead"],
    ["(?<!a)b", "lookbehind"],
    ["(?i)a", "lookbehind and flags"],
    ["(a)\\1", "\\1"],
    ["\\bword", "\\b"],
    ["\\p{L}", "\\p"],
    ["\\k<n>", "\\k"],
    ["a^b", "can never match"],
    ["a$b", "can never match"],
    ["(^a)*", "cannot be repeated"],
    ["*a", "nothing to repeat"],
    ["a**", "a count after a count"],
    ["a{2,1}", "wrong order"],
    ["a{999999999}", "counts go up to"],
    ["a{x}", "expected a number"],
    ["(a", "not closed"],
    ["a)", "never opened"],
    ["[a", "expected ]"],
    ["[z-a]", "end of the range is before its start"],
    ["a\\", "after \\"],
    ["\\u{110000}", "not a Unicode character"],
    ["\\xg1", "hexadecimal"],
    [`${"(".repeat(5000)}a`, "too deeply"],
  ])("%s", (pattern, says) => {
    expect(() => parseRegex(pattern)).toThrow(says);
    expect(() => parseRegex(pattern)).toThrow("at character");
  });
});

test("patterns that are slow to run elsewhere are not run", () => {
  for (const pattern of ["(a+)+$", "(a|a)*b", "([a-zA-Z]+)*x", "(.*)*(.*)*y", "(a?){50}a{50}"]) {
    const grammar = grammarOf(pattern);
    const matcher = grammar.open();
    for (let i = 0; i < 300; i++) if (!matcher.accept(97)) break;
    expect(grammar.automaton.stateCount).toBeLessThan(400);
  }
});
