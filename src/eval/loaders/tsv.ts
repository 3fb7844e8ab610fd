// Rows of the TSV files of VLMEvalKit: a header, quoted fields that may hold line breaks, pictures
// as base64 or as the index of a row that has the picture.

import { type FileHandle, open } from "node:fs/promises";
import { basename } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { Cell, Row } from "./row.ts";

/** Where a record stands in the file, in bytes; the line break is not part of it. */
interface Span {
  readonly begin: number;
  readonly end: number;
}

export async function countTsvRows(path: string): Promise<number> {
  return (await withFile(path, (file) => findRecords(path, file))).length - 1;
}

/** The rows of the file. Only the places of the records are kept in memory. */
export async function* readTsvRows(path: string, folder: string): AsyncGenerator<Row> {
  const file = await open(path, "r");
  try {
    const [head, ...spans] = await findRecords(path, file);
    const names = head === undefined ? [] : splitRecord(await readSpan(file, head));
    const spanByIndex = new Map<string, Span>();
    const pictureOf = (index: string) => readShared(path, names, spanByIndex.get(index));
    for (const [at, span] of spans.entries()) {
      const fields = splitRecord(await readSpan(file, span));
      const cells = new Map<string, Cell>(
        names.map((name, column) => [name, fields[column] || null]),
      );
      const index = cells.get("index");
      if (typeof index === "string") spanByIndex.set(index, span);
      yield { cells, place: `${basename(path)}, row ${at + 1}`, folder, pictureOf };
    }
  } finally {
    await file.close();
  }
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>): Promise<T> {
  const file = await open(path, "r");
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}

async function readShared(
  path: string,
  names: readonly string[],
  span: Span | undefined,
): Promise<Uint8Array> {
  const fields = span && splitRecord(await withFile(path, (file) => readSpan(file, span)));
  const text = fields?.[names.indexOf("image")] ?? "";
  if (text.length < 64) {
    const message = `${basename(path)} names a row as the place of a picture, which has none`;
    throw new VireoError("invalid_option", message, { param: "data" });
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}

async function readSpan(file: FileHandle, { begin, end }: Span): Promise<string> {
  const bytes = Buffer.alloc(end - begin);
  await file.read(bytes, 0, bytes.length, begin);
  return bytes
    .toString("utf8")
    .replace(/^\ufeff/, "")
    .replace(/\r$/, "");
}

const QUOTE = 0x22;
const TAB = 0x09;
const NEWLINE = 0x0a;
const CHUNK_BYTES = 1 << 20;

/** Where the reader stands in a field. */
const START = 0;
const PLAIN = 1;
const QUOTED = 2;
const AFTER_QUOTE = 3;

/** A quote opens a quoted field only at its beginning, as pandas reads it. */
function nextState(state: number, byte: number): number {
  if (state === QUOTED) return byte === QUOTE ? AFTER_QUOTE : QUOTED;
  if (byte === QUOTE && state !== PLAIN) return QUOTED;
  return byte === TAB || byte === NEWLINE ? START : PLAIN;
}

/** Finds the records; empty lines are none. */
async function findRecords(path: string, file: FileHandle): Promise<Span[]> {
  const spans: Span[] = [];
  const chunk = Buffer.alloc(CHUNK_BYTES);
  let [begin, offset, state] = [0, 0, START];
  while (true) {
    const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES, offset);
    if (bytesRead === 0) break;
    for (let at = 0; at < bytesRead; at += 1) {
      const byte = chunk[at]!;
      if (byte === NEWLINE && state !== QUOTED) {
        if (offset + at > begin) spans.push({ begin, end: offset + at });
        begin = offset + at + 1;
      }
      state = nextState(state, byte);
    }
    offset += bytesRead;
    if (offset - begin > LIMITS.eval.rowBytes) throw tooLong(path, spans.length);
  }
  if (offset > begin) spans.push({ begin, end: offset });
  return spans;
}

function tooLong(path: string, row: number): VireoError {
  const message =
    `${basename(path)}, row ${row} is longer than ${LIMITS.eval.rowBytes} bytes. ` +
    "A quote that is not closed makes the rest of a file one row";
  return new VireoError("invalid_option", message, { param: "data" });
}

/** Fields of a record; in quoted ones a doubled quote is a quote. */
export function splitRecord(record: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (at <= record.length) {
    let quoted = "";
    if (record[at] === '"') {
      let end = at + 1;
      while (end < record.length && (record[end] !== '"' || record[end + 1] === '"')) {
        end += record[end] === '"' ? 2 : 1;
      }
      quoted = record.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    // text behind a closing quote belongs to the field
    const tab = record.indexOf("\t", at);
    const end = tab < 0 ? record.length : tab;
    fields.push(quoted + record.slice(at, end));
    at = end + 1;
  }
  return fields;
}
