import { isSpace, trimEnd, trimStart } from "../../core/python/spaces.ts";
import { bind } from "./arguments.ts";
import { indexOf } from "./numbers.ts";
import { listOf } from "./operators.ts";
import type { Run } from "./run.ts";
import { characterCount, characters, hasPairs, sliceBounds } from "./text.ts";
import type { CallValues } from "./values.ts";
import { Tuple, textOf, type Value } from "./values.ts";

type Method = (text: string, args: CallValues, run: Run) => Value;

/** Python's methods of strings. `format` is elsewhere: it reads attributes. */
export const STRING_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["upper", plain((text) => text.toUpperCase())],
  ["lower", plain((text) => text.toLowerCase())],
  ["casefold", plain((text) => text.replaceAll("ß", "ss").toLowerCase())],
  ["capitalize", plain(capitalize)],
  ["title", plain((text) => text.replace(WORD, capitalize))],
  ["swapcase", plain(swapCase)],
  ["strip", trimming(true, true)],
  ["lstrip", trimming(true, false)],
  ["rstrip", trimming(false, true)],
  ["split", split],
  ["rsplit", splitFromRight],
  ["splitlines", splitLines],
  ["join", joinTexts],
  ["replace", replace],
  ["startswith", affix((text, part) => text.startsWith(part))],
  ["endswith", affix((text, part) => text.endsWith(part))],
  ["removeprefix", removing("removeprefix")],
  ["removesuffix", removing("removesuffix")],
  ["find", finding("indexOf", false)],
  ["rfind", finding("lastIndexOf", false)],
  ["index", finding("indexOf", true)],
  ["rindex", finding("lastIndexOf", true)],
  ["count", count],
  ["partition", partition("indexOf")],
  ["rpartition", partition("lastIndexOf")],
  ["center", padding("center")],
  ["ljust", padding("ljust")],
  ["rjust", padding("rjust")],
  ["zfill", zeroFill],
  ["expandtabs", expandTabs],
  ["isspace", plain((text) => text !== "" && trimStart(text) === "")],
  ["isalpha", plain((text) => /^\p{L}+$/u.test(text))],
  ["isdigit", plain((text) => /^[\p{Nd}²³¹⁰-⁹₀-₉]+$/u.test(text))],
  ["isdecimal", plain((text) => /^\p{Nd}+$/u.test(text))],
  ["isnumeric", plain((text) => /^\p{N}+$/u.test(text))],
  ["isalnum", plain((text) => /^[\p{L}\p{N}]+$/u.test(text))],
  ["isascii", plain((text) => !/[^\0-\x7f]/.test(text))],
  ["isidentifier", plain((text) => /^[\p{ID_Start}_]\p{ID_Continue}*$/u.test(text))],
  ["isprintable", plain((text) => !/(?! )[\p{C}\p{Z}]/u.test(text))],
  ["islower", plain(isLower)],
  ["isupper", plain(isUpper)],
  ["istitle", plain((text) => /\p{L}/u.test(text) && text.replace(WORD, capitalize) === text)],
]);

/** Runs of letters: the words of `title()`. */
const WORD = /\p{Cased}(?:[\p{Cased}\p{M}])*/gu;

function plain(make: (text: string) => Value): Method {
  return (text, args, run) => {
    bind("the method", args, []);
    return make(run.reading(text));
  };
}

function need(value: Value | undefined, what: string): string {
  const text = value === undefined ? undefined : textOf(value);
  if (text === undefined) throw new TypeError(`${what} must be a text`);
  return text;
}

/** Writes the first letter in title case and the others in lower case. */
export function capitalize(text: string): string {
  const [first = "", ...rest] = characters(text);
  return titleCase(first) + rest.join("").toLowerCase();
}

/** Converts a letter to title case: `ß` becomes `Ss`, and digraphs have their own title case. */
function titleCase(letter: string): string {
  const digraph = /[Ǆ-ǌǱ-ǳ]/u.test(letter) ? letter.toUpperCase() : "";
  if (digraph !== "") return String.fromCharCode(digraph.charCodeAt(0) + 1);
  const [first = "", ...rest] = characters(letter.toUpperCase());
  return first + rest.join("").toLowerCase();
}

function swapCase(text: string): string {
  return text.replace(/\p{Cased}/gu, (letter) => {
    return /\p{Lowercase}/u.test(letter) ? letter.toUpperCase() : letter.toLowerCase();
  });
}

export function isLower(text: string): boolean {
  return /\p{Lowercase}/u.test(text) && !/[\p{Uppercase}\p{Lt}]/u.test(text);
}

export function isUpper(text: string): boolean {
  return /\p{Uppercase}/u.test(text) && !/[\p{Lowercase}\p{Lt}]/u.test(text);
}

