// Tables of answers as trees: HTML, Markdown and dicts.

import { Parser } from "htmlparser2";
import { readLiteral } from "../../python/literal.ts";
import { toInteger } from "../../python/numbers.ts";
import { toText } from "../../python/print.ts";
import { length, strip } from "../../python/text.ts";
import { isDict, type PythonDict } from "../../python/value.ts";
import { fencedBlocks } from "./fences.ts";

/** An element of an HTML page; texts are strings among the children. */
export interface Element {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (Element | string)[];
}

/** Elements nested deeper add nothing; the reference's reader gives up there. */
const MAX_DEPTH = 256;
/** Elements that HTML allows once; a second start tag adds nothing. */
const ONCE = new Set(["html", "head", "body"]);

/**
 * The first table that stands directly in the body; undefined if there is none. The reader accepts
 * unclosed and misplaced tags, and adds no elements, as the reference's reader does.
 */
export function tableOf(html: string): Element | undefined {
  const root: Element = { tag: "", attributes: {}, children: [] };
  const stack = [root];
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (stack.length >= MAX_DEPTH) return;
      if (ONCE.has(tag) && stack.some((open) => open.tag === tag)) return;
      const element: Element = { tag, attributes, children: [] };
      stack.at(-1)!.children.push(element);
      stack.push(element);
    },
    ontext(text) {
      stack.at(-1)!.children.push(text);
    },
    onclosetag(tag) {
      if (stack.at(-1)!.tag === tag && stack.length > 1) stack.pop();
    },
  });
  parser.end(html);
  const page = elementsOf(root).find(({ tag }) => tag === "html");
  const body = page && elementsOf(page).find(({ tag }) => tag === "body");
  return body && elementsOf(body).find(({ tag }) => tag === "table");
}

export function elementsOf(element: Element): Element[] {
  return element.children.filter((child) => typeof child !== "string");
}

/** Adds the tags around a table that are missing from a text. */
export function wrapTable(text: string): string {
  let html = text.replaceAll("\n", "");
  const [opens, closes] = [html.includes("<table"), html.includes("</table>")];
  if (!opens) html = `<table>${html}`;
  if (!closes) html = `${html}</table>`;
  if (!html.includes("<body>")) html = `<body>${html}</body>`;
  return html.includes("<html>") ? html : `<html>${html}</html>`;
}

/** The part of an answer from its table on; undefined without one. */
export function cutTable(answer: string): string | undefined {
  const line = answer.replaceAll("\n", "");
  const body = line.indexOf("<body");
  const begin = body >= 0 ? body : line.indexOf("<table");
  return begin < 0 ? undefined : line.slice(begin);
}

/**
 * A Markdown table as HTML. Like the reference it strips the letters of "markdown" from both ends,
 * drops the second line, and takes the cells between the first and the last bar.
 */
export function markdownToHtml(markdown: string): string {
  const text = strip(strip(strip(markdown, "`markdown"), "`"));
  const [first = "", , ...others] = text.split("\n");
  const rows = [first, ...others].map((line) => {
    const cells = strip(line).split("|").slice(1, -1);
    return cells.map((cell) => (/^ +$/.test(cell) ? " " : strip(cell)));
  });
  return rowsToHtml(rows);
}

/** A dict as a table of two columns; a blank stands between the characters of a value. */
export function dictToHtml(dict: PythonDict): string {
  const rows = [...dict].map(([key, value]) => {
    return [toText(key), Array.from(toText(value)).join(" ")];
  });
  return rowsToHtml(rows);
}

function rowsToHtml(rows: readonly (readonly string[])[]): string {
  const lines = rows.map((cells) => `<tr>${cells.map((c) => `<td>${c}</td>`).join("")}</tr>`);
  return `<html><body><table>${lines.join("")}</table></body></html>`;
}

/** The dict of a chart answer: the longest fenced block or all, without `x =` and comments. */
export function readChart(answer: string): PythonDict | undefined {
  const blocks = fencedBlocks(answer);
  const longest = blocks.reduce((a, b) => (length(b) > length(a) ? b : a), "");
  const source = strip(blocks.length > 0 ? longest : answer);
  const bare = source.replace(/^[\p{L}\p{N}_]+\s*=\s*/u, "").replace(/#[^\n]*/g, "");
  const end = bare.lastIndexOf("}");
  const value = readLiteral(end < 0 ? bare : bare.slice(0, end + 1));
  return isDict(value) ? value : undefined;
}

/** colspan or rowspan of a cell; undefined where the reference fails to read it. */
export function spanOf(element: Element, name: "colspan" | "rowspan"): number | undefined {
  const text = element.attributes[name];
  if (text === undefined) return 1;
  const span = toInteger(text);
  return span === undefined ? undefined : Number(span);
}
