import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { accepts, bytesVocabulary, compile } from "../../tests/schemas/bytes.ts";
import { VireoError } from "../core/errors.ts";
import { parseGbnf } from "./gbnf.ts";
import { compileProgram } from "./program.ts";
import type { Vocabulary } from "./vocabulary.ts";

let vocabulary: Vocabulary;
beforeAll(async () => {
  vocabulary = await bytesVocabulary();
});
const grammarOf = (source: string) => compile(parseGbnf(source), vocabulary);

const ARITHMETIC = `# sums
root  ::= (expr "=" ws term "\\n")+
expr  ::= term ([-+*/] term)*   # left to right
term  ::= ident | num
        | "(" ws expr ")" ws
ident ::= [a-z] [a-z0-9_]* ws
num   ::= [0-9]{1,3} ws
ws    ::= [ \\t\\n]*
`;

test("a grammar of llama.cpp's kind", () => {
  const grammar = grammarOf(ARITHMETIC);
  for (const text of ["a=1\n", "(x_1 +12) *3 = y\n", "1=1\n2=2\n"]) {
    expect(accepts(grammar, text), text).toBe(true);
  }
  for (const text of ["a=1", "1234=1\n", "=1\n", "(a=1\n", ""]) {
    expect(accepts(grammar, text), text).toBe(false);
  }
});

test.each([
  ['root ::= "a" | "b" "c"', ["a", "bc"], ["ab", "b"]],
  ['root ::= "\\x41\\u00e9\\U0001F642\\n\\""', ['Aé🙂\n"'], ["A"]],
  ['root ::= [^"\\]a-c]{2}', ["zé"], ["az", '""', "z]"]],
  ['root ::= "a"{2,} "b"{1,2} .', ["aab!", "aaabb🙂"], ["ab!", "aabbb!"]],
  ["root ::= x\nx ::=\n  | [-+] x\n", ["", "+-+"], ["1"]],
  ['root ::= ("a"\n  "b"\n)?', ["", "ab"], ["a"]],
])("%j", (source, yes, no) => {
  const grammar = grammarOf(source);
  expect(yes.filter((text) => !accepts(grammar, text))).toEqual([]);
  expect(no.filter((text) => accepts(grammar, text))).toEqual([]);
});

describe("refused", () => {
  test.each([
    ["", "there is no rule root"],
    ['x ::= "a"', "there is no rule root"],
    ["root ::= y", "line 1: there is no rule y"],
    ['root ::= "a"\nroot ::= "b"', "line 2: the rule root is defined twice"],
    ['root ::= "a', 'expected "'],
    ['root ::= "a\nb"', "before the line ends"],
    ["root ::= [a", "expected ]"],
    ["root ::= [z-a]", "end of the range is before its start"],
    ['root ::= ("a"', "not closed"],
    ['root ::= "a")', "expected the end of the line"],
    ['root ::= "a"{3,1}', "wrong order"],
    ['root ::= "a"{1000000000}', "count up to"],
    ["root = x", "expected ::="],
    ['root ::= "\\ud800"', "not a Unicode character"],
    ['root ::= root "a" | "b"', "begins with itself"],
    ['root ::= a\na ::= b?\n a2 ::= "x"\nb ::= a "x"', "begins with itself"],
    ["root ::= root", "no answer at all"],
    ['root ::= "a" root', "no answer at all"],
    [`root ::= ${"(".repeat(5000)}`, "too deeply"],
    [`root ::= ${'(("a"{0,99999}){0,99999}){0,99999}'}`, "too large"],
  ])("%s", (source, says) => {
    const run = () => compileProgram(parseGbnf(source));
    expect(run).toThrow(VireoError);
    expect(run).toThrow(says);
  });

  test("rules in every order that would make a slow reader slow", () => {
    const count = 4000;
    const chain = Array.from({ length: count }, (_, i) => `r${i} ::= r${i + 1}? "x"`);
    for (const order of [chain, chain.toReversed()]) {
      const source = ["root ::= r0", ...order, `r${count} ::= "y"`].join("\n");
      expect(compileProgram(parseGbnf(source)).kind.length).toBeLessThan(10 * count);
    }
  });
});

test("noise is refused or understood, never a crash", () => {
  const unit = fc.constantFrom(
    ...'root ::= "a[b-c](){}|*+?.\\n#,0129\n\t',
    "é",
    "root ::= ",
    '"x"',
  );
  fc.assert(
    fc.property(fc.array(unit, { maxLength: 40 }), (units) => {
      try {
        compileProgram(parseGbnf(`root ::= ${units.join("")}`));
      } catch (error) {
        expect(error).toBeInstanceOf(VireoError);
      }
    }),
    { numRuns: 3000, seed: 4 },
  );
});