/** Strips the characters of `set` (white space by default) at the given ends. */
export function strip(text: string, set: string | undefined, start = true, end = true): string {
  if (set === undefined) {
    const cut = start ? trimStart(text) : text;
    return end ? trimEnd(cut) : cut;
  }
  const unwanted = new Set(characters(set));
  const letters = hasPairs(text) ? characters(text) : text;
  let [from, to] = [0, letters.length];
  while (start && from < to && unwanted.has(letters[from]!)) from += 1;
  while (end && to > from && unwanted.has(letters[to - 1]!)) to -= 1;
  const kept = letters.slice(from, to);
  return typeof kept === "string" ? kept : kept.join("");
}

function trimming(start: boolean, end: boolean): Method {
  return (text, args, run) => {
    const [set] = bind("strip", args, ["chars"]);
    const chars = set === undefined || set === null ? undefined : need(set, "chars");
    return strip(run.reading(text), chars, start, end);
  };
}

interface SplitArguments {
  readonly separator: string | undefined;
  /** Maximum number of splits; negative: no limit. */
  readonly most: number;
}

function splitArguments(args: CallValues): SplitArguments {
  const [separator, most] = bind("split", args, ["sep", "maxsplit"]);
  const isBlank = separator === undefined || separator === null;
  const text = isBlank ? undefined : need(separator, "sep");
  if (text === "") throw new RangeError("a text cannot be split at an empty separator");
  return { separator: text, most: most === undefined ? -1 : indexOf(most, "maxsplit") };
}

function split(text: string, args: CallValues, run: Run): Value {
  const { separator, most } = splitArguments(args);
  run.reading(text);
  const parts = separator === undefined ? splitBlanks(text, most) : cut(text, separator, most);
  run.listing(parts.length);
  return parts;
}

function cut(text: string, separator: string, most: number): string[] {
  const parts = text.split(separator);
  if (most < 0 || parts.length <= most + 1) return parts;
  return [...parts.slice(0, most), parts.slice(most).join(separator)];
}

function splitBlanks(text: string, most: number): string[] {
  const parts: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at += 1;
    if (at === text.length) return parts;
    if (most >= 0 && parts.length === most) return [...parts, text.slice(at)];
    const start = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) at += 1;
    parts.push(text.slice(start, at));
  }
}

function splitFromRight(text: string, args: CallValues, run: Run): Value {
  const { separator, most } = splitArguments(args);
  run.reading(text);
  if (separator !== undefined) {
    const parts = text.split(separator);
    run.listing(parts.length);
    if (most < 0 || parts.length <= most + 1) return parts;
    const at = parts.length - most;
    return [parts.slice(0, at).join(separator), ...parts.slice(at)];
  }
  const all = splitBlanks(text, -1);
  run.listing(all.length);
  if (most < 0 || all.length <= most) return all;
  let rest = text;
  const parts = all.slice(all.length - most);
  for (const part of parts.toReversed()) rest = trimEnd(rest).slice(0, -part.length);
  const head = trimEnd(rest);
  return head === "" ? parts : [head, ...parts];
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python ends lines at separators too
const LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/g;

export function linesOf(text: string, keepEnds = false): string[] {
  const lines: string[] = [];
  let start = 0;
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    lines.push(text.slice(start, keepEnds ? index + end.length : index));
    start = index + end.length;
  }
  if (start < text.length) lines.push(text.slice(start));
  return lines;
}

function splitLines(text: string, args: CallValues, run: Run): Value {
  const [keep] = bind("splitlines", args, ["keepends"]);
  const lines = linesOf(run.reading(text), keep === true || keep === 1);
  run.listing(lines.length);
  return lines;
}

function joinTexts(text: string, args: CallValues, run: Run): Value {
  const [value] = bind("join", args, ["iterable"], 1);
  const parts = listOf(value!, run).map((part) => need(part, "every item to join"));
  const length = parts.reduce((sum, part) => sum + part.length + text.length, 0);
  run.making(length);
  return parts.join(text);
}

function replace(text: string, args: CallValues, run: Run): Value {
  const [old, made, most] = bind("replace", args, ["old", "new", "count"], 2);
  const limit = most === undefined ? -1 : indexOf(most, "count");
  return replaceText(text, need(old, "old"), need(made, "new"), limit, run);
}

export function replaceText(text: string, old: string, made: string, most: number, run: Run) {
  run.reading(text);
  const parts = old === "" ? ["", ...characters(text), ""] : text.split(old);
  const found = most < 0 ? parts.length - 1 : Math.min(most, parts.length - 1);
  run.making(Math.max(text.length, text.length + found * (made.length - old.length)));
  run.spend(parts.length >> 3);
  if (found === parts.length - 1) return parts.join(made);
  return parts.slice(0, found + 1).join(made) + old + parts.slice(found + 1).join(old);
}

