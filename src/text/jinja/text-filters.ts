import { bind } from "./arguments.ts";
import { format } from "./format.ts";
import { type JsonStyle, writeJson } from "./json.ts";
import { indexOf, isInteger, numberOf } from "./numbers.ts";
import { isTrue } from "./operators.ts";
import { print } from "./print.ts";
import type { Run } from "./run.ts";
import { capitalize, linesOf, padText, replaceText, strip } from "./string-methods.ts";
import { characterCount, characters, escapeHtml } from "./text.ts";
import type { CallValues } from "./values.ts";
import {
  isDict,
  isList,
  like,
  Markup,
  sequenceOf,
  Tuple,
  textOf,
  typeName,
  type Value,
} from "./values.ts";

export type Filter = (value: Value, args: CallValues, run: Run) => Value;

/** Jinja's filters on text, and `tojson` as in transformers. */
export const TEXT_FILTERS: ReadonlyMap<string, Filter> = new Map<string, Filter>([
  ["upper", changing((text) => text.toUpperCase())],
  ["lower", changing((text) => text.toLowerCase())],
  ["capitalize", changing(capitalize)],
  ["title", changing(title)],
  ["trim", trim],
  ["replace", replace],
  ["indent", indent],
  ["truncate", truncate],
  ["center", center],
  ["wordcount", wordCount],
  ["string", (value, _, run) => (value instanceof Markup ? value : print(value, run))],
  ["safe", (value, _, run) => new Markup(print(value, run))],
  ["e", markEscaped],
  ["escape", markEscaped],
  ["forceescape", (value, _, run) => new Markup(escapeHtml(print(value, run)))],
  ["format", formatted],
  ["urlencode", urlEncode],
  ["tojson", toJson],
]);

/** Makes a filter from a function on text; other values are printed first. */
function changing(make: (text: string) => string): Filter {
  return (value, args, run) => {
    bind("the filter", args, []);
    const text = run.reading(print(value, run));
    return like(value, make(text));
  };
}

