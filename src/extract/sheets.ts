import { basename } from "node:path";
import { cellText } from "./cell-text.ts";
import { type CsvLayout, csvLayout, tableRows } from "./csv.ts";
import { isObject, type JsonObject } from "./merge.ts";

/** A table of values with a name. */
export interface Sheet {
  readonly name: string;
  /** The first row names the columns. */
  readonly rows: readonly (readonly unknown[])[];
}

/** The data extracted from a file. */
export interface FoundData {
  readonly file: string;
  readonly data: unknown;
}

/**
 * Whether a schema describes tables, like the shipped schema "table": a list `tables` of objects
 * with `columns` (texts) and `rows` (lists of texts).
 */
export function holdsTables({ properties }: JsonObject): boolean {
  const tables = isObject(properties) ? properties.tables : undefined;
  const items = isObject(tables) && isObject(tables.items) ? tables.items.properties : undefined;
  return isObject(items) && isObject(items.columns) && isObject(items.rows);
}

/** Throws invalid_schema for a schema whose data is not a table, with the reason. */
export function checkSheets(schema: JsonObject): void {
  if (!holdsTables(schema)) csvLayout(schema);
}

/** One sheet for all documents, or one for each table in them. */
export function sheetsOf(schema: JsonObject, found: readonly FoundData[]): Sheet[] {
  if (holdsTables(schema)) return found.flatMap(tablesOf);
  const layout: CsvLayout = csvLayout(schema);
  const { columns, list, listColumns } = layout;
  const head = ["file", ...columns, ...listColumns.map((name) => `${list}.${name}`)];
  const rows = found.flatMap(({ file, data }) => tableRows(layout, file, data));
  return [{ name: "results", rows: [head, ...rows] }];
}

function tablesOf({ file, data }: FoundData): Sheet[] {
  const tables = isObject(data) && Array.isArray(data.tables) ? data.tables : [];
  return tables.filter(isObject).map(({ title, columns, rows }, index): Sheet => {
    const name = typeof title === "string" && title !== "" ? title : `table ${index + 1}`;
    const lists = [columns, ...(Array.isArray(rows) ? rows : [])];
    return { name: `${basename(file)}: ${name}`, rows: lists.filter((row) => Array.isArray(row)) };
  });
}

/** Formats sheets as Markdown tables, each under its name. */
export function toMarkdown(sheets: readonly Sheet[]): string {
  const parts = sheets.map(({ name, rows: [head = [], ...rows] }) => {
    const width = Math.max(1, head.length, ...rows.map((row) => row.length));
    const line = (cells: readonly unknown[]): string => {
      const shown = Array.from({ length: width }, (_, column) => toMarkdownCell(cells[column]));
      return `| ${shown.join(" | ")} |`;
    };
    const rule = `|${" --- |".repeat(width)}`;
    return [`## ${toMarkdownCell(name)}`, "", line(head), rule, ...rows.map(line), ""].join("\n");
  });
  return parts.join("\n");
}

/** Escapes a cell, so that it cannot start a table, link, image or other markup. */
function toMarkdownCell(value: unknown): string {
  const text = cellText(value).replace(/[\s\p{Cc}]+/gu, " ");
  return text.trim().replace(/[\\`*_[\]<>|#!]/g, "\\$&");
}
