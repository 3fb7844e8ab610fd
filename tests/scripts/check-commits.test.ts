import { describe, expect, test } from "vitest";
// @ts-expect-error a script without types
import * as script from "../../scripts/check-commits.mjs";

const { faultsOf } = script as {
  faultsOf(message: { readonly subject: string; readonly body: string }): readonly string[];
};

describe("a commit's message", () => {
  test.each([
    "Read config.json once",
    "Embed images by hash",
    "Re-open a closed page",
  ])("may begin with a verb: %s", (subject) => {
    expect(faultsOf({ subject, body: "Because it was slow." })).toEqual([]);
  });

  test.each([
    ["Reading config.json once", "", /imperative/],
    ["Added a test", "", /imperative/],
    ["cli: read config.json", "", /verb/],
    ["fix", "", /verb/],
    ["Read config.json once.", "", /full stop/],
    [`Read ${"a".repeat(66)}`, "", /71 characters; at most 70/],
    ["Read config.json once", "\n", /no body/],
  ])("is refused: %s", (subject, body, fault) => {
    const faults = faultsOf({ subject, body: body === "" ? "Because." : body });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(fault);
  });
});
