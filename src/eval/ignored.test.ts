import { expect, test } from "vitest";
import { countedFor, headlinesOf, observationOf, type Placed } from "./score-item.ts";
import { meanOf } from "./statistics/bootstrap.ts";

test("an item that the reference leaves out counts in no mean", () => {
  const groups = { language: "en", group: "text recognition" };
  const scores: Placed[] = [0.8, 0.6, 0].map((value, at) => ({
    groups,
    cluster: String(at),
    score: {
      value,
      state: "partial",
      parsed: null,
      rule: "text",
      ...(at === 2 ? { ignored: true } : {}),
    },
  }));
  for (const profile of ["vlmevalkit", "lmms-eval"] as const) {
    const [headline] = headlinesOf("ocrbench-v2", profile);
    const counted = countedFor(scores, headline!);
    expect(counted).toHaveLength(2);
    const mean = meanOf(
      counted.map((line) => observationOf(line, headline!)),
      headline!.weighting,
    );
    expect(mean).toBeCloseTo(0.7, 12);
  }
});
