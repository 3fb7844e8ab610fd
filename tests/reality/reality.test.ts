// Needs: ffmpeg.
// Files of other programs, compared with the results of a second program.
// VIREO_REALITY=all compares all of them and prints tables; otherwise a part that is fast.

import { expect, test } from "vitest";
import { MANIFEST, NAMES, unlisted } from "./expected.ts";
import { type Judgement, judge } from "./judge.ts";
import { agreement, byKind, byProgram, failures, isWrong } from "./table.ts";

const ALL = process.env.VIREO_REALITY === "all";
const ONLY = new RegExp(process.env.VIREO_REALITY_ONLY ?? ".");
/** Documents and videos need processes of their own: one of so many is in the fast part. */
const FAST_SHARE = { pictures: 1, other: 1, documents: 6, videos: 8 } as const;
const FILES_AT_ONCE = 2;

function chosen(): string[] {
  return NAMES.filter((name) => ONLY.test(name)).filter((name, at) => {
    const kind = name.slice(0, name.indexOf("/")) as keyof typeof FAST_SHARE;
    return ALL || (at + 1) % FAST_SHARE[kind] === 0;
  });
}

async function judgeAll(names: readonly string[]): Promise<Judgement[]> {
  const judgements: Judgement[] = [];
  const rest = names.values();
  const work = async (): Promise<void> => {
    for (const name of rest) judgements.push(await judge(name));
  };
  await Promise.all(Array.from({ length: FILES_AT_ONCE }, work));
  return judgements.sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

test("every file of the corpus names the program that made it", () => {
  expect(unlisted()).toEqual([]);
  expect(NAMES.length).toBeGreaterThanOrEqual(150);
  expect(new Set(Object.values(MANIFEST).map(({ program }) => program)).size).toBeGreaterThan(20);
});

test("files of other programs are read as a second program reads them", async () => {
  const judgements = await judgeAll(chosen());
  if (ALL) {
    const tables = [byKind(judgements), byProgram(judgements), agreement(judgements)];
    process.stdout.write(`\n${tables.join("\n\n")}\n\n`);
  }
  expect(judgements.filter(isWrong).length, failures(judgements)).toBe(0);
}, 900_000);
