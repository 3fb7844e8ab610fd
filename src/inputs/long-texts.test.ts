import { afterAll, expect, test } from "vitest";
import { LIMITS } from "../core/limits.ts";
import { openTextFiles } from "./text-files.ts";

const DIR = new URL("../../models/mini", import.meta.url).pathname;
const { tokenizer, texts } = await openTextFiles(DIR);
afterAll(() => texts.close(new Error("the test is over")));
const turn = { tenant: "a" };

const words = "The river ran, and <image> or <s> and 17 \u20ac\ud83d\ude00 asked why.\n";
const long = words.repeat(1000);

test("a long text has the same ids as in one piece, with and without added tokens", async () => {
  expect(long.length).toBeGreaterThan(LIMITS.tokenizer.inlineCharacters);
  expect(await texts.encode(long, turn)).toEqual(tokenizer.encodeText(long));
  const added = await texts.encode(long, { ...turn, added: true });
  expect(added).toEqual(tokenizer.encodeWithAdded(long));
  expect(added.length).toBeLessThan(tokenizer.encodeText(long).length);
});

test("many short texts of one turn are encoded as one at a time", async () => {
  const many = Array.from({ length: 40 }, (_, i) => `${i} ${words.repeat(20)}`);
  const encoded = await Promise.all(many.map((text) => texts.encode(text, turn)));
  expect(encoded).toEqual(many.map((text) => tokenizer.encodeText(text)));
});

test("the texts of a conversation are prepared together", async () => {
  const pieces = ["a", long, "", `${long}b`];
  const { encodeText } = await texts.prepare(pieces, turn);
  for (const text of [...pieces, "another"]) {
    expect(encodeText(text)).toEqual(tokenizer.encodeText(text));
  }
});

test("encoding stops after the maximum, but not before", async () => {
  for (const added of [false, true]) {
    const { length } = await texts.encode(long.repeat(20), { ...turn, added, maxIds: 1000 });
    expect(length).toBeGreaterThan(1000);
    expect(length).toBeLessThan(40_000);
  }
});

test("ids become the same text", async () => {
  const ids = tokenizer.encodeWithAdded(long);
  expect(ids.length).toBeGreaterThan(LIMITS.tokenizer.inlineCharacters);
  expect(await texts.decode(ids, turn)).toBe(long);
  expect(await texts.decode(ids.slice(0, 20), turn)).toBe(
    tokenizer.decode(ids.slice(0, 20), { skipSpecial: false }),
  );
});
