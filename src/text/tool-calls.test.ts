import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CLOSE_CALLS, createToolCallParser, OPEN_CALLS, type ToolPiece } from "./tool-calls.ts";

interface Parsed {
  text: string;
  calls: { name: string; arguments: string }[];
}

function collect(pieces: readonly ToolPiece[], into: Parsed): void {
  for (const piece of pieces) {
    if (piece.type === "text") into.text += piece.text;
    else into.calls.push(...piece.calls);
  }
}

/** Parses an answer whose pieces end at these places. */
function parse(answer: string, cuts: readonly number[] = []): Parsed {
  const parser = createToolCallParser();
  const parsed: Parsed = { text: "", calls: [] };
  const ends = [...cuts].sort((a, b) => a - b);
  let start = 0;
  for (const end of [...ends, answer.length]) {
    collect(parser.push(answer.slice(start, end)), parsed);
    start = end;
    if (parsed.calls.length > 0) return parsed;
  }
  collect(parser.flush(), parsed);
  return parsed;
}

const call = (name: string, args: string) => ({ name, arguments: args });
const F = '{"name": "f", "arguments": {"x": 1}}';
const CASES: readonly (readonly [string, Parsed])[] = [
  ["Hello", { text: "Hello", calls: [] }],
  ["", { text: "", calls: [] }],
  [" \n ", { text: " \n ", calls: [] }],
  [`<TOOLCALL>[${F}]</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
  [`\n\n<TOOLCALL>[${F}]</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
  [`Well.\n<TOOLCALL>\n[${F}]\n</TOOLCALL>`, { text: "Well.\n", calls: [call("f", '{"x": 1}')] }],
  [
    `<TOOLCALL>[${F}, {"arguments":"{\\"y\\":2}","name":"g"}]</TOOLCALL>`,
    { text: "", calls: [call("f", '{"x": 1}'), call("g", '{"y":2}')] },
  ],
  [`<TOOLCALL>${F}</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
  [`<TOOLCALL>[${F}</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
  [`<TOOLCALL>${F}]</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
  [`<TOOLCALL>[${F}`, { text: "", calls: [call("f", '{"x": 1}')] }],
  ['<TOOLCALL>[{"name":"f"}]</TOOLCALL>', { text: "", calls: [call("f", "{}")] }],
  [
    '<TOOLCALL>[{"name":"f","arguments":{"id":12345678901234567890,"s":"a, b: {"}}]</TOOLCALL>',
    { text: "", calls: [call("f", '{"id":12345678901234567890,"s":"a, b: {"}')] },
  ],
  [
    '<TOOLCALL>[{"name":"f","arguments":{"s":"</TOOLCALL>\\" x"}}]</TOOLCALL>',
    { text: "", calls: [call("f", '{"s":"</TOOLCALL>\\" x"}')] },
  ],
  ["a <TOOLCALL>nonsense</TOOLCALL> b", { text: "a nonsense b", calls: [] }],
  ["<TOOLCALL>[]</TOOLCALL>", { text: "[]", calls: [] }],
  ['<TOOLCALL>[{"arguments":{}}]</TOOLCALL>', { text: '[{"arguments":{}}]', calls: [] }],
  ["<TOOLCALL>[1, null]</TOOLCALL>", { text: "[1, null]", calls: [] }],
  ["a < b <TOOL <TOOLCAL", { text: "a < b <TOOL <TOOLCAL", calls: [] }],
  ["<TOOLCALL>[", { text: "[", calls: [] }],
  ['<TOOLCALL>["', { text: '["', calls: [] }],
  ["So</TOOLCALL> be it", { text: "So be it", calls: [] }],
  [
    `<TOOLCALL>oh</TOOLCALL> <TOOLCALL>[${F}]</TOOLCALL>`,
    { text: "oh ", calls: [call("f", '{"x": 1}')] },
  ],
  [`<TOOLCALL><TOOLCALL>[${F}]</TOOLCALL>`, { text: "", calls: [call("f", '{"x": 1}')] }],
];

test.each(CASES)("%j, split anywhere", (answer, expected) => {
  expect(parse(answer)).toEqual(expected);
  const cut = fc.array(fc.nat(answer.length), { maxLength: 6 });
  fc.assert(
    fc.property(cut, (cuts) => {
      expect(parse(answer, cuts)).toEqual(expected);
    }),
    { numRuns: 200, seed: 1 },
  );
  const each = Array.from({ length: answer.length }, (_, at) => at);
  expect(parse(answer, each)).toEqual(expected);
});

test("any answer gives the same result at every split, and loses only its tags", () => {
  const piece = fc.constantFrom(
    OPEN_CALLS,
    CLOSE_CALLS,
    F,
    "[",
    "]",
    ",",
    '"',
    "\\",
    "<",
    "a",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(200)), (pieces, cuts) => {
      const answer = pieces.join("");
      const whole = parse(answer);
      expect(
        parse(
          answer,
          cuts.map((cut) => cut % (answer.length + 1)),
        ),
      ).toEqual(whole);
      if (whole.calls.length === 0) expect(whole.text).toBe(answer.replace(/<\/?TOOLCALL>/g, ""));
    }),
    { numRuns: 3000, seed: 2 },
  );
});

describe("an incomplete answer", () => {
  const cut = (answer: string): Parsed => {
    const parser = createToolCallParser();
    const parsed: Parsed = { text: "", calls: [] };
    collect([...parser.push(answer), ...parser.flush(true)], parsed);
    return parsed;
  };
  test.each<[string, Parsed]>([
    ["Hello", { text: "Hello", calls: [] }],
    ["<TOO", { text: "", calls: [] }],
    ["List<T", { text: "List<T", calls: [] }],
    ["Well <TOOLCAL", { text: "Well ", calls: [] }],
    ['<TOOLCALL>[{"na', { text: "", calls: [] }],
    ['<TOOLCALL>[{"name": "f', { text: "", calls: [] }],
    ['<TOOLCALL>[{"name": "f"', { text: "", calls: [call("f", "")] }],
    [
      '<TOOLCALL>[{"name": "f", "arguments": {"a": "b',
      { text: "", calls: [call("f", '{"a": "b')] },
    ],
    ['<TOOLCALL>[{"name": "f", "arguments": {}', { text: "", calls: [call("f", "{}")] }],
    [`<TOOLCALL>[${F}, {"name`, { text: "", calls: [call("f", '{"x": 1}')] }],
    [
      `<TOOLCALL>[${F}, {"name": "g", "arguments": {"s": "}\\"], `,
      { text: "", calls: [call("f", '{"x": 1}'), call("g", '{"s": "}\\"], ')] },
    ],
    [`Hi <TOOLCALL>[${F}]</TOOL`, { text: "Hi ", calls: [call("f", '{"x": 1}')] }],
    ["<TOOLCALL>nonsense", { text: "nonsense", calls: [] }],
  ])("%j", (answer, expected) => {
    expect(cut(answer)).toEqual(expected);
  });
});

describe("while an answer streams", () => {
  test("text is held back only while it may be the tag", () => {
    const parser = createToolCallParser();
    expect(parser.push("Hi <TO")).toEqual([{ type: "text", text: "Hi " }]);
    expect(parser.push("AST> ")).toEqual([{ type: "text", text: "<TOAST> " }]);
    expect(parser.push("<TOOLCALL")).toEqual([]);
    expect(parser.push("!")).toEqual([{ type: "text", text: "<TOOLCALL!" }]);
    expect(parser.flush()).toEqual([]);
  });

  test("a long answer inside the tag is scanned once", () => {
    const parser = createToolCallParser();
    parser.push(`<TOOLCALL>[{"name":"f","arguments":{"s":"`);
    for (let i = 0; i < 20_000; i++) expect(parser.push("some more ")).toEqual([]);
    const [piece] = parser.push(`"}}]</TOOLCALL>`);
    expect(piece).toMatchObject({ type: "calls", calls: [{ name: "f" }] });
  });
});

test("text after the calls is dropped, in the same piece and in later ones", () => {
  const calls = `${OPEN_CALLS}[{"name": "f", "arguments": {}}]${CLOSE_CALLS}`;
  for (const pieces of [[`${calls} more${OPEN_CALLS}`], [calls, " more", OPEN_CALLS]]) {
    const parser = createToolCallParser();
    const read = [...pieces.flatMap((piece) => parser.push(piece)), ...parser.flush()];
    expect(read.map(({ type }) => type)).toEqual(["calls"]);
  }
});
