// A killed run continues: scripts/kill-eval.mjs with a few kills. By hand it kills 50 times.

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const SCRIPT = new URL("../../scripts/kill-eval.mjs", import.meta.url).pathname;

test("three kills lose no answer, repeat none and change no score", () => {
  const told = execFileSync(process.execPath, [SCRIPT, "3"], { encoding: "utf8" });
  expect(told).toMatch(/3 kills: 20 answers, 0 twice, same scores\n$/);
});
