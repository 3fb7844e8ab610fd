// Converts a held-out item (training/vireo_training/evaluation.py) to a request to the engine.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { GREEDY } from "../../dist/index.js";

export function requestOf(folder, item, maxTokens) {
  const files = item.images.map((name) => readFileSync(join(folder, name)));
  const media = item.video
    ? [{ type: "video", bytes: new Uint8Array(0), frames: files }]
    : files.map((bytes) => ({ type: "image", bytes }));
  return {
    messages: [{ role: "user", content: [...media, { type: "text", text: item.question }] }],
    sampling: GREEDY,
    maxTokens,
    stop: [],
    reasoning: item.think ? { enabled: true } : {},
    ...(item.tools && { tools: item.tools }),
  };
}
