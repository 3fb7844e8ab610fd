import type { ToolCall } from "../core/chat.ts";
import { heldLength } from "./stops.ts";

export const OPEN_CALLS = "<TOOLCALL>";
export const CLOSE_CALLS = "</TOOLCALL>";

export type ToolPiece =
  /** Never empty. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "calls"; readonly calls: readonly ToolCall[] };

export interface ToolCallParser {
  /** Takes the next piece of the answer. Do not call it after calls were returned. */
  push(text: string): ToolPiece[];
  /**
   * Returns the text that was held back. Calls without a closing tag count if they can be parsed.
   *
   * cut: the answer was truncated. Then incomplete calls are returned, perhaps with incomplete
   * arguments of the last one, and the beginning of a tag is dropped.
   */
  flush(cut?: boolean): ToolPiece[];
}

export interface ToolCallOptions {
  /** False: no tools were offered, so calls are returned as text. Default: true. */
  readonly offered?: boolean;
}

/** Length of a tag's beginning that cannot be ordinary text, such as `List<T`. */
const CLEARLY_TAG = "<TOOL".length;

/**
 * Finds the tool calls in an answer: `<TOOLCALL>[{"name": …, "arguments": …}, …]</TOOLCALL>`.
 *
 * It works on text, not ids, because the tags are single tokens in some checkpoints and several in
 * others. A suffix that may begin a tag is held back, and so are leading blanks, which are dropped
 * if calls follow. Content that cannot be parsed as calls becomes text without the tags. A closing
 * tag inside a JSON string does not close. Calls end the answer: text after them is dropped.
 */
