import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { createChatTemplate } from "../text/template.ts";
import { openTokenizer } from "../text/tokenizer.ts";
import { buildPrompt } from "./prompt.ts";

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../tests/golden/${name}`, import.meta.url), "utf8"));

const tokenizer = openTokenizer(golden("tiny-checkpoint/tokenizer.json"), {});
const template = createChatTemplate(tokenizer);
const imageIds = { begin: 493, placeholder: 492, end: 494 };

interface Case {
  messages: { role: ChatMessage["role"]; content: string | { type: string; text?: string }[] }[];
  tiles_per_image: number[];
  input_ids: number[];
}

function toMessage({ role, content }: Case["messages"][number]): ChatMessage {
  if (typeof content === "string") return { role, content };
  const parts = content.map(
    ({ type, text }): ContentPart =>
      type === "text" ? { type, text: text ?? "" } : { type: "image", bytes: new Uint8Array() },
  );
  return { role, content: parts };
}

describe("against the golden data", () => {
  test.each(["mm-one-image", "mm-two-images", "mm-rgba-gray"])("%s", (name) => {
    const { messages, tiles_per_image, input_ids } = golden(`cases/${name}.json`) as Case;
    const { pieces } = template.render(messages.map(toMessage));
    const imageTokens = tiles_per_image.map((tiles) => tiles * 4);
    const prompt = buildPrompt({ pieces, tokenizer, imageTokens, imageIds });
    expect(prompt.ids).toEqual(input_ids);
    for (const { start, length, mediaIndex } of prompt.spans) {
      expect(length).toBe(imageTokens[mediaIndex]);
      expect(prompt.ids[start - 1]).toBe(imageIds.begin);
      expect(prompt.ids.slice(start, start + length)).toEqual(Array(length).fill(492));
      expect(prompt.ids[start + length]).toBe(imageIds.end);
    }
  });
});

test("a prompt that is too long is noticed early", () => {
  const { pieces } = template.render([{ role: "user", content: "a b ".repeat(200_000) }]);
  const { ids } = buildPrompt({ pieces, tokenizer, imageTokens: [], imageIds, maxIds: 1000 });
  expect(ids.length).toBeGreaterThan(1000);
  expect(ids.length).toBeLessThan(100_000);
});

test("a placeholder from elsewhere is a bug", () => {
  const pieces = [{ kind: "control", id: 492 }] as const;
  expect(() => buildPrompt({ pieces, tokenizer, imageTokens: [], imageIds })).toThrow("bug");
});
