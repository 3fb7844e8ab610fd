// The small sets that come with vireo load in the layouts of the real ones.

import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { openDataset } from "../../src/eval/dataset.ts";
import { pagesFolder } from "../../src/eval/pages.ts";
import { promptOf } from "../../src/eval/prompts.ts";
import { toText } from "../../src/eval/python/print.ts";
import { isDict, itemsOf } from "../../src/eval/python/value.ts";
import { type RawAnswer, scoreAnswer } from "../../src/eval/score-item.ts";
import { letterOf } from "../../src/eval/scorers/choice.ts";
import { BENCHMARK_IDS, type Item, PROFILES } from "../../src/eval/types.ts";

const PNG = [0x89, 0x50, 0x4e, 0x47];

/** An answer that the rules should take for the gold one. */
function rightAnswer({ options, golds, benchmark, groups, fields }: Item): string {
  const gold = golds[0] ?? "";
  if (groups.type === "VQA with position en") {
    return `{"answer": ${JSON.stringify(gold)}, "bbox": ${toText(fields.bbox!)}}`;
  }
  if (groups.type === "key information extraction en" && isDict(gold)) {
    const values = [...gold].map(([key, allowed]) => [key, itemsOf(allowed)?.[0]]);
    return JSON.stringify(Object.fromEntries(values));
  }
  if (benchmark === "mvbench") return letterOf(options.indexOf(toText(gold)));
  if (groups.type === "text grounding en") return `[${golds.map(toText).join(", ")}]`;
  return toText(gold);
}

const answered = (text: string): RawAnswer => {
  return { text, finishReason: "stop", isReasoned: false, reasoning: "" };
};

test.each(BENCHMARK_IDS)("%s: 20 to 50 items with media, prompts and right answers", async (id) => {
  const dataset = await openDataset(id, pagesFolder(id));
  expect(dataset.items).toBeGreaterThanOrEqual(20);
  expect(dataset.items).toBeLessThanOrEqual(50);
  const values: number[] = [];
  for await (const item of dataset.read()) {
    expect(item.media.length).toBeGreaterThan(0);
    for (const media of item.media) {
      if (media.type === "image") expect([...(await media.read()).slice(0, 4)]).toEqual(PNG);
      else expect(existsSync(media.path), media.path).toBe(true);
    }
    const question = item.question.toLowerCase();
    for (const profile of PROFILES) {
      expect(promptOf(item, profile).toLowerCase()).toContain(question);
    }
    values.push(scoreAnswer(item, answered(rightAnswer(item)), "vlmevalkit").value);
  }
  expect(values).toHaveLength(dataset.items);
  // METEOR stays a little below 1 for equal texts, and some annotators disagree
  expect(Math.min(...values)).toBeGreaterThan(0.99);
});
