// The parts of an item that columns of any benchmark give.

import { toText } from "../python/print.ts";
import type { PythonValue } from "../python/value.ts";
import { letterOf } from "../scorers/choice.ts";
import type { BenchmarkId, Item } from "../types.ts";
import { cellOf, optionalText, plain, type Row, toList } from "./row.ts";

/** Makes an item of a row; `at` counts the rows from 0 and names those without an id. */
export type ToItem = (row: Row, at: number) => Item;

/** The parts that differ from an open question without groups. */
type Parts = Partial<Item> & Pick<Item, "id" | "question" | "golds" | "media">;

export function itemOf(benchmark: BenchmarkId, parts: Parts): Item {
  return { benchmark, options: [], groups: {}, fields: {}, cluster: parts.id, ...parts };
}

/** Values of columns that the row has, under their names. */
export function fieldsOf(row: Row, ...names: readonly string[]): Record<string, PythonValue> {
  const fields: Record<string, PythonValue> = {};
  for (const name of names) {
    const cell = cellOf(row, name);
    if (cell !== undefined) fields[name] = plain(cell);
  }
  return fields;
}

/** Groups by columns: for each group the first of its columns that the row has. */
export function groupsOf(
  row: Row,
  columns: Readonly<Record<string, readonly string[]>>,
): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const [name, names] of Object.entries(columns)) {
    const text = optionalText(row, ...names);
    if (text !== undefined) groups[name] = text;
  }
  return groups;
}

/** The column `options` or `choices`, else the columns A, B, C and so on of a TSV file. */
export function optionsOf(row: Row): string[] {
  const cell = cellOf(row, "options", "choices");
  if (cell !== undefined) return toList(plain(cell)).map(toText);
  const options: string[] = [];
  for (let at = 0; at < 26; at += 1) {
    const text = optionalText(row, letterOf(at));
    if (text === undefined) break;
    options.push(text);
  }
  return options;
}
