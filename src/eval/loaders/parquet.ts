// Rows of parquet files as Hugging Face publishes them: pictures are structs of bytes and path.

import { basename, dirname } from "node:path";
import {
  type AsyncBuffer,
  asyncBufferFromFile,
  type FileMetaData,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { VireoError } from "../../core/errors.ts";
import type { PythonValue } from "../python/value.ts";
import { type Cell, isPicture, type Row } from "./row.ts";

/** The number of rows in the files. */
export async function countParquetRows(files: readonly string[]): Promise<number> {
  let rows = 0;
  for (const file of files) rows += Number((await open(file)).metadata.num_rows);
  return rows;
}

/**
 * The rows of the files, in order. One row group is in memory at a time. Without media the columns
 * of pictures are not read.
 */
export async function* readParquetRows(
  files: readonly string[],
  folder: string,
  withMedia: boolean,
): AsyncGenerator<Row> {
  for (const path of files) {
    const { file, metadata } = await open(path);
    const columns = withMedia ? undefined : columnsWithoutPictures(metadata);
    let rowStart = 0;
    for (const group of metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      const rows = await readGroup(path, { file, metadata, rowStart, rowEnd, columns });
      for (const [at, row] of rows.entries()) {
        const cells = new Map(Object.entries(row).map(([name, value]) => [name, toCell(value)]));
        yield { cells, place: `${basename(path)}, row ${rowStart + at + 1}`, folder };
      }
      rowStart = rowEnd;
    }
  }
}

interface OpenFile {
  readonly file: AsyncBuffer;
  readonly metadata: FileMetaData;
}

async function open(path: string): Promise<OpenFile> {
  try {
    const file = await asyncBufferFromFile(path);
    return { file, metadata: await parquetMetadataAsync(file) };
  } catch (error) {
    throw unreadable(path, error);
  }
}

interface Part extends OpenFile {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columns: string[] | undefined;
}

/** utf8: false keeps byte columns as bytes; without it pictures arrive as broken texts. */
async function readGroup(path: string, part: Part): Promise<Record<string, unknown>[]> {
  const { columns, ...rest } = part;
  const chosen = columns === undefined ? {} : { columns };
  try {
    return await parquetReadObjects({ ...rest, ...chosen, compressors, utf8: false });
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): VireoError {
  const message =
    `${dirname(path) === "." ? path : basename(path)} is no parquet file that can be read. ` +
    "If it is a pointer of Git LFS, fetch the file itself";
  return new VireoError("invalid_option", message, { param: "data", cause });
}

/** Top-level columns but those with bytes without a text annotation somewhere inside. */
function columnsWithoutPictures({ schema }: FileMetaData): string[] {
  const names: string[] = [];
  let at = 1;
  while (at < schema.length) {
    const end = endOf(schema, at);
    const isText = schema.slice(at, end).every(({ type, converted_type, logical_type }) => {
      return type !== "BYTE_ARRAY" || converted_type !== undefined || logical_type !== undefined;
    });
    if (isText) names.push(schema[at]!.name);
    at = end;
  }
  return names;
}

/** The place behind an element and all that it contains. */
function endOf(schema: FileMetaData["schema"], at: number): number {
  let end = at + 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0); child += 1) {
    end = endOf(schema, end);
  }
  return end;
}

function toCell(value: unknown): Cell {
  if (isPictureStruct(value)) return { bytes: value.bytes ?? null, path: value.path ?? null };
  if (Array.isArray(value) && value.some((item) => isPictureStruct(item))) {
    return value.map(toCell).filter(isPicture);
  }
  return toPython(value);
}

interface PictureStruct {
  readonly bytes?: Uint8Array | null;
  readonly path?: string | null;
}

function isPictureStruct(value: unknown): value is PictureStruct {
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return false;
  const keys = Object.keys(value);
  return keys.includes("bytes") && keys.every((key) => key === "bytes" || key === "path");
}

function toPython(value: unknown): PythonValue {
  if (value === undefined || value === null) return null;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("utf8");
  if (Array.isArray(value)) return value.map(toPython);
  if (typeof value !== "object") return value as PythonValue;
  return new Map(Object.entries(value).map(([key, item]) => [key, toPython(item)]));
}
