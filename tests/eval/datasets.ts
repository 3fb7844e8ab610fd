// Small data sets in the layouts in which benchmarks are published, written into a folder.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";

/** The writer comes with its own version of hyparquet, whose types it takes. */
type SchemaElement = NonNullable<Parameters<typeof parquetWriteFile>[0]["schema"]>[number];

/** A picture is any bytes here; loaders must not look into them. */
export function pictureBytes(seed: number): Uint8Array {
  return Uint8Array.from({ length: 200 + seed }, (_, at) => (at * 7 + seed * 31) % 256);
}

export const PICTURE: readonly SchemaElement[] = [
  { name: "image", num_children: 2, repetition_type: "OPTIONAL" },
  { name: "bytes", type: "BYTE_ARRAY", repetition_type: "OPTIONAL" },
  { name: "path", type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" },
];

/** The schema of a picture column under another name. */
export function pictureColumn(name: string): SchemaElement[] {
  return [{ ...PICTURE[0]!, name }, ...PICTURE.slice(1)];
}

export function textColumn(name: string): SchemaElement[] {
  return [{ name, type: "BYTE_ARRAY", converted_type: "UTF8", repetition_type: "OPTIONAL" }];
}

export function textListColumn(name: string): SchemaElement[] {
  return [
    { name, num_children: 1, converted_type: "LIST", repetition_type: "OPTIONAL" },
    { name: "list", num_children: 1, repetition_type: "REPEATED" },
    { ...textColumn("element")[0]! },
  ];
}

export function numberColumn(name: string, type: "INT32" | "INT64" | "DOUBLE"): SchemaElement[] {
  return [{ name, type, repetition_type: "OPTIONAL" }];
}

/** Writes a parquet file; columns are [schema, values] in order. */
export function writeParquet(
  file: string,
  columns: readonly (readonly [SchemaElement[], readonly unknown[]])[],
  rowGroupSize = 8,
): void {
  mkdirSync(dirname(file), { recursive: true });
  const schema: SchemaElement[] = [
    { name: "root", num_children: columns.length },
    ...columns.flatMap(([elements]) => elements),
  ];
  const columnData = columns.map(([elements, data]) => ({
    name: elements[0]!.name,
    data: [...data],
  }));
  parquetWriteFile({ filename: file, schema, columnData, rowGroupSize });
}

/** Writes a TSV file as pandas does: fields with tabs, quotes or line breaks are quoted. */
export function writeTsv(file: string, rows: readonly Readonly<Record<string, string>>[]): void {
  const names = Object.keys(rows[0]!);
  const quote = (text: string) =>
    /[\t\n\r"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = [names, ...rows.map((row) => names.map((name) => row[name] ?? ""))];
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, lines.map((line) => `${line.map(quote).join("\t")}\n`).join(""));
}

export function writeFiles(folder: string, files: Readonly<Record<string, Uint8Array>>): void {
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
}
