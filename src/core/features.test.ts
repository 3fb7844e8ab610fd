import { expect, test } from "vitest";
import type { ChatRequest } from "./chat.ts";
import { ALL_FEATURES, type Feature, missingFeatures, requireFeatures } from "./features.ts";

const none: ReadonlySet<Feature> = new Set();
const request: ChatRequest = {
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image", bytes: new Uint8Array([1]), maxTiles: 1 },
      ],
    },
  ],
};

test("a request uses only the features that it names", () => {
  expect(missingFeatures({ messages: [{ role: "user", content: "Hi" }] }, none)).toEqual({
    refused: [],
    ignored: [],
  });
  const greedy = { topK: 0, minP: 0, repetitionPenalty: 1, logitBias: [] };
  expect(missingFeatures({ ...request, sampling: greedy, stop: [] }, none)).toEqual({
    refused: ["images"],
    ignored: ["max_num_tiles"],
  });
  expect(missingFeatures({ ...request, output: { type: "json_object" } }, undefined)).toEqual({
    refused: [],
    ignored: [],
  });
});

test("options without effect are listed, and the rest is refused by name", () => {
  const images: ReadonlySet<Feature> = new Set(["images", "max_tiles"]);
  const sampled = { ...request, sampling: { topK: 5, seed: 7n }, minTokens: 3 };
  expect(requireFeatures(sampled, images, "far")).toEqual(["min_tokens", "top_k", "seed"]);
  const output = { type: "regex", pattern: "a+" } as const;
  expect(() => requireFeatures({ ...sampled, output }, images, "far")).toThrow(
    "structured_outputs.regex asks for regex, which far does not offer; leave it out",
  );
  expect(ALL_FEATURES).toContain("video_pruning_rate");
});

test("tools that may not be called need no tools", () => {
  const tools = [{ name: "f" }];
  expect(missingFeatures({ ...request, tools, toolChoice: "none" }, none).refused).toEqual([
    "images",
  ]);
  expect(missingFeatures({ ...request, tools, toolChoice: { name: "f" } }, none).refused).toEqual([
    "images",
    "tools",
    "tool_choice_named",
  ]);
});
