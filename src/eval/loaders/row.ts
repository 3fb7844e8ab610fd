// A row of a data set, whatever file it stood in: cells by column, read by name and type.

import { readFile } from "node:fs/promises";
import { isAbsolute, join, normalize, sep } from "node:path";
import { VireoError } from "../../core/errors.ts";
import { readLiteral } from "../python/literal.ts";
import { toText } from "../python/print.ts";
import { isDict, itemsOf, type PythonDict, type PythonValue } from "../python/value.ts";
import type { Media } from "../types.ts";

/** A picture of a parquet file: its bytes, or the path of a file beside the data. */
export interface PictureCell {
  readonly bytes: Uint8Array | null;
  readonly path: string | null;
}

export type Cell = PythonValue | PictureCell | readonly PictureCell[];

export interface Row {
  readonly cells: ReadonlyMap<string, Cell>;
  /** For messages, as "validation-00000-of-00001.parquet, row 12". */
  readonly place: string;
  /** Folder to which paths of pictures and videos are relative. */
  readonly folder: string;
  /** The picture of another row of the same file, by its index (TSV files share pictures so). */
  readonly pictureOf?: (index: string) => Promise<Uint8Array>;
}

/** The first of the columns that the row has; undefined where it has none or holds no value. */
export function cellOf(row: Row, ...names: readonly string[]): Cell | undefined {
  for (const name of names) {
    const cell = row.cells.get(name);
    if (cell !== undefined && cell !== null) return cell;
  }
  return undefined;
}

/**
 * The first of the columns as a text. Throws invalid_option where the row has none of them, with
 * the columns that it has.
 */
export function textOf(row: Row, ...names: readonly string[]): string {
  const text = optionalText(row, ...names);
  if (text === undefined) throw missingColumn(row, names);
  return text;
}

export function optionalText(row: Row, ...names: readonly string[]): string | undefined {
  const cell = cellOf(row, ...names);
  return cell === undefined ? undefined : toText(plain(cell));
}

/** The first of the columns as a list; a text is read as a Python list if it is one. */
export function listOf(row: Row, ...names: readonly string[]): readonly PythonValue[] {
  if (!names.some((name) => row.cells.has(name))) throw missingColumn(row, names);
  return optionalList(row, ...names);
}

/** The first of the columns as a list; empty where the row has none of them. */
export function optionalList(row: Row, ...names: readonly string[]): readonly PythonValue[] {
  const cell = cellOf(row, ...names);
  return cell === undefined ? [] : toList(plain(cell));
}

/** A text that is a Python list becomes its items; any other value a list of itself. */
export function toList(value: PythonValue): readonly PythonValue[] {
  const inner = typeof value === "string" && /^\s*\[/.test(value) ? readLiteral(value) : value;
  return itemsOf(inner) ?? [inner ?? value];
}

/** The value of a dict in a column, as metadata.source. */
export function nestedText(row: Row, column: string, key: string): string | undefined {
  const cell = cellOf(row, column);
  const dict = typeof cell === "string" ? readLiteral(cell) : cell;
  if (!isDict(dict as PythonValue)) return undefined;
  const value = (dict as PythonDict).get(key);
  return value === undefined || value === null ? undefined : toText(value);
}

/** A cell as a value of Python; a picture prints as its path. */
export function plain(cell: Cell): PythonValue {
  if (!isPicture(cell)) return cell as PythonValue;
  return cell.path ?? "";
}

export function isPicture(cell: unknown): cell is PictureCell {
  return typeof cell === "object" && cell !== null && "bytes" in cell && "path" in cell;
}

function missingColumn({ cells, place }: Row, names: readonly string[]): VireoError {
  const wanted = names.map((name) => `"${name}"`).join(" or ");
  const found = [...cells.keys()].map((name) => `"${name}"`).join(", ");
  const message =
    `${place} has no column ${wanted}; it has ${found}. ` +
    "Check that the file belongs to this benchmark and split";
  return new VireoError("invalid_option", message, { param: "data" });
}

/** The pictures of the columns, in order: bytes in the data set, base64, or files beside it. */
export function picturesOf(row: Row, ...names: readonly string[]): Media[] {
  return names.flatMap((name) => {
    const cell = cellOf(row, name);
    if (cell === undefined) return [];
    const list = Array.isArray(cell) ? cell : typeof cell === "string" ? toList(cell) : [cell];
    return list.map((one: unknown) => pictureOf(row, one));
  });
}

function pictureOf(row: Row, cell: unknown): Media {
  const { bytes, path } = isPicture(cell) ? cell : { bytes: null, path: String(cell) };
  if (bytes !== null) return { type: "image", read: async () => bytes };
  const text = path ?? "";
  const { pictureOf: shared } = row;
  if (shared !== undefined && /^\d{1,10}$/.test(text)) {
    return { type: "image", read: () => shared(text) };
  }
  if (isBase64(text)) {
    return { type: "image", read: async () => new Uint8Array(Buffer.from(text, "base64")) };
  }
  return { type: "image", read: () => readBeside(row, text) };
}

/** Paths of pictures are short and have an ending; base64 of a picture is neither. */
function isBase64(text: string): boolean {
  return text.length >= 64 && /^[A-Za-z0-9+/\s]+=*\s*$/.test(text);
}

/** Reads a file of the data set's folder. A path that leads out of the folder is refused. */
export async function readBeside(row: Row, path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(pathBeside(row, path)));
  } catch (error) {
    if (error instanceof VireoError) throw error;
    const message =
      `${row.place} names the file ${JSON.stringify(path)}, which cannot be read. ` +
      "Unpack the pictures or videos beside the data";
    throw new VireoError("invalid_option", message, { param: "data", cause: error });
  }
}

export function pathBeside({ folder, place }: Row, path: string): string {
  const inner = normalize(path);
  if (isAbsolute(inner) || inner === ".." || inner.startsWith(`..${sep}`) || inner.includes("\0")) {
    const message = `${place} names a file outside of its folder: ${JSON.stringify(path)}`;
    throw new VireoError("invalid_option", message, { param: "data" });
  }
  return join(folder, inner);
}
