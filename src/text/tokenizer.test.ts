import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { openTokenizer } from "./tokenizer.ts";

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../tests/golden/${name}`, import.meta.url), "utf8"));

const file = golden("tiny-checkpoint/tokenizer.json") as Record<string, unknown>;
const config = golden("tiny-checkpoint/tokenizer_config.json");
const tokenizer = openTokenizer(file, config);

interface Case {
  text: string;
  ids: number[];
  decoded: string;
  decoded_skip_special: string;
}
const { cases } = golden("cases/tokenizer.json") as { cases: Case[] };

describe("against the golden data", () => {
  test.each(cases)("$text", ({ text, ids, decoded, decoded_skip_special }) => {
    expect(tokenizer.encodeWithAdded(text)).toEqual(ids);
    expect(tokenizer.decode(ids, { skipSpecial: false })).toBe(decoded);
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(decoded_skip_special);
  });
});

describe("ordinary text", () => {
  const added = new Set(tokenizer.addedTokens.map((token) => token.id));

  test.each(tokenizer.addedTokens)("$content in a user's text stays text", ({ content }) => {
    for (const text of [content, `x${content}y`, content + content, ` ${content}\n`]) {
      const ids = tokenizer.encodeText(text);
      expect(ids.filter((id) => added.has(id))).toEqual([]);
      expect(tokenizer.decode(ids, { skipSpecial: true })).toBe(text);
    }
  });

  test("a merge that spells an added token is not used", () => {
    const model = file.model as { vocab: Record<string, number>; merges: unknown[] };
    const tricky = openTokenizer(
      {
        ...file,
        model: {
          ...model,
          vocab: { ...model.vocab, "<s": 500 },
          merges: [["<", "s"], ["<s", ">"], ...model.merges],
        },
      },
      config,
    );
    expect(tricky.encodeText("<s>")).toEqual([500, tricky.encodeText(">")[0]]);
  });

  test("every byte is found again", () => {
    const text = Array.from({ length: 0x2000 }, (_, code) => String.fromCodePoint(code)).join("");
    expect(tokenizer.decode(tokenizer.encodeText(text), { skipSpecial: true })).toBe(text);
  });

  test("a long text is encoded in runs, with the same ids as in one", () => {
    const sentence = "Der Zug hält. The quick brown fox jumps over 12 lazy dogs  again\n\n";
    const ids = tokenizer.encodeText(sentence.repeat(3000));
    expect(ids).toEqual(Array.from({ length: 3000 }, () => tokenizer.encodeText(sentence)).flat());
    expect(tokenizer.encodeText(sentence.repeat(3000), 100).length).toBeLessThan(40_000);
    const emoji = "👍".repeat(50_001);
    expect(tokenizer.decode(tokenizer.encodeText(emoji), { skipSpecial: true })).toBe(emoji);
  });

  test("lone surrogates become U+FFFD", () => {
    const ids = tokenizer.encodeText("a\ud800b");
    expect(tokenizer.decode(ids, { skipSpecial: true })).toBe("a\ufffdb");
  });
});

test("bytes, ids and sizes", () => {
  expect(tokenizer.vocabularySize).toBe(496);
  expect(tokenizer.idOf("<image>")).toBe(492);
  expect(tokenizer.idOf("Hello")).toBeUndefined();
  expect(Buffer.from(tokenizer.bytesOf(12)).toString()).toBe("<SPECIAL_12>");
  expect([...tokenizer.bytesOf(20)]).toEqual([0]);
  expect([...tokenizer.bytesOf(-1), ...tokenizer.bytesOf(9999), ...tokenizer.bytesOf(0.5)]).toEqual(
    [],
  );
});

describe("a broken tokenizer.json is refused by name", () => {
  const model = file.model as Record<string, unknown>;
  const vocab = model.vocab as Record<string, number>;
  const withModel = (changes: object): unknown => ({ ...file, model: { ...model, ...changes } });
  const { A: _, ...withoutA } = vocab;
  test.each([
    [undefined, "the file is missing"],
    ["x".repeat(1e7), "not an object"],
    [[1, 2], "the file is a list"],
    [{}, "model is missing"],
    [{ ...file, added_tokens: 3 }, "added_tokens is 3"],
    [{ ...file, added_tokens: [{ id: 1 }] }, "added_tokens[0].content"],
    [{ ...file, added_tokens: [{ id: -1, content: "x" }] }, "added_tokens[0]"],
    [{ ...file, added_tokens: [{ id: 300, content: "x" }] }, "the id 300"],
    [withModel({ type: "Unigram" }), "only BPE"],
    [withModel({ vocab: 5 }), "model.vocab is 5"],
    [withModel({ vocab: { ...vocab, x: 1e12 } }), "1000000000000"],
    [withModel({ vocab: withoutA }), "no token for the byte 65"],
    [withModel({ merges: [["q", "zzz"]] }), "model.merges[0]"],
    [withModel({ merges: ["a b c"] }), "model.merges[0]"],
    [{ ...file, pre_tokenizer: null }, "ByteLevel"],
    [{ ...file, decoder: { type: "WordPiece" } }, "ByteLevel"],
    [{ ...file, normalizer: { type: "Nothing" } }, "tokenizer.json"],
  ])("case %#", (json, words) => {
    const open = (): unknown => openTokenizer(json, {});
    expect(open).toThrow(VireoError);
    expect(open).toThrow(words);
    expect(open).toThrow("tokenizer.json");
  });
});
