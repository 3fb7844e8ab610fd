// The report of a run as one HTML file without network, alone or beside another run.

import { join } from "node:path";
import { writeUserFile } from "../../disk/user-files.ts";
import { inWords } from "../statistics/paired.ts";
import { holm } from "../statistics/proportion.ts";
import { STATES } from "../types.ts";
import { compareRuns } from "./compare-runs.ts";
import { escapeHtml, htmlTable, percent } from "./report-html.ts";
import { itemsOf, OUTCOMES } from "./report-items.ts";
import { pageOf } from "./report-page.ts";
import type { Summary } from "./summary.ts";

/**
 * Writes report.html into the folder of a scored run. With `other`, the folder of another scored
 * run of the same benchmark, writes comparison.html, with the answers of both side by side.
 */
export async function writeReport(
  folder: string,
  summary: Summary,
  other?: string,
): Promise<string> {
  const path = join(folder, other === undefined ? "report.html" : "comparison.html");
  const items: string[] = [];
  for await (const item of itemsOf(folder, summary, other)) items.push(item);
  const { benchmark, model, profile, reasoning } = summary.record.settings;
  const title = other === undefined ? benchmark : `${benchmark}, two runs`;
  const about = `${model}, profile ${profile}, reasoning ${reasoning ? "on" : "off"}`;
  const body = `<h1>${escapeHtml(title)}</h1><p class="dim">${escapeHtml(about)}</p>
<h2>Scores</h2><div class="card">${scorePlot(summary)}${scoreTable(summary)}</div>
${other === undefined ? "" : await comparisonTable(folder, other)}
${figures(summary)}<h2>How the answers ended</h2>${stateBar(summary)}${groupTables(summary)}
<h2>Settings</h2><details class="card"><summary>Everything that can change an answer</summary>
<pre>${escapeHtml(JSON.stringify(summary.record, null, 1))}</pre></details>
<h2>Items, <output></output></h2>${filters(other !== undefined)}
${items.join("\n")}`;
  await writeUserFile(path, pageOf(title, body));
  return path;
}

function scoreTable({ headlines }: Summary): string {
  const rows = headlines.map(({ key, title, value, low, high, items, published }) => [
    `${key}, ${title}`,
    `${percent(value)} %`,
    `${percent(low)} to ${percent(high)}`,
    String(items),
    published === undefined ? "–" : String(published),
  ]);
  return htmlTable(["score", "value", "95 % interval", "items", "published"], rows);
}

const ROW_HEIGHT = 44;

/** A dot with its interval for each score; a ring is the published score. */
function scorePlot({ headlines }: Summary): string {
  const x = (share: number): string => (20 + 560 * share).toFixed(1);
  const height = headlines.length * ROW_HEIGHT + 24;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const at = x(share);
    return `<line class="grid" x1="${at}" x2="${at}" y1="0" y2="${height - 20}"/>
<text x="${at}" y="${height - 5}" text-anchor="middle">${100 * share}</text>`;
  });
  const rows = headlines.map(({ key, value, low, high, published }, at) => {
    const y = at * ROW_HEIGHT + 30;
    const ring =
      published === undefined
        ? ""
        : `<circle class="published" cx="${x(published / 100)}" cy="${y}" r="6"/>`;
    return `<text x="22" y="${y - 14}">${escapeHtml(key)}</text>
<line class="range" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/>
<circle class="score" cx="${x(value)}" cy="${y}" r="5"/>${ring}`;
  });
  return `<svg viewBox="0 0 600 ${height}" role="img" aria-label="Scores in percent">
${grid.join("")}${rows.join("")}</svg>
<p class="dim">Dot: score with its interval. Ring: published.</p>`;
}

async function comparisonTable(folder: string, other: string): Promise<string> {
  const comparisons = await compareRuns(folder, other);
  const adjusted = holm(comparisons.map(({ p }) => p));
  const rows = comparisons.map((comparison, at) => {
    const { key, difference, onlyA, onlyB } = comparison;
    return [
      key,
      percent(difference.value),
      `${percent(difference.low)} to ${percent(difference.high)}`,
      adjusted[at]!.toFixed(4),
      String(onlyA),
      String(onlyB),
      inWords(comparison, adjusted[at]!),
    ];
  });
  const head = ["score", "B minus A", "95 % interval", "p", "only A", "only B", "verdict"];
  return `<h2>Comparison</h2><div class="card"><p class="dim">A is ${escapeHtml(folder)}, B is
${escapeHtml(other)}. The scores and figures on this page are A's.</p>
${htmlTable(head, rows)}</div>`;
}

function figures({ seconds, tokens, states, missing, approximate }: Summary): string {
  const facts = [
    [Object.values(states).reduce((a, b) => a + b, 0), "items answered"],
    [`${seconds.toFixed(1)} s`, "per item"],
    [tokens.prompt, "prompt tokens"],
    [tokens.visual, "of them visual"],
    [tokens.completion, "answer tokens"],
    ...(missing > 0 ? [[missing, "without an answer"]] : []),
    ...(approximate > 0 ? [[approximate, "approximate scores"]] : []),
  ];
  const boxes = facts.map(([value, name]) => {
    return `<div><b>${value!.toLocaleString("en")}</b><span class="dim">${name}</span></div>`;
  });
  return `<div class="facts">${boxes.join("")}</div>`;
}

function stateBar({ states }: Summary): string {
  const present = STATES.filter((state) => states[state] > 0);
  const parts = present.map((s) => `<div class="${s}" style="flex:${states[s]}"></div>`);
  const legend = present.map((s) => `<span><span class="dot ${s}"></span>${s} ${states[s]}</span>`);
  return `<div class="card"><div class="bar" role="img" aria-label="states">${parts.join("")}</div>
<div class="legend">${legend.join("")}</div></div>`;
}

function groupTables({ groups }: Summary): string {
  const tables = Object.entries(groups).map(([name, values]) => {
    const rows = Object.entries(values).map(([value, mean]) => {
      return [value, `${percent(mean.value)} %`, String(mean.items)];
    });
    return `<div class="card">${htmlTable([name, "score", "items"], rows)}</div>`;
  });
  return tables.length === 0 ? "" : `<h2>Groups</h2>${tables.join("")}`;
}

function filters(isComparison: boolean): string {
  const select = (label: string, by: string, values: readonly string[]): string => {
    const options = values.map((value) => `<option>${value}</option>`).join("");
    return `<label>${label}<select data-by="${by}">
<option value="">all</option>${options}</select></label>`;
  };
  return `<div class="filters">${select("State", "state", STATES)}
${isComparison ? select("Outcome", "outcome", OUTCOMES) : ""}
<label>Text<input type="search"></label></div>`;
}
