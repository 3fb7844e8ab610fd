import { expect, test } from "vitest";
import { Delivery } from "./delivery.ts";
import { roughCount } from "./token-count.ts";

test("a prompt of token ids is counted as it is", () => {
  const delivery = new Delivery({ messages: [], prompt: [5, 6, 7] }, roughCount);
  expect(delivery.isEmpty).toBe(true);
  delivery.add({ type: "reasoning", text: "12345678" });
  delivery.add({ type: "text", text: "1234" });
  expect(delivery.estimate()).toMatchObject({
    promptTokens: 3,
    completionTokens: 3,
    reasoningTokens: 2,
    estimated: true,
  });
});
