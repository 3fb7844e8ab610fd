// An item of the held-out set (training/vireo_training/evaluation.py) as a request to the engine.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GREEDY } from "../../dist/index.js";

export function requestOf(folder, item, maxTokens) {
  const images = item.images.map((name) => ({
    type: "image",
    bytes: readFileSync(join(folder, name)),
  }));
  return {
    messages: [{ role: "user", content: [...images, { type: "text", text: item.question }] }],
    sampling: GREEDY,
    maxTokens,
    stop: [],
    reasoning: {},
    ...(item.tools && { tools: item.tools }),
  };
}
