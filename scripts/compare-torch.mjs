#!/usr/bin/env node
// Compares the engine's greedy answers with PyTorch's, token by token. A difference counts as
// explained if PyTorch's two likeliest tokens are closer than the rounding error of bf16.
//
//   cd training && python3 -m vireo_training.answers ../models/mini ../build/eval \
//     ../build/answers.json
//   node scripts/compare-torch.mjs [--model folder] [--items folder] [--answers file] [--format f]

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { open } from "../dist/index.js";
import { requestOf } from "./eval/request.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
/** The largest difference of log probabilities (natural logarithm) that rounding explains. */
const MARGIN = 0.15;

const { values: flags } = parseArgs({
  options: {
    model: { type: "string", default: join(ROOT, "models/mini") },
    items: { type: "string", default: join(ROOT, "build/eval") },
    answers: { type: "string", default: join(ROOT, "build/answers.json") },
    format: { type: "string", default: "stored" },
  },
});

const lines = readFileSync(join(flags.items, "items.jsonl"), "utf8").trim().split("\n");
const items = new Map(lines.map((line) => JSON.parse(line)).map((item) => [item.id, item]));
const answers = JSON.parse(readFileSync(flags.answers, "utf8"));
const engine = await open(flags.model, { format: flags.format });
const tally = { same: 0, close: 0, unexplained: 0 };
let [tokens, worst] = [0, 0];
for (const wanted of answers) {
  const made = await generate(items.get(wanted.id), wanted.ids.length);
  const at = wanted.ids.findIndex((id, i) => made[i]?.id !== id);
  const until = at < 0 ? wanted.ids.length : at;
  tokens += until;
  for (let i = 0; i < until; i++) {
    const own = made[i].logprob ?? wanted.likeliest[i][0][1];
    worst = Math.max(worst, Math.abs(own - wanted.likeliest[i][0][1]));
  }
  if (at < 0) {
    tally.same++;
    continue;
  }
  const [[, first], [, second]] = wanted.likeliest[at];
  const kind = first - second <= MARGIN ? "close" : "unexplained";
  tally[kind]++;
  console.log(`${wanted.id}: token ${at + 1} differs, margin ${(first - second).toFixed(3)}`);
}
await engine.close();
console.log(
  `${answers.length} answers: ${tally.same} equal, ${tally.close} differ at a margin of at most ` +
    `${MARGIN}, ${tally.unexplained} at a larger one; ${tokens} tokens equal, log probabilities ` +
    `differ by at most ${worst.toFixed(3)}`,
);
process.exitCode = tally.unexplained > 0 ? 1 : 0;

/** Returns the engine's tokens with their log probabilities; the last is the end of turn. */
async function generate(item, maxTokens) {
  const request = { ...requestOf(flags.items, item, maxTokens), topLogprobs: 1 };
  const made = [];
  for await (const event of engine.chat(request)) {
    if (event.type === "text") made.push(...(event.tokens ?? []));
    if (event.type === "end" && event.nativeReason === "eos") made.push({ id: 12 });
  }
  return made;
}
