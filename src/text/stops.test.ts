import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createStopMatcher } from "./stops.ts";

function run(stops: readonly string[], pieces: readonly string[]): { text: string; stop?: string } {
  const matcher = createStopMatcher(stops);
  let text = "";
  for (const piece of pieces) {
    const result = matcher.push(piece);
    text += result.text;
    if (result.stop !== undefined) return { text, stop: result.stop };
  }
  return { text: text + matcher.flush() };
}

describe("stop strings", () => {
  test.each([
    [["END"], ["a E", "N", "D b"], { text: "a ", stop: "END" }],
    [["END"], ["a E", "N"], { text: "a EN" }],
    [["aab"], ["aaa", "b"], { text: "a", stop: "aab" }],
    [["abc", "b"], ["abc"], { text: "a", stop: "b" }],
    [["bc", "abc", "c"], ["xabc"], { text: "x", stop: "abc" }],
    [[""], ["abc"], { text: "abc" }],
    [[], ["abc"], { text: "abc" }],
    [["👍"], ["a👍"], { text: "a", stop: "👍" }],
  ])("%j in %j", (stops, pieces, expected) => {
    expect(run(stops, pieces)).toEqual(expected);
  });

  test("hold text back only while they may still match", () => {
    const matcher = createStopMatcher(["\n\nUser:"]);
    expect(matcher.push("a\n").text).toBe("a");
    expect(matcher.push("\n").text).toBe("");
    expect(matcher.push("b").text).toBe("\n\nb");
  });

  test("are found at every split of the text", () => {
    const word = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 4 });
    const words = fc.array(
      word.map((letters) => letters.join("")),
      { maxLength: 3 },
    );
    const pieces = fc.array(
      word.map((letters) => letters.join("")),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(words, pieces, (stops, cut) => {
        const letters = run(stops, [...cut.join("")]);
        expect(run(stops, cut)).toEqual(letters);
        expect(run(stops, [cut.join("")])).toEqual(letters);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
