import type { ToolCall } from "../core/chat.ts";
import { heldLength } from "./stops.ts";

export const OPEN_CALLS = "<TOOLCALL>";
export const CLOSE_CALLS = "</TOOLCALL>";

export type ToolPiece =
  /** Never empty. */
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "calls"; readonly calls: readonly ToolCall[] };

export interface ToolCallParser {
  /** Takes the next piece of the answer. After calls nothing more may be pushed. */
  push(text: string): ToolPiece[];
  /** What was held back. Calls whose closing tag is missing are calls if they can be read. */
  flush(): ToolPiece[];
}

/**
 * Finds the tool calls in an answer: `<TOOLCALL>[{"name": …, "arguments": …}, …]</TOOLCALL>`.
 *
 * It looks at text, not at ids, because the tags are single tokens in some checkpoints and several
 * in others. A suffix that may begin the tag is held back, and so are blanks at the very start,
 * which are dropped if calls follow. What cannot be read as calls is text after all, and no
 * further calls are looked for. A closing tag inside a JSON string does not close.
 */
export function createToolCallParser(): ToolCallParser {
  let stage: "start" | "text" | "calls" | "no more" = "start";
  let held = "";
  let blank = "";
  let scan = createCallScanner();

  const outside = (text: string, last: boolean): ToolPiece[] => {
    const open = text.indexOf(OPEN_CALLS);
    if (open !== -1) {
      const before = text.slice(0, open);
      const dropped = stage === "start" && before.trim() === "";
      if (dropped) blank = before;
      const said = dropped ? [] : piece(before);
      stage = "calls";
      scan = createCallScanner();
      return [...said, ...inside(text.slice(open + OPEN_CALLS.length), last)];
    }
    const keep = last ? 0 : heldLength(text, [OPEN_CALLS], OPEN_CALLS.length);
    const said = text.slice(0, text.length - keep);
    if (!last && stage === "start" && said.trim() === "") {
      held = text;
      return [];
    }
    stage = "text";
    held = text.slice(text.length - keep);
    return piece(said);
  };
  const inside = (text: string, last: boolean): ToolPiece[] => {
    const end = scan(text);
    if (end === -1 && !last) {
      held = text;
      return [];
    }
    const calls = readCalls(end === -1 ? text : text.slice(0, end));
    stage = "no more";
    return calls ? [{ type: "calls", calls }] : piece(blank + OPEN_CALLS + text);
  };
  const advance = (added: string, last: boolean): ToolPiece[] => {
    const text = held + added;
    held = "";
    if (stage === "no more") return piece(text);
    return stage === "calls" ? inside(text, last) : outside(text, last);
  };
  return { push: (text) => advance(text, false), flush: () => advance("", true) };
}

function piece(text: string): ToolPiece[] {
  return text === "" ? [] : [{ type: "text", text }];
}

/** Looks for the closing tag outside of strings; goes on where it stopped when there is more. */
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
 * The calls of a list. A bracket that is missing at either end is added, and a single object is a
 * list of one. Undefined if it cannot be read or a name is missing.
 */
function readCalls(text: string): ToolCall[] | undefined {
  let list = text.trim();
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

/** Arguments keep their spelling: a number of twenty digits would not survive being parsed. */
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

/** Sources of what stands in valid JSON's outermost brackets: elements, or keys and values. */
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
