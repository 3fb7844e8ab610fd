import { expect, test } from "vitest";
import type { ChatRequest } from "../core/chat.ts";
import { estimateTokens } from "./token-estimate.ts";

const bytes = new Uint8Array(0);

test.each<[string, ChatRequest, number, number]>([
  ["text", { messages: [{ role: "user", content: "x".repeat(400) }] }, 100, 512],
  ["a limit", { messages: [{ role: "user", content: "Hi" }], maxTokens: 20 }, 1, 20],
  [
    "media",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "Compare" },
            { type: "image", bytes },
            { type: "video", bytes },
          ],
        },
      ],
    },
    2002,
    512,
  ],
  ["raw ids", { messages: [], prompt: [1, 2, 3], maxTokens: 5 }, 3, 5],
  ["a further answer", { messages: [], prompt: "x", promptAlreadyBilled: true }, 0, 512],
])("%s", (_, request, prompt, answer) => {
  expect(estimateTokens(request)).toEqual({ prompt, answer });
});
