import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { createDetokenizer } from "./detokenizer.ts";
import { openTokenizer } from "./tokenizer.ts";

const file = new URL("../../tests/golden/tiny-checkpoint/tokenizer.json", import.meta.url);
const tokenizer = openTokenizer(JSON.parse(readFileSync(file, "utf8")), {});

test.each([
  "Größe 👩‍👩‍👧 日本語 end",
  "\ufeffa",
  "plain",
])("%s: pieces are whole characters and add up", (text) => {
  const detokenizer = createDetokenizer(tokenizer);
  const pieces = tokenizer.encodeText(text).map((id) => detokenizer.push(id));
  expect(pieces.join("") + detokenizer.flush()).toBe(text);
  for (const piece of pieces) expect(piece).not.toContain("\ufffd");
});

test("an incomplete character becomes U+FFFD at the end or before other text", () => {
  const [first, second] = tokenizer.encodeText("日");
  const detokenizer = createDetokenizer(tokenizer);
  expect(detokenizer.push(first!) + detokenizer.push(second!)).toBe("");
  expect(detokenizer.flush()).toBe("\ufffd");
  expect(detokenizer.push(first!)).toBe("");
  expect(detokenizer.push(tokenizer.encodeText("a")[0]!)).toBe("\ufffda");
});

test("special tokens and unused ids have no text, other added tokens have", () => {
  const detokenizer = createDetokenizer(tokenizer);
  expect([12, 492, 100_000].map((id) => detokenizer.push(id)).join("")).toBe("");
  expect(detokenizer.push(tokenizer.idOf("</think>")!)).toBe("</think>");
});
