import { VireoError } from "../core/errors.ts";
import { cellText } from "./cell-text.ts";
import { isObject, type JsonObject } from "./merge.ts";

/** Columns for single values, and at most one list of objects; each object becomes a row. */
export interface CsvLayout {
  readonly columns: readonly string[];
  readonly list: string | undefined;
  readonly listColumns: readonly string[];
  /** Adds a last column with the reason why a file was not read. */
  readonly hasErrors?: boolean;
}

/** Throws invalid_schema for a schema that is not a table, with the reason. */
export function csvLayout(schema: JsonObject): CsvLayout {
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  if (properties.length === 0) throw notFlat("it has no properties");
  const columns: string[] = [];
  let list: string | undefined;
  let listColumns: readonly string[] = [];
  for (const [name, property] of properties) {
    if (isScalar(property)) {
      columns.push(name);
      continue;
    }
    const items = isObject(property) && isObject(property.items) ? property.items : undefined;
    const inner = items && isObject(items.properties) ? Object.entries(items.properties) : [];
    const isTable = inner.length > 0 && inner.every(([, entry]) => isScalar(entry));
    if (!isTable) throw notFlat(`${name} is neither a single value nor a list of flat objects`);
    if (list !== undefined) throw notFlat(`it has two lists, ${list} and ${name}`);
    list = name;
    listColumns = inner.map(([key]) => key);
  }
  return { columns, list, listColumns };
}

function isScalar(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  const types = [schema.type].flat();
  if (types.some((type) => type === "object" || type === "array")) return false;
  return types[0] !== undefined || Array.isArray(schema.enum) || Object.hasOwn(schema, "const");
}

function notFlat(why: string): VireoError {
  const message = `csv, xlsx and md need a schema that is one table, but ${why}; take jsonl`;
  return new VireoError("invalid_schema", message);
}

export function csvHead({ columns, list, listColumns, hasErrors }: CsvLayout): string {
  const names = ["file", ...columns, ...listColumns.map((name) => `${list}.${name}`)];
  return toLine(hasErrors ? [...names, "error"] : names);
}

export function csvRows(layout: CsvLayout, file: string, data: unknown): string[] {
  const rows = tableRows(layout, file, data);
  return rows.map((row) => toLine(layout.hasErrors ? [...row, ""] : row));
}

/** The row for a file that was not read. */
export function csvError({ columns, listColumns }: CsvLayout, file: string, reason: string) {
  const blank = [...columns, ...listColumns].map(() => "");
  return toLine([file, ...blank, reason]);
}

/** One row, or one for each item of the list. */
export function tableRows(
  { columns, list, listColumns }: CsvLayout,
  file: string,
  data: unknown,
): unknown[][] {
  const object = isObject(data) ? data : {};
  const single = [file, ...columns.map((name) => object[name])];
  const items = list === undefined ? [] : object[list];
  const rows = Array.isArray(items) && items.length > 0 ? items : [{}];
  return rows.map((item) => {
    const entry = isObject(item) ? item : {};
    return [...single, ...listColumns.map((name) => entry[name])];
  });
}

export function toLine(cells: readonly unknown[]): string {
  return `${cells.map(toCell).join(",")}\r\n`;
}

const FORMULA = /^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
/** Amounts and phone numbers: without letters except a currency's, so never a formula. */
const PLAIN =
  /^[+-]?[ \u00a0]?(\p{Sc}|[A-Z]{3}[ \u00a0])?[\d\s.,'()/-]*([ \u00a0]?(\p{Sc}|[A-Z]{3}|%))?$/u;

/** Puts an apostrophe before texts that a spreadsheet would evaluate as a formula. */
function toCell(value: unknown): string {
  const plain = cellText(value);
  const isFormula = typeof value === "string" && FORMULA.test(value) && !PLAIN.test(value);
  const text = isFormula ? `'${plain}` : plain;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
