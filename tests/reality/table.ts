// The runner's tables: files by kind and program, and how far the second opinion agrees.

import { MANIFEST } from "./expected.ts";
import type { Judgement } from "./judge.ts";

export const isWrong = ({ checks }: Judgement): boolean => checks.some(({ wrong }) => wrong);

type Row = readonly (string | number)[];

function lines(head: Row, rows: readonly Row[]): string {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, at) => Math.max(...all.map((row) => row[at]!.length)));
  return all.map((row) => row.map((cell, at) => cell.padEnd(widths[at]!)).join("  ")).join("\n");
}

function counted(judgements: readonly Judgement[], keyOf: (j: Judgement) => string): Row[] {
  const groups = new Map<string, Judgement[]>();
  for (const judgement of judgements) {
    const key = keyOf(judgement);
    groups.set(key, [...(groups.get(key) ?? []), judgement]);
  }
  return [...groups].map(([key, group]) => {
    const wrong = group.filter(isWrong).length;
    const refused = group.filter((judgement) => judgement.refused).length;
    return [key, group.length, group.length - refused - wrong, refused, wrong];
  });
}

const HEAD = ["files", "right", "refused by name", "wrong"];

export function byKind(judgements: readonly Judgement[]): string {
  return lines(
    ["kind", ...HEAD],
    counted(judgements, ({ name }) => name.split("/")[0]!),
  );
}

export function byProgram(judgements: readonly Judgement[]): string {
  return lines(
    ["program", ...HEAD],
    counted(judgements, ({ name }) => MANIFEST[name]!.program),
  );
}

/** How many checks of each kind agree. */
export function agreement(judgements: readonly Judgement[]): string {
  const counts = new Map<string, { total: number; right: number }>();
  for (const { name, checks } of judgements) {
    for (const { what, wrong } of checks) {
      const key = `${name.split("/")[0]}: ${what.replace(/^page \d+ /, "page ")}`;
      const count = counts.get(key) ?? { total: 0, right: 0 };
      counts.set(key, { total: count.total + 1, right: count.right + (wrong ? 0 : 1) });
    }
  }
  const rows = [...counts].map(([key, { total, right }]): Row => [key, right, total]);
  return lines(["compared", "agree", "of"], rows);
}

export function failures(judgements: readonly Judgement[]): string {
  return judgements
    .filter(isWrong)
    .map(({ name, checks }) => {
      const wrong = checks.filter((check) => check.wrong);
      return `${name}\n${wrong.map((check) => `    ${check.what}: ${check.wrong}`).join("\n")}`;
    })
    .join("\n");
}
