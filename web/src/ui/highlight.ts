/** The kind of a piece of source text; each has a colour in code.css. */
export type PieceKind = "plain" | "comment" | "string" | "name" | "number" | "keyword";

export interface Piece {
  readonly kind: PieceKind;
  readonly text: string;
}

/** Longer texts are shown without colours: they would make too many elements. */
const MAX_CHARACTERS = 60_000;

const DOUBLE = String.raw`"(?:[^"\\\n]|\\.)*"?`;
const SINGLE = String.raw`'(?:[^'\\\n]|\\.)*'?`;
const TEMPLATE = "`(?:[^`\\\\]|\\\\[^])*`?";
const KEY = String.raw`(?<name>"(?:[^"\\\n]|\\.)*"(?=\s*:))`;
const NUMBER = String.raw`(?<number>-?\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)`;

// A pattern cannot have two groups of the same name, so `name2` counts as `name`.
const keywords = (words: string): string => `(?<keyword>\\b(?:${words.replaceAll(" ", "|")})\\b)`;

const JSON_PATTERN = [KEY, `(?<string>${DOUBLE})`, NUMBER, keywords("true false null")];
const SHELL_PATTERN = [
  "(?<comment>(?<=^|\\n)#[^\\n]*)",
  KEY,
  `(?<string>${DOUBLE}|'[^']*'?)`,
  "(?<name2>(?<=\\s)--?[A-Za-z][\\w-]*)",
  NUMBER,
  keywords("true false null curl"),
];
const PYTHON_PATTERN = [
  "(?<comment>#[^\\n]*)",
  KEY,
  `(?<string>[fr]?${DOUBLE}|[fr]?${SINGLE})`,
  NUMBER,
  keywords(
    "and as async await class def elif else except False finally for from if import in is lambda " +
      "None not or print return True try while with yield",
  ),
];
const SCRIPT_PATTERN = [
  "(?<comment>//[^\\n]*|/\\*(?:[^*]|\\*(?!/))*(?:\\*/)?)",
  KEY,
  `(?<string>${DOUBLE}|${SINGLE}|${TEMPLATE})`,
  "(?<name2>(?<=[{,\\n]\\s{0,40})[A-Za-z_$][\\w$]*(?=: ))",
  NUMBER,
  keywords(
    "async await break case class const continue default else export extends false for from " +
      "function if import in interface let new null of return switch this throw true try type " +
      "typeof undefined while yield",
  ),
];

const PATTERNS: Readonly<Record<string, readonly string[]>> = {
  json: JSON_PATTERN,
  jsonc: JSON_PATTERN,
  json5: JSON_PATTERN,
  curl: SHELL_PATTERN,
  bash: SHELL_PATTERN,
  sh: SHELL_PATTERN,
  shell: SHELL_PATTERN,
  python: PYTHON_PATTERN,
  py: PYTHON_PATTERN,
  javascript: SCRIPT_PATTERN,
  js: SCRIPT_PATTERN,
  jsx: SCRIPT_PATTERN,
  typescript: SCRIPT_PATTERN,
  ts: SCRIPT_PATTERN,
  tsx: SCRIPT_PATTERN,
  "ai-sdk": SCRIPT_PATTERN,
};

/**
 * Splits source text into coloured pieces. Their texts, joined, are the text itself. A text that is
 * too long, or in an unknown language, is one plain piece.
 */
export function highlight(text: string, language: string): readonly Piece[] {
  const name = language.toLowerCase();
  const pattern = Object.hasOwn(PATTERNS, name) ? PATTERNS[name] : undefined;
  if (pattern === undefined || text.length > MAX_CHARACTERS) return [{ kind: "plain", text }];
  const pieces: Piece[] = [];
  let end = 0;
  for (const match of text.matchAll(new RegExp(pattern.join("|"), "g"))) {
    const group = Object.keys(match.groups ?? {}).find((name) => match.groups?.[name]);
    if (group === undefined) continue;
    const kind = group.replace(/\d/, "");
    if (match.index > end) pieces.push({ kind: "plain", text: text.slice(end, match.index) });
    pieces.push({ kind: kind as PieceKind, text: match[0] });
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push({ kind: "plain", text: text.slice(end) });
  return pieces;
}
