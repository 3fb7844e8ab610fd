/** How a language writes JSON values. */
export interface Language {
  readonly nothing: string;
  readonly yes: string;
  readonly no: string;
  readonly indent: string;
  /** The name of a field: quoted in Python, bare where it can be in JavaScript. */
  readonly field: (name: string) => string;
  /** Source text that replaces a string, or undefined to write it as a string. */
  readonly replace: (text: string) => string | undefined;
}

const COLUMNS = 88;

/** Writes a value as source text, on one line if it fits. `level`: the indentation level. */
export function literal(value: unknown, language: Language, level = 0): string {
  const short = flat(value, language);
  if (short.length + level * language.indent.length <= COLUMNS) return short;
  if (typeof value !== "object" || value === null || value instanceof Source) return short;
  const inner = language.indent.repeat(level + 1);
  const outer = language.indent.repeat(level);
  const write = (entry: unknown): string => literal(entry, language, level + 1);
  if (Array.isArray(value)) {
    return `[\n${value.map((entry) => `${inner}${write(entry)},\n`).join("")}${outer}]`;
  }
  const lines = Object.entries(value).map(
    ([name, entry]) => `${inner}${language.field(name)}: ${write(entry)},\n`,
  );
  return `{\n${lines.join("")}${outer}}`;
}

function flat(value: unknown, language: Language): string {
  if (value === null || value === undefined) return language.nothing;
  if (typeof value === "boolean") return value ? language.yes : language.no;
  if (typeof value === "string") return language.replace(value) ?? quoted(value);
  if (typeof value !== "object") return String(value);
  if (value instanceof Source) return value.text;
  if (Array.isArray(value)) return `[${value.map((entry) => flat(entry, language)).join(", ")}]`;
  const fields = Object.entries(value).map(
    ([name, entry]) => `${language.field(name)}: ${flat(entry, language)}`,
  );
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`;
}

/** Source text that stands for a value and is written unquoted. */
export class Source {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** JSON quoting works in Python and JavaScript, except for two characters in old JavaScript. */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** Quotes a property name unless JavaScript accepts it without quotes. */
export function bareOrQuoted(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) && name !== "__proto__" ? name : quoted(name);
}
