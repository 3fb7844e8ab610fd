/** The value of a JSON text that may be cut off anywhere. */
export interface PartialJson {
  readonly value: unknown;
  /** False if the text ends before the value does. */
  readonly complete: boolean;
}

const MAX_DEPTH = 200;

/** Thrown inside this file: no continuation makes the text valid JSON. */
class NotJson extends Error {}

/**
 * Parses an incomplete object or array. Open objects, arrays and strings end with the text; a name
 * without a value is dropped. Returns undefined if no continuation makes the text valid JSON.
 */
export function parsePartialJson(text: string): PartialJson | undefined {
  const reader: Reader = { text, at: 0, complete: true };
  skipSpace(reader);
  if (!"[{".includes(text[reader.at] ?? "x")) return undefined;
  try {
    const value = readValue(reader, 0);
    skipSpace(reader);
    if (reader.at < text.length) return undefined;
    return { value, complete: reader.complete };
  } catch (thrown) {
    if (thrown instanceof NotJson) return undefined;
    throw thrown;
  }
}

interface Reader {
  readonly text: string;
  at: number;
  complete: boolean;
}

/** Marks a value that has not begun. */
const NOTHING = Symbol("nothing");

function skipSpace(reader: Reader): void {
  while (" \t\r\n".includes(reader.text[reader.at] ?? "x")) reader.at += 1;
}

function readValue(reader: Reader, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new NotJson();
  skipSpace(reader);
  const letter = reader.text[reader.at];
  if (letter === undefined) {
    reader.complete = false;
    return NOTHING;
  }
  if (letter === "{") return readObject(reader, depth);
  if (letter === "[") return readArray(reader, depth);
  return letter === '"' ? readString(reader) : readScalar(reader);
}

function readArray(reader: Reader, depth: number): readonly unknown[] {
  const values: unknown[] = [];
  readEntries(reader, "]", () => {
    const value = readValue(reader, depth + 1);
    if (value !== NOTHING) values.push(value);
  });
  return values;
}

function readObject(reader: Reader, depth: number): object {
  const entries: [string, unknown][] = [];
  readEntries(reader, "}", () => {
    skipSpace(reader);
    if (reader.at >= reader.text.length) return;
    if (reader.text[reader.at] !== '"') throw new NotJson();
    const name = readString(reader);
    skipSpace(reader);
    if (reader.at >= reader.text.length) reader.complete = false;
    else if (reader.text[reader.at] !== ":") throw new NotJson();
    else {
      reader.at += 1;
      const value = readValue(reader, depth + 1);
      if (value !== NOTHING) entries.push([name, value]);
    }
  });
  return Object.fromEntries(entries);
}

/** Reads `entry, entry` up to the closing bracket. */
function readEntries(reader: Reader, close: string, readEntry: () => void): void {
  reader.at += 1;
  for (let isFirst = true; ; isFirst = false) {
    skipSpace(reader);
    const letter = reader.text[reader.at];
    if (letter === undefined) {
      reader.complete = false;
      return;
    }
    if (letter === close) {
      reader.at += 1;
      return;
    }
    if (!isFirst) {
      if (letter !== ",") throw new NotJson();
      reader.at += 1;
      skipSpace(reader);
      if (reader.text[reader.at] === close) throw new NotJson();
    }
    readEntry();
  }
}

function readString(reader: Reader): string {
  const [whole = '"'] = /^"(?:[^"\\\n\r]|\\.)*/.exec(reader.text.slice(reader.at)) ?? [];
  reader.at += whole.length;
  if (reader.text[reader.at] === '"') {
    reader.at += 1;
    return parse(`${whole}"`) as string;
  }
  // An incomplete string may end inside an escape sequence.
  const rest = reader.text.slice(reader.at);
  if (rest !== "" && rest !== "\\") throw new NotJson();
  reader.at = reader.text.length;
  reader.complete = false;
  return parse(`${whole.replace(/\\u[0-9a-fA-F]{0,3}$/, "")}"`) as string;
}

const WORDS = ["true", "false", "null"];

function readScalar(reader: Reader): unknown {
  const [text = ""] = /^[-+.\w]+/.exec(reader.text.slice(reader.at, reader.at + 400)) ?? [];
  const atEnd = reader.at + text.length >= reader.text.length;
  if (text === "") throw new NotJson();
  reader.at += text.length;
  if (!atEnd) return parse(text);
  reader.complete = false;
  if (WORDS.some((word) => word.startsWith(text)))
    return WORDS.includes(text) ? parse(text) : NOTHING;
  // The number may continue; its current digits are returned if they are a number already.
  if (!/^-?\d*(?:\.\d*)?(?:[eE][-+]?\d*)?$/.test(text)) throw new NotJson();
  const [number] = /^-?\d+(?:\.\d+)?/.exec(text) ?? [];
  return number === undefined ? NOTHING : parse(number);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new NotJson();
  }
}