/** A part of the text by code points, as `startswith(x, start, end)` and others look at. */
function part(text: string, start: Value | undefined, end: Value | undefined): [string, number] {
  if (start === undefined && end === undefined) return [text, 0];
  const index = (value: Value | undefined): number | undefined =>
    value === undefined || value === null ? undefined : indexOf(value, "an index");
  const letters = characters(text);
  const bounds = sliceBounds(letters.length, index(start), index(end));
  return [letters.slice(bounds.start, bounds.stop).join(""), bounds.start];
}

function affix(matches: (text: string, part: string) => boolean): Method {
  return (text, args, run) => {
    const [wanted, start, end] = bind("the method", args, ["prefix", "start", "end"], 1);
    const options = wanted instanceof Tuple ? wanted.items : [wanted!];
    const [looked] = part(text, start, end);
    run.spend(options.length);
    return options.some((option) => matches(looked, need(option, "a prefix or suffix")));
  };
}

function removing(name: "removeprefix" | "removesuffix"): Method {
  return (text, args) => {
    const affix = need(bind(name, args, ["affix"], 1)[0], "the affix");
    if (affix === "") return text;
    if (name === "removeprefix") return text.startsWith(affix) ? text.slice(affix.length) : text;
    return text.endsWith(affix) ? text.slice(0, -affix.length) : text;
  };
}

function finding(search: "indexOf" | "lastIndexOf", isNeeded: boolean): Method {
  return (text, args, run) => {
    const [wanted, start, end] = bind("find", args, ["sub", "start", "end"], 1);
    const [looked, from] = part(run.reading(text), start, end);
    const at = looked[search](need(wanted, "the text to find"));
    if (at < 0 && isNeeded) throw new RangeError("the text to find is not there");
    return at < 0 ? -1 : from + characterCount(looked.slice(0, at));
  };
}

function count(text: string, args: CallValues, run: Run): Value {
  const [wanted, start, end] = bind("count", args, ["sub", "start", "end"], 1);
  const [looked] = part(run.reading(text), start, end);
  const sought = need(wanted, "the text to count");
  return sought === "" ? characterCount(looked) + 1 : looked.split(sought).length - 1;
}

function partition(search: "indexOf" | "lastIndexOf"): Method {
  return (text, args, run) => {
    const separator = need(bind("partition", args, ["sep"], 1)[0], "sep");
    if (separator === "") throw new RangeError("a text cannot be split at an empty separator");
    const at = run.reading(text)[search](separator);
    if (at >= 0) {
      return new Tuple([text.slice(0, at), separator, text.slice(at + separator.length)]);
    }
    return new Tuple(search === "indexOf" ? [text, "", ""] : ["", "", text]);
  };
}

function padding(name: "center" | "ljust" | "rjust"): Method {
  return (text, args, run) => {
    const [width, filler] = bind(name, args, ["width", "fillchar"], 1);
    const fill = filler === undefined ? " " : need(filler, "fillchar");
    if (characterCount(fill) !== 1) throw new TypeError("fillchar must be one character");
    return padText(text, indexOf(width!, "width"), name, fill, run);
  };
}

export function padText(
  text: string,
  width: number,
  name: "center" | "ljust" | "rjust",
  fill: string,
  run: Run,
): string {
  const missing = width - characterCount(text);
  if (missing <= 0) return text;
  run.making(width);
  // If the width is odd, Python puts the extra space on the left.
  const left = name === "ljust" ? 0 : (missing >> 1) + (missing & width & 1);
  const before = name === "rjust" ? missing : left;
  return fill.repeat(before) + text + fill.repeat(missing - before);
}

function zeroFill(text: string, args: CallValues, run: Run): Value {
  const width = indexOf(bind("zfill", args, ["width"], 1)[0]!, "width");
  run.making(width);
  const sign = /^[-+]?/.exec(text)?.[0] ?? "";
  const missing = Math.max(0, width - characterCount(text));
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

function expandTabs(text: string, args: CallValues, run: Run): Value {
  const [size] = bind("expandtabs", args, ["tabsize"]);
  const width = size === undefined ? 8 : indexOf(size, "tabsize");
  let column = 0;
  let made = "";
  for (const letter of text) {
    const blanks = width > 0 ? width - (column % width) : 0;
    if (letter === "\t") run.making(blanks);
    made += letter === "\t" ? " ".repeat(blanks) : letter;
    column = letter === "\n" || letter === "\r" ? 0 : column + (letter === "\t" ? blanks : 1);
  }
  run.making(made.length);
  return made;
}