function title(text: string): string {
  return text
    .split(/([-\s({[<]+)/)
    .map((part) => {
      const [first = "", ...rest] = characters(part);
      return first.toUpperCase() + rest.join("").toLowerCase();
    })
    .join("");
}

function trim(value: Value, args: CallValues, run: Run): Value {
  const [chars] = bind("trim", args, ["chars"]);
  const set = chars === undefined || chars === null ? undefined : needText(chars, "chars");
  const text = strip(run.reading(print(value, run)), set);
  return like(value, text);
}

function needText(value: Value, what: string): string {
  const text = textOf(value);
  if (text === undefined) throw new TypeError(`${what} must be a text, not ${typeName(value)}`);
  return text;
}

function replace(value: Value, args: CallValues, run: Run): Value {
  const [old, made, count] = bind("replace", args, ["old", "new", "count"], 2);
  const most = count === undefined || count === null ? -1 : indexOf(count, "count");
  return replaceText(print(value, run), print(old!, run), print(made!, run), most, run);
}

function indent(value: Value, args: CallValues, run: Run): Value {
  const [width = 4, first = false, blank = false] = bind("indent", args, [
    "width",
    "first",
    "blank",
  ]);
  const text = run.reading(needText(value, "what is indented"));
  const spaces = textOf(width) ?? " ".repeat(Math.max(0, boundedWidth(width, run)));
  // The added line end preserves a last empty line.
  const lines = linesOf(`${text}\n`);
  run.making(text.length + lines.length * spaces.length);
  const indented = lines.map((line, at) => {
    if (at === 0) return isTrue(first) ? spaces + line : line;
    return line === "" && !isTrue(blank) ? line : spaces + line;
  });
  const made = indented.join("\n");
  return like(value, made);
}

function boundedWidth(width: Value, run: Run): number {
  const columns = indexOf(width, "a width");
  run.making(columns);
  return columns;
}

function truncate(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["length", "killwords", "end", "leeway"];
  const [limit = 255, killwords = false, end = "...", leeway] = bind("truncate", args, parameters);
  const most = indexOf(limit, "length");
  const tail = needText(end, "end");
  const slack = leeway === undefined || leeway === null ? 5 : indexOf(leeway, "leeway");
  if (most < characterCount(tail) || slack < 0) throw new RangeError("length is too small");
  const text = textOf(value);
  const length = text === undefined ? sequenceOf(value)?.length : characterCount(text);
  if (length !== undefined && length <= most + slack) return value;
  const letters = characters(run.reading(needText(value, "what is truncated")));
  const cut = letters.slice(0, most - characterCount(tail)).join("");
  if (isTrue(killwords)) return cut + tail;
  const blank = cut.lastIndexOf(" ");
  return (blank < 0 ? cut : cut.slice(0, blank)) + tail;
}

function center(value: Value, args: CallValues, run: Run): Value {
  const [width = 80] = bind("center", args, ["width"]);
  return padText(print(value, run), boundedWidth(width, run), "center", " ", run);
}

function wordCount(value: Value, args: CallValues, run: Run): Value {
  bind("wordcount", args, []);
  return run.reading(print(value, run)).match(/[\p{L}\p{N}_]+/gu)?.length ?? 0;
}

function markEscaped(value: Value, args: CallValues, run: Run): Value {
  bind("escape", args, []);
  return value instanceof Markup ? value : new Markup(escapeHtml(print(value, run)));
}

function formatted(value: Value, { positional, named }: CallValues, run: Run): Value {
  if (positional.length > 0 && named.size > 0) {
    throw new TypeError("format takes values by place or by name, not both");
  }
  const values = named.size > 0 ? new Map<Value, Value>(named) : new Tuple(positional);
  return format(run.reading(print(value, run)), values, run);
}

function urlEncode(value: Value, args: CallValues, run: Run): Value {
  bind("urlencode", args, []);
  const pairs = isDict(value) ? [...value] : pairsOf(value);
  if (pairs === undefined) return quoteUrl(run.reading(print(value, run)), "/");
  const quoted = (item: Value): string => quoteUrl(print(item, run), "").replaceAll("%20", "+");
  return pairs.map(([key, item]) => `${quoted(key)}=${quoted(item)}`).join("&");
}

function pairsOf(value: Value): (readonly [Value, Value])[] | undefined {
  return sequenceOf(value)?.map((pair) => {
    const items = sequenceOf(pair);
    if (items?.length !== 2) throw new TypeError("urlencode needs pairs");
    return [items[0]!, items[1]!];
  });
}

function quoteUrl(text: string, safe: string): string {
  const encoded = encodeURIComponent(wellFormed(text)).replace(/[!'()*]/g, (letter) => {
    return `%${letter.charCodeAt(0).toString(16).toUpperCase()}`;
  });
  return safe === "/" ? encoded.replaceAll("%2F", "/") : encoded;
}

/** A text that UTF-8 can hold. Throws for half of a character, as Python does. */
function wellFormed(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new TypeError("half of a character has no bytes");
  return text;
}

/** `tojson` as transformers defines it: no escapes for HTML, and json.dumps' own arguments. */
function toJson(value: Value, args: CallValues, run: Run): Value {
  const parameters = ["ensure_ascii", "indent", "separators", "sort_keys"];
  const [ascii = false, width = null, separators = null, sorted = false] = bind(
    "tojson",
    args,
    parameters,
  );
  const indent = width === null ? undefined : (textOf(width) ?? blanks(width, run));
  const style: JsonStyle = {
    ensureAscii: isTrue(ascii),
    indent,
    separators: separators === null ? [indent === undefined ? ", " : ",", ": "] : pair(separators),
    sortKeys: isTrue(sorted),
  };
  return writeJson(value, style, run);
}

function blanks(width: Value, run: Run): string {
  if (!isInteger(numberOf(width))) throw new TypeError("indent must be an integer or a text");
  return " ".repeat(Math.max(0, boundedWidth(width, run)));
}

function pair(separators: Value): readonly [string, string] {
  const items = isList(separators)
    ? separators
    : separators instanceof Tuple
      ? separators.items
      : [];
  if (items.length !== 2) throw new TypeError("separators must be two texts");
  return [needText(items[0]!, "a separator"), needText(items[1]!, "a separator")];
}
