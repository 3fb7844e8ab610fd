// The report of a run as one HTML file without network. Answers are strangers' text: everything is
// escaped, and the page's policy allows no script but its own filter.

import { createHash } from "node:crypto";
import { join } from "node:path";
import { writeUserFile } from "../../disk/user-files.ts";
import { openDataset } from "../dataset.ts";
import { promptOf } from "../prompts.ts";
import { print } from "../python/print.ts";
import { STATES } from "../types.ts";
import { readAnswers } from "./answer-log.ts";
import { readScores } from "./compare-runs.ts";
import type { Summary } from "./summary.ts";

/** Longest part of an answer or prompt that the page shows. */
const MAX_SHOWN = 4000;

const STYLE = `
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:1rem;color:#222}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left}
tr{border-bottom:1px solid #ddd}pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0}
.bar{display:flex;height:1rem;margin:.5rem 0}.right{background:#2a7}.partial{background:#7b3}
.wrong{background:#c44}
.unparsed{background:#e92}
.truncated{background:#888}
.refused{background:#96c}

.error{background:#333}details{border-bottom:1px solid #ddd;padding:.4rem 0}
@media(prefers-color-scheme:dark){
body{background:#181818;color:#ddd}tr,details{border-color:#444}}
`;
const SCRIPT = `
const chosen = document.querySelector("select");
chosen.addEventListener("change", () => {
  for (const item of document.querySelectorAll("details[data-state]")) {
    item.hidden = chosen.value !== "" && item.dataset.state !== chosen.value;
  }
});
`;

/** Writes report.html into the folder of a scored run. */
export async function writeReport(folder: string, summary: Summary): Promise<string> {
  const path = join(folder, "report.html");
  const items = await itemsOf(folder, summary);
  const { benchmark } = summary.record.settings;
  const hash = createHash("sha256").update(SCRIPT).digest("base64");
  const policy = `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(benchmark)}</title><style>${STYLE}</style></head><body>
<h1>${escapeHtml(benchmark)}</h1>
${scoreTable(summary)}${stateBar(summary)}${groupTables(summary)}
<h2>Settings</h2><pre>${escapeHtml(JSON.stringify(summary.record, null, 1))}</pre>
<h2>Items</h2><p><label>State <select><option value="">all</option>
${STATES.map((state) => `<option>${state}</option>`).join("")}</select></label></p>
${items.join("\n")}<script>${SCRIPT}</script></body></html>
`;
  await writeUserFile(path, html);
  return path;
}

const percent = (share: number): string => (100 * share).toFixed(1);

function scoreTable({ headlines }: Summary): string {
  const rows = headlines.map(({ key, title, value, low, high, items, published }) => {
    const cells = [
      `${key}, ${title}`,
      `${percent(value)} %`,
      `${percent(low)} to ${percent(high)}`,
      String(items),
      published === undefined ? "" : String(published),
    ];
    return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
  });
  const head = ["score", "", "95 % interval", "items", "published"];
  const titles = head.map((cell) => `<th>${cell}</th>`).join("");
  return `<table><tr>${titles}</tr>${rows.join("")}</table>`;
}

function stateBar({ states, missing, approximate, seconds, tokens }: Summary): string {
  const present = STATES.filter((state) => states[state] > 0);
  const parts = present.map((s) => `<div class="${s}" style="flex:${states[s]}"></div>`);
  const words = [
    ...present.map((state) => `${state} ${states[state]}`),
    ...(missing > 0 ? [`without an answer ${missing}`] : []),
    ...(approximate > 0 ? [`approximate scores ${approximate}`] : []),
    `${seconds.toFixed(1)} s an item`,
    `${tokens.prompt} prompt tokens, ${tokens.visual} of them visual`,
    `${tokens.completion} answered`,
  ];
  return `<div class="bar" role="img" aria-label="states">${parts.join("")}</div>
<p>${words.join("; ")}</p>`;
}

function groupTables({ groups }: Summary): string {
  const tables = Object.entries(groups).map(([name, values]) => {
    const rows = Object.entries(values).map(([value, mean]) => {
      const cells = [value, `${percent(mean.value)} %`, `${mean.items} items`];
      return `<tr>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
    });
    return `<h3>${escapeHtml(name)}</h3><table>${rows.join("")}</table>`;
  });
  return tables.length === 0 ? "" : `<h2>Groups</h2>${tables.join("")}`;
}

/** Each item folded: its prompt, golds, answer, and the value and rule that decided. */
async function itemsOf(folder: string, { record }: Summary): Promise<string[]> {
  const scores = new Map((await readScores(folder)).map((line) => [line.id, line]));
  const answers = await readAnswers(join(folder, "answers.jsonl"));
  const { benchmark, profile } = record.settings;
  const dataset = await openDataset(benchmark, record.data);
  const rows: string[] = [];
  for await (const item of dataset.read({ media: false })) {
    const line = scores.get(item.id);
    const answer = line && answers.get(line.key);
    if (line === undefined || answer === undefined) continue;
    const { state, value, rule, parsed } = line.score;
    const parts = [
      ["prompt", promptOf(item, profile)],
      ["gold", item.golds.map(print).join(" or ")],
      ["answer", answer.error ?? answer.text],
      ["reasoning", answer.reasoning],
      ["read", parsed ?? ""],
    ].filter(([, text]) => text !== "");
    const body = parts.map(([name, text]) => `<b>${name}</b><pre>${shown(text!)}</pre>`).join("");
    const title = `${item.id}: ${state}, ${percent(value)} %, rule "${rule}"`;
    rows.push(
      `<details data-state="${state}"><summary>${escapeHtml(title)}</summary>${body}</details>`,
    );
  }
  return rows;
}

function shown(text: string): string {
  const rest = text.length - MAX_SHOWN;
  const cut = rest > 0 ? ` … ${rest} more characters` : "";
  return escapeHtml(text.slice(0, MAX_SHOWN)) + cut;
}

/** Control characters become visible; markup becomes text. */
function escapeHtml(text: string): string {
  return text
    .replace(/[^\P{Cc}\n\t]/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
