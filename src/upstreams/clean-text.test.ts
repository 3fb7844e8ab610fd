import { expect, test } from "vitest";
import { LIMITS } from "../core/limits.ts";
import { cleanText } from "./clean-text.ts";

test.each([
  ["invalid key sk-proj-abcDEF123456 given", "invalid key [key] given"],
  ["Authorization: Bearer abc.def", "Authorization: [key]"],
  ["token eyJhbGciOi.eyJzdWIi.c2ln expired", "token [key] expired"],
  ["connect to http://10.0.0.5:8000/v1?key=1 failed", "connect to [address] failed"],
  ["connect ECONNREFUSED 10.0.0.5:8000", "connect ECONNREFUSED [address]"],
  ["no such file /root/models/x.gguf", "no such file [path]"],
  ["#/properties/a/uniqueItems is unknown", "#/properties/a/uniqueItems is unknown"],
  ["no such file C:\\models\\x", "no such file [path]"],
  ["fault at 0x7f001234abcd", "fault at [address]"],
  [`body ${"QUJD".repeat(30)}`, "body [data]"],
  ["two\r\nlines\u0000\u001b[31m \u202e", "two lines [31m"],
  ["model nvidia/nemotron-nano needs 5/6 tokens", "model nvidia/nemotron-nano needs 5/6 tokens"],
])("%s", (text, clean) => {
  expect(cleanText(text)).toBe(clean);
});

test("removes the secrets of the request wherever they are", () => {
  expect(cleanText("not-like-a-key is wrong", ["not-like-a-key", ""])).toBe("[key] is wrong");
});

test("is bounded, and never ends within a character", () => {
  const { errorCharacters } = LIMITS.upstream;
  const clean = cleanText("🎉 ".repeat(100_000));
  expect(clean.length).toBeLessThanOrEqual(errorCharacters);
  expect(clean).not.toContain("\ufffd");
  expect(Buffer.from(clean).toString()).toBe(clean);
});
