import type { RunComparison } from "../eval/run/compare-runs.ts";
import type { Summary } from "../eval/run/summary.ts";
import { inWords } from "../eval/statistics/paired.ts";
import { holm } from "../eval/statistics/proportion.ts";
import { STATES } from "../eval/types.ts";
import { inColumns } from "./columns.ts";

/** One line per row, in columns of equal width. */
export function tableOf(rows: readonly (readonly string[])[]): string {
  return inColumns(rows)
    .map((line) => `${line}\n`)
    .join("");
}

const percent = (share: number): string => (100 * share).toFixed(1);

/** Scores with intervals, the published ones, and how the answers ended. */
export function showSummary(summary: Summary): string {
  const { headlines, states, missing, record, approximate, others } = summary;
  const rows = headlines.map(({ key, title, value, low, high, items, published }) => [
    `${key}, ${title}`,
    percent(value),
    `${percent(low)} to ${percent(high)}`,
    String(items),
    published === undefined ? "-" : String(published),
  ]);
  const counts = STATES.filter((state) => states[state] > 0).map((s) => `${s} ${states[s]}`);
  const notes = [
    `${record.settings.profile}, reasoning ${record.settings.reasoning ? "on" : "off"}`,
    counts.join(", "),
    ...(missing > 0 ? [`${missing} items without an answer`] : []),
    ...(approximate > 0 ? [`${approximate} scores approximate`] : []),
    ...Object.entries(others).map(([name, value]) => `${name} ${percent(value)}`),
  ];
  const head = ["score", "%", "95 % interval", "items", "published"];
  return `${tableOf([head, ...rows])}${notes.join("; ")}\n\n`;
}

/** Differences of two runs in points, with the adjusted p and a verdict in words. */
export function showComparisons(comparisons: readonly RunComparison[]): string {
  const adjusted = holm(comparisons.map(({ p }) => p));
  const head = [
    "score",
    "difference",
    "95 % interval",
    "p",
    "only A",
    "only B",
    "items",
    "verdict",
  ];
  const rows = comparisons.map((comparison, at) => {
    const { key, difference, onlyA, onlyB } = comparison;
    const signed = (share: number): string => `${share > 0 ? "+" : ""}${percent(share)}`;
    return [
      key,
      signed(difference.value),
      `${signed(difference.low)} to ${signed(difference.high)}`,
      adjusted[at]!.toFixed(4),
      String(onlyA),
      String(onlyB),
      String(difference.items),
      inWords(comparison, adjusted[at]!),
    ];
  });
  return tableOf([head, ...rows]);
}