export function createToolCallParser({ offered = true }: ToolCallOptions = {}): ToolCallParser {
  let stage: "start" | "text" | "calls" | "done" = "start";
  let held = "";
  let blank = "";
  let scan = createCallScanner();

  const outside = (text: string, last: boolean): ToolPiece[] => {
    const open = text.indexOf(OPEN_CALLS);
    if (open !== -1) {
      const before = text.slice(0, open);
      const dropped = stage === "start" && before.trim() === "";
      blank = dropped ? before : "";
      const pieces = dropped ? [] : piece(before);
      stage = "calls";
      scan = createCallScanner();
      return [...pieces, ...inside(text.slice(open + OPEN_CALLS.length), last)];
    }
    const keep = last ? 0 : heldLength(text, [OPEN_CALLS, CLOSE_CALLS], CLOSE_CALLS.length);
    const emitted = text.slice(0, text.length - keep);
    if (!last && stage === "start" && emitted.trim() === "") {
      held = text;
      return [];
    }
    stage = "text";
    held = text.slice(text.length - keep);
    return piece(emitted);
  };
  const inside = (text: string, last: boolean): ToolPiece[] => {
    const end = scan(text);
    if (end === -1 && !last) {
      held = text;
      return [];
    }
    const body = end === -1 ? text : text.slice(0, end);
    const calls = offered ? readCalls(body) : undefined;
    if (calls !== undefined) {
      stage = "done";
      return [{ type: "calls", calls }];
    }
    stage = "text";
    const pieces = piece(blank + body);
    if (end === -1) return pieces;
    return [...pieces, ...outside(text.slice(end + CLOSE_CALLS.length), last)];
  };
  const advance = (added: string, last: boolean): ToolPiece[] => {
    if (stage === "done") return [];
    const text = held + added;
    held = "";
    return stage === "calls" ? inside(text, last) : outside(text, last);
  };
  const flushCut = (): ToolPiece[] => {
    if (stage !== "calls") {
      const begun = heldLength(held, [OPEN_CALLS, CLOSE_CALLS], CLOSE_CALLS.length);
      const isTag = begun >= CLEARLY_TAG || (begun > 0 && stage === "start");
      if (isTag) held = held.slice(0, held.length - begun);
      return advance("", true);
    }
    const calls = offered ? (readCalls(held) ?? readCutCalls(held)) : [];
    const isJson = /^[\s[]*($|\{)/.test(held);
    if (calls.length === 0) return isJson ? [] : advance("", true);
    stage = "done";
    return [{ type: "calls", calls }];
  };
  return {
    push: (text) => advance(text, false),
    flush: (cut = false) => (cut ? flushCut() : advance("", true)),
  };
}

/** A piece of text without stray tags. */
function piece(text: string): ToolPiece[] {
  const emitted = text.replace(/<\/?TOOLCALL>/g, "");
  return emitted === "" ? [] : [{ type: "text", text: emitted }];
}

/** Finds the closing tag outside of strings; each call resumes where the last one stopped. */
function createCallScanner(): (text: string) => number {
  let at = 0;
  let inString = false;
  return (text) => {
    for (; at < text.length; at++) {
      if (text[at] === '"') inString = !inString;
      else if (inString && text[at] === "\\") {
        if (at + 1 === text.length) return -1;
        at += 1;
      } else if (!inString && text[at] === "<") {
        if (text.startsWith(CLOSE_CALLS, at)) return at;
        if (text.length - at < CLOSE_CALLS.length) return -1;
      }
    }
    return -1;
  };
}

/**
 * Parses the calls of a list. It adds missing brackets at either end, takes a single object for a
 * list of one, and ignores a repeated opening tag. Undefined if it cannot be parsed or a name is
 * missing.
 */
function readCalls(text: string): ToolCall[] | undefined {
  let list = text.replace(/^(\s*<TOOLCALL>)+/, "").trim();
  if (!list.startsWith("[")) list = `[${list}`;
  if (!list.endsWith("]")) list = `${list}]`;
  try {
    const parsed: unknown = JSON.parse(list);
    if (!Array.isArray(parsed) || parsed.length === 0) return undefined;
    const calls = elementsOf(list).map((element, index) => readCall(parsed[index], element));
    return calls.every((call) => call !== undefined) ? calls : undefined;
  } catch {
    return undefined; // not JSON
  }
}

/** Parses the calls of a truncated list: the complete ones and the incomplete last one. */
function readCutCalls(text: string): ToolCall[] {
  const { whole, rest } = splitCutList(text);
  const calls = whole.map((element) => readCalls(element)?.[0] ?? readCutCall(element));
  return [...calls, readCutCall(rest)].filter((call) => call !== undefined);
}

/** Parses a truncated call; undefined if its name is incomplete. */
function readCutCall(element: string): ToolCall | undefined {
  const found = /^\s*\{\s*"name"\s*:\s*("(?:[^"\\]|\\.)*")\s*(?:,\s*"arguments"\s*:\s*(.*))?/s;
  const [, quoted, given = ""] = found.exec(element) ?? [];
  if (quoted === undefined) return undefined;
  try {
    const name: unknown = JSON.parse(quoted);
    return typeof name === "string" && name !== "" ? { name, arguments: given } : undefined;
  } catch {
    return undefined; // not a JSON string
  }
}

/** Splits a possibly truncated list into its elements, in linear time. */
function splitCutList(text: string): { readonly whole: string[]; readonly rest: string } {
  const whole: string[] = [];
  let start = text.indexOf("{");
  if (start === -1) return { whole, rest: "" };
  let depth = 0;
  let inString = false;
  for (let at = start; at < text.length; at++) {
    const letter = text[at];
    if (inString && letter === "\\") at += 1;
    else if (letter === '"') inString = !inString;
    else if (inString) continue;
    else if (letter === "{" || letter === "[") depth += 1;
    else if (letter === "}" || letter === "]") {
      depth -= 1;
      if (depth !== 0) continue;
      whole.push(text.slice(start, at + 1));
      start = text.indexOf("{", at);
      if (start === -1) return { whole, rest: "" };
      at = start - 1;
    }
  }
  return { whole, rest: text.slice(start) };
}

/** Keeps the arguments' source text: parsing would round a number of twenty digits. */
function readCall(parsed: unknown, source: string): ToolCall | undefined {
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
  const { name, arguments: given } = parsed as Readonly<Record<string, unknown>>;
  if (typeof name !== "string" || name === "") return undefined;
  if (typeof given === "string") return { name, arguments: given };
  if (given === undefined || given === null) return { name, arguments: "{}" };
  const elements = elementsOf(source);
  const key = elements.findLastIndex((element, at) => {
    return at % 2 === 0 && JSON.parse(element) === "arguments";
  });
  return { name, arguments: elements[key + 1]! };
}

/** Source texts of the elements, or keys and values, of a valid JSON list or object. */
function elementsOf(json: string): string[] {
  const elements: string[] = [];
  let depth = 0;
  let start = 1;
  const take = (end: number): void => {
    const element = json.slice(start, end).trim();
    if (element !== "") elements.push(element);
    start = end + 1;
  };
  for (let at = 0; at < json.length; at++) {
    const letter = json[at]!;
    if (letter === '"') {
      for (at += 1; json[at] !== '"'; at++) if (json[at] === "\\") at += 1;
    } else if (letter === "{" || letter === "[") {
      depth += 1;
    } else if (letter === "}" || letter === "]") {
      depth -= 1;
      if (depth === 0) take(at);
    } else if (depth === 1 && (letter === "," || letter === ":")) {
      take(at);
    }
  }
  return elements;
}
