import { isRecord } from "../api/failure.ts";
import { type PartialJson, parsePartialJson } from "./partial-json.ts";

/** The JSON objects and arrays of an answer. */
export interface AnswerJson {
  /** The value if the answer contains nothing else; it may be incomplete. */
  readonly whole?: PartialJson;
  /** The values of the fenced blocks, in order. */
  readonly blocks: readonly unknown[];
}

const LANGUAGES = ["", "json", "jsonc", "json5"];

/** Parses a text as an object or array; undefined for anything else, including a bare number. */
export function parseJson(text: string): unknown {
  const trimmed = text.trim();
  if (!/^[[{]/.test(trimmed)) return undefined;
  try {
    return JSON.parse(trimmed) as unknown;
  } catch {
    return undefined;
  }
}

/** Returns false for a bare box, which is a place in the picture, and for an empty list. */
function isWorthShowing(value: unknown): boolean {
  if (Array.isArray(value)) return value.some((entry) => typeof entry === "object");
  return isRecord(value);
}

export function answerJson(text: string): AnswerJson {
  const whole = parsePartialJson(text);
  if (whole !== undefined) {
    return isWorthShowing(whole.value) ? { whole, blocks: [] } : { blocks: [] };
  }
  const blocks = fencedBlocks(text)
    .filter(({ language }) => LANGUAGES.includes(language.toLowerCase()))
    .map((block) => parseJson(block.text))
    .filter((value) => value !== undefined);
  return { blocks };
}

interface FencedBlock {
  readonly language: string;
  readonly text: string;
}

/** Works line by line: a regular expression would take quadratic time on a hostile text. */
function fencedBlocks(text: string): readonly FencedBlock[] {
  const blocks: FencedBlock[] = [];
  let open: { readonly fence: string; readonly language: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    const [, fence, after = ""] = /^ {0,3}(`{3,}|~{3,})(.*)$/.exec(line) ?? [];
    if (open === undefined) {
      if (fence === undefined) continue;
      open = { fence, language: after.trim().split(/\s/)[0] ?? "", lines: [] };
    } else if (fence?.startsWith(open.fence) === true && after.trim() === "") {
      blocks.push({ language: open.language, text: open.lines.join("\n") });
      open = undefined;
    } else open.lines.push(line);
  }
  return blocks;
}

/** Parses the text of a fenced block, which may be incomplete, if its language is JSON. */
export function blockJson(language: string, text: string): PartialJson | undefined {
  if (!LANGUAGES.includes(language.toLowerCase())) return undefined;
  const found = parsePartialJson(text);
  return found !== undefined && isWorthShowing(found.value) ? found : undefined;
}

export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

const MAX_COLUMNS = 50;

/** Finds the table in a value: an array of objects, or the first such array in an object. */
export function tableOf(value: unknown): Table | undefined {
  if (Array.isArray(value)) return tableOfArray(value);
  if (!isRecord(value)) return undefined;
  for (const entry of Object.values(value)) {
    const table = Array.isArray(entry) ? tableOfArray(entry) : undefined;
    if (table !== undefined) return table;
  }
  return undefined;
}

function tableOfArray(entries: readonly unknown[]): Table | undefined {
  if (entries.length === 0 || !entries.every(isRecord)) return undefined;
  const names = new Set<string>();
  for (const entry of entries) for (const name of Object.keys(entry)) names.add(name);
  if (names.size === 0 || names.size > MAX_COLUMNS) return undefined;
  const columns = [...names];
  const cell = (entry: Readonly<Record<string, unknown>>, name: string): unknown =>
    Object.hasOwn(entry, name) ? entry[name] : undefined;
  return { columns, rows: entries.map((entry) => columns.map((name) => cell(entry, name))) };
}

/** Formats a cell: strings unchanged, null as empty text, everything else as JSON. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Writes CSV by RFC 4180. A leading quote keeps spreadsheets from evaluating formulas. */
export function toCsv({ columns, rows }: Table): string {
  const quote = (text: string): string => {
    const guarded = /^[=+@\t\r]|^-(?![\d.]+$)/.test(text) ? `'${text}` : text;
    return /[",\r\n]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
  };
  return [columns, ...rows]
    .map((row) => row.map((cell) => quote(cellText(cell))).join(","))
    .join("\r\n");
}
