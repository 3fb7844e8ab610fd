import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createReasoningSplitter, createThinkingBudget } from "./reasoning.ts";

function split(open: boolean, pieces: readonly string[]): { reasoning: string; text: string } {
  const splitter = createReasoningSplitter(open);
  const answer = { reasoning: "", text: "" };
  for (const { type, text } of [...pieces.flatMap(splitter.push), ...splitter.flush()]) {
    answer[type] += text;
  }
  return answer;
}

describe("the splitter", () => {
  test.each([
    [true, "hm\n</think>\n\nYes.\n", { reasoning: "hm\n", text: "Yes.\n" }],
    [true, "hm</think>  Yes", { reasoning: "hm", text: "  Yes" }],
    [true, "<think>\nhm</think>\nYes", { reasoning: "\nhm", text: "Yes" }],
    [true, "\n<think>hm", { reasoning: "hm", text: "" }],
    [true, "never ends </thin", { reasoning: "never ends </thin", text: "" }],
    [true, "<thi", { reasoning: "<thi", text: "" }],
    [true, "a<think>b</think>c</think>d", { reasoning: "a<think>b", text: "c</think>d" }],
    [true, "</think>\n\n", { reasoning: "", text: "" }],
    [true, "", { reasoning: "", text: "" }],
    [false, "\nhm</think>\nYes", { reasoning: "", text: "\nhm</think>\nYes" }],
  ])("open %s: %j", (open, text, expected) => {
    expect(split(open, [text])).toEqual(expected);
    expect(split(open, [...text])).toEqual(expected);
  });

  test("does not depend on how the text is split", () => {
    const parts = ["<think>", "</think>", "<", "/", "think>", "\n", "a", "</th", " "];
    const pieces = fc.array(fc.constantFrom(...parts), { maxLength: 10 });
    fc.assert(
      fc.property(fc.boolean(), pieces, (open, cut) => {
        expect(split(open, cut)).toEqual(split(open, [cut.join("")]));
      }),
      { numRuns: 3000, seed: 2 },
    );
  });

  test("holds back only text that may begin the tag", () => {
    const { push } = createReasoningSplitter(true);
    expect(push("abc <")).toEqual([{ type: "reasoning", text: "abc " }]);
    expect(push("b")).toEqual([{ type: "reasoning", text: "<b" }]);
  });
});

describe("the thinking budget", () => {
  const forcedAt = (
    budget: number,
    text: (token: number) => string,
  ): [number, string] | undefined => {
    const { observe } = createThinkingBudget(budget);
    for (let token = 1; token < 2000; token++) {
      const forced = observe(text(token));
      if (forced === undefined) continue;
      expect(observe("\n")).toBeUndefined();
      return [token, forced];
    }
    return undefined;
  };
  test("closes at the next line end", () => {
    expect(forcedAt(10, (token) => (token % 7 === 0 ? "x\n" : "x"))).toEqual([14, "</think>\n\n"]);
    expect(forcedAt(14, (token) => (token % 7 === 0 ? "x\n" : "x"))).toEqual([14, "</think>\n\n"]);
  });
  test("closes 500 tokens later at the latest", () => {
    expect(forcedAt(10, () => "x")).toEqual([510, ".\n</think>\n\n"]);
    expect(forcedAt(10, () => "")).toEqual([510, ".\n</think>\n\n"]);
    expect(forcedAt(10, (token) => (token === 9 ? "\n" : ""))).toEqual([510, "</think>\n\n"]);
  });
  test("leaves a model alone that has closed by itself", () => {
    const words = ["a", "</th", "ink>", "\n"];
    expect(forcedAt(3, (token) => words[token - 1] ?? "\n")).toBeUndefined();
  });
});
