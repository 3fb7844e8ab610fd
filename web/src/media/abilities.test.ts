import { expect, test } from "vitest";
import type { Model } from "../api/types.ts";
import { missingAbilities, missingAbility } from "./abilities.ts";
import { kindOf } from "./kinds.ts";

const model = (abilities?: unknown): Model => ({ id: "m", abilities }) as Model;

test("an ability that is off is explained for the files that need it, and only for those", () => {
  const hint = "Install ffmpeg and start it again.";
  const lacking = model({ video: { available: false, hint }, office: false });
  const problem = `This server cannot read videos. ${hint}`;
  expect(missingAbility(lacking, kindOf("a.mp4", ""))).toBe(problem);
  expect(missingAbility(lacking, kindOf("a.docx", ""))).toBe(
    "This server cannot read office documents.",
  );
  for (const name of ["a.pdf", "a.png", "a.tiff"]) {
    expect(missingAbility(lacking, kindOf(name, ""))).toBeUndefined();
  }
  expect(missingAbilities(lacking)).toHaveLength(2);
});

test.each([
  [undefined],
  [{}],
  [{ video: true }],
  [{ video: { available: true } }],
  ["x"],
  [null],
])("a server that says %j lacks nothing", (abilities) => {
  expect(missingAbilities(model(abilities))).toEqual([]);
  expect(missingAbility(undefined, kindOf("a.mp4", ""))).toBeUndefined();
});
