import writeExcelFile from "write-excel-file/node";
import { VireoError } from "../core/errors.ts";
import { cellText } from "./cell-text.ts";
import type { Sheet } from "./sheets.ts";

const MAX_ROWS = 1_048_576;
const MAX_COLUMNS = 16_384;
const CELL_CHARACTERS = 32_767;
const NAME_CHARACTERS = 31;
/** Spreadsheets keep only 15 digits of a number. */
const MAX_NUMBER = 1e15;

/**
 * Writes sheets as an Excel workbook. Numbers stay numbers; everything else is text, never a
 * formula. Numbers with more digits than spreadsheets keep are text. Without sheets it writes an
 * empty one, because a workbook needs one.
 *
 * Throws out_of_range for more rows or columns than a sheet may have.
 */
export async function toXlsx(given: readonly Sheet[]): Promise<Buffer> {
  const sheets = given.length > 0 ? given : [{ name: "results", rows: [] }];
  const names = uniqueNames(sheets.map(({ name }) => name));
  for (const { rows } of sheets) checkSize(rows);
  const written = writeExcelFile(
    sheets.map(({ rows }, index) => ({ data: rows.map(toRow), sheet: names[index]! })),
  );
  return await written.toBuffer();
}

function checkSize(rows: Sheet["rows"]): void {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), 0);
  if (rows.length <= MAX_ROWS && columns <= MAX_COLUMNS) return;
  const message = `a sheet has at most ${MAX_ROWS} rows and ${MAX_COLUMNS} columns; take csv`;
  throw new VireoError("out_of_range", message);
}

function toRow(row: readonly unknown[]) {
  return row.map((value) => {
    if (value === null || value === undefined || value === "") return null;
    if (typeof value === "boolean") return { value, type: Boolean };
    if (typeof value === "number" && Math.abs(value) < MAX_NUMBER) return { value, type: Number };
    return { value: toText(cellText(value)), type: String };
  });
}

/**
 * Escapes text for a cell. The format reads "_x0041_" as the letter A unless its first underscore
 * is escaped, and it cannot hold unpaired surrogates.
 */
function toText(text: string): string {
  const whole = wellFormed(text.slice(0, CELL_CHARACTERS)).replace(/\r\n?/g, "\n");
  return whole.replace(/_(?=x[0-9a-f]{4}_)/gi, "_x005F_");
}

/** Replaces unpaired surrogates by U+FFFD. */
function wellFormed(text: string): string {
  return text.replace(/\p{Surrogate}/gu, "\ufffd");
}

/** Makes names that Excel accepts: at most 31 characters, unique regardless of case. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((given) => {
    const plain =
      wellFormed(given)
        .replace(/[[\]:*?/\\'\p{Cc}]+/gu, " ")
        .trim() || "sheet";
    for (let count = 1; ; count++) {
      const end = count === 1 ? "" : ` ${count}`;
      const name = `${wellFormed(plain.slice(-(NAME_CHARACTERS - end.length))).trim()}${end}`;
      if (taken.has(name.toLowerCase())) continue;
      taken.add(name.toLowerCase());
      return name;
    }
  });
}
