// Writes the HTML report: each page of each document beside its values. It has no scripts and
// loads nothing; all content from files and models is escaped.

import type { Extraction } from "./extract.ts";
import type { Evidence } from "./merge.ts";

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 82rem; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; overflow-wrap: anywhere }
section { border-top: 1px solid #8886; margin-top: 2rem }
.page { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.5rem }
@media (max-width: 60rem) { .page { grid-template-columns: 1fr } }
figure { margin: 0; position: relative; align-self: start }
img { display: block; width: 100%; border: 1px solid #8886 }
.box { position: absolute; border: 2px solid #15803d; background: #15803d22; border-radius: 2px }
table { border-collapse: collapse; width: 100% }
td, th { border-bottom: 1px solid #8884; padding: .25rem .5rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere }
.verified { color: #15803d } .unverified { color: #c2410c } .no_text, .not_checked { opacity: .65 }
pre { overflow: auto; padding: .75rem; border: 1px solid #8886 }
`;

export function reportHead(title: string): string {
  const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";
  return (
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8">` +
    `<meta http-equiv="Content-Security-Policy" content="${policy}">` +
    `<meta name="viewport" content="width=device-width">` +
    `<title>${escaped(title)}</title><style>${STYLE}</style></head>\n` +
    `<body><h1>${escaped(title)}</h1>\n` +
    "<p>A value is <span class=verified>verified</span> if the text of its page has it; " +
    "green boxes show where.</p>\n"
  );
}

export const REPORT_END = "</body></html>\n";

/** The section of one document. pictures: JPEGs by page. */
export function reportDocument(
  name: string,
  { data, values, conflicts, pages, failedPages, undrawn }: Extraction,
  pictures: ReadonlyMap<number, Buffer>,
): string {
  const shown = pages.map(({ page }) => {
    const own = values.filter((value) => value.page === page);
    return reportPage(page, own, pictures.get(page));
  });
  const others = conflicts.map(({ path, page, value }) => {
    const text = `page ${page} says ${path || "/"} is ${JSON.stringify(value)}`;
    return `<li>${escaped(text)}</li>`;
  });
  const json = escaped(JSON.stringify(data, null, 2));
  const warnings = [
    ...failedPages.map(({ page, reason }) => `Page ${page} was left out: ${reason}`),
    ...undrawn.map(({ page, characters }) => {
      return `Page ${page} has ${characters} characters of fonts that are not in the file`;
    }),
  ].map((text) => `<p class=unverified>${escaped(text)}</p>`);
  return [
    `<section><h2>${escaped(name)}</h2>`,
    ...warnings,
    ...shown,
    others.length === 0 ? "" : `<p>Pages that say something else:</p><ul>${others.join("")}</ul>`,
    `<details><summary>JSON</summary><pre>${json}</pre></details>`,
    "</section>\n",
  ].join("\n");
}

export function reportFailure(name: string, reason: string): string {
  const text = `Nothing was extracted: ${reason}`;
  return `<section><h2>${escaped(name)}</h2><p class=unverified>${escaped(text)}</p></section>\n`;
}

function reportPage(page: number, values: readonly Evidence[], picture?: Buffer): string {
  const boxes = values.flatMap(({ box, path }) => {
    if (box === undefined) return [];
    const [left, top, right, bottom] = box;
    const place = Object.entries({
      left,
      top,
      width: right - left,
      height: bottom - top,
    }).map(([side, share]) => `${side}:${(share * 100).toFixed(2)}%`);
    return [`<span class=box style="${place.join(";")}" title="${escaped(path)}"></span>`];
  });
  const image = picture
    ? `<img alt="Page ${page}" src="data:image/jpeg;base64,${picture.toString("base64")}">`
    : "";
  const rows = values.map(({ path, value, verdict }) => {
    const text = typeof value === "string" ? value : JSON.stringify(value);
    const cells = [path.slice(1) || "value", text].map((cell) => `<td>${escaped(cell)}</td>`);
    return `<tr>${cells.join("")}<td class=${verdict}>${verdict.replace("_", " ")}</td></tr>`;
  });
  if (rows.length === 0) rows.push("<tr><td colspan=3>No value was taken from here.</td></tr>");
  const table = `<table><tr><th>Field<th>Value<th></tr>${rows.join("\n")}</table>`;
  return (
    `<h3>Page ${page}</h3>\n<div class=page>` +
    `<figure>${image}${boxes.join("")}</figure><div>${table}</div></div>`
  );
}

function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { "&": "amp", "<": "lt", ">": "gt", '"': "quot" };
  return text.replace(/[&<>"]/g, (character) => `&${names[character]};`);
}
