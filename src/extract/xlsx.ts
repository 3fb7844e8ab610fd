import { crc32, deflateRawSync } from "node:zlib";
import { VireoError } from "../core/errors.ts";
import type { Sheet } from "./sheets.ts";

const ROWS_MOST = 1_048_576;
const COLUMNS_MOST = 16_384;
const CELL_CHARACTERS = 32_767;
const NAME_CHARACTERS = 31;

const XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const TYPES = "http://schemas.openxmlformats.org/package/2006/content-types";
const PACKAGE = "application/vnd.openxmlformats-package";
const SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/**
 * Sheets as an Excel workbook (ECMA-376): numbers are numbers, all else is text and never a
 * formula. A workbook without a sheet is none, so there is at least an empty one.
 *
 * Throws out_of_range for more rows or columns than a sheet may have.
 */
export function toXlsx(given: readonly Sheet[]): Buffer {
  const sheets = given.length > 0 ? given : [{ name: "results", rows: [] }];
  const names = uniqueNames(sheets.map(({ name }) => name));
  const numbers = sheets.map((_, index) => index + 1);
  const types = [
    `<Default Extension="rels" ContentType="${PACKAGE}.relationships+xml"/>`,
    `<Override PartName="/xl/workbook.xml" ContentType="${SPREADSHEET}.sheet.main+xml"/>`,
    ...numbers.map((number) => {
      const part = `/xl/worksheets/sheet${number}.xml`;
      return `<Override PartName="${part}" ContentType="${SPREADSHEET}.worksheet+xml"/>`;
    }),
  ];
  const root = relation(1, "officeDocument", "xl/workbook.xml");
  const listed = numbers.map((number) => {
    return `<sheet name="${escaped(names[number - 1]!)}" sheetId="${number}" r:id="rId${number}"/>`;
  });
  const relations = numbers.map((number) => {
    return relation(number, "worksheet", `worksheets/sheet${number}.xml`);
  });
  const workbook = `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">`;
  return zip([
    ["[Content_Types].xml", `${XML}<Types xmlns="${TYPES}">${types.join("")}</Types>`],
    ["_rels/.rels", `${XML}<Relationships xmlns="${RELATIONS}">${root}</Relationships>`],
    ["xl/workbook.xml", `${XML}${workbook}<sheets>${listed.join("")}</sheets></workbook>`],
    [
      "xl/_rels/workbook.xml.rels",
      `${XML}<Relationships xmlns="${RELATIONS}">${relations.join("")}</Relationships>`,
    ],
    ...sheets.map(({ rows }, index) => {
      return [`xl/worksheets/sheet${index + 1}.xml`, toSheetXml(rows)] as const;
    }),
  ]);
}

function relation(id: number, type: string, target: string): string {
  return `<Relationship Id="rId${id}" Type="${OFFICE}/${type}" Target="${target}"/>`;
}

function toSheetXml(rows: Sheet["rows"]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  if (rows.length > ROWS_MOST || columns > COLUMNS_MOST) {
    const message = `a sheet has at most ${ROWS_MOST} rows and ${COLUMNS_MOST} columns; take csv`;
    throw new VireoError("out_of_range", message);
  }
  const lines = rows.map((row, index) => {
    return `<row r="${index + 1}">${row.map(toCellXml).join("")}</row>`;
  });
  return `${XML}<worksheet xmlns="${MAIN}"><sheetData>${lines.join("")}</sheetData></worksheet>`;
}

function toCellXml(value: unknown): string {
  if (value === null || value === undefined) return "<c/>";
  if (typeof value === "number" && Number.isFinite(value)) return `<c><v>${value}</v></c>`;
  if (typeof value === "boolean") return `<c t="b"><v>${value ? 1 : 0}</v></c>`;
  const text = escaped(String(value).slice(0, CELL_CHARACTERS));
  return `<c t="inlineStr"><is><t xml:space="preserve">${text}</t></is></c>`;
}

/** Without what XML 1.0 cannot hold. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "")
    .replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** At most 31 characters, none of those that Excel refuses, no two alike in any case. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((given) => {
    const plain = given.replace(/[[\]:*?/\\'\p{Cc}]+/gu, " ").trim() || "sheet";
    for (let count = 1; ; count++) {
      const end = count === 1 ? "" : ` ${count}`;
      const name = `${plain.slice(-(NAME_CHARACTERS - end.length)).trim()}${end}`;
      if (taken.has(name.toLowerCase())) continue;
      taken.add(name.toLowerCase());
      return name;
    }
  });
}

/** A ZIP archive (APPNOTE 6.3.3): entries one after the other, then the directory of all. */
function zip(files: readonly (readonly [name: string, content: string])[]): Buffer {
  const entries: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of files) {
    const bytes = Buffer.from(content);
    const packed = deflateRawSync(bytes);
    const title = Buffer.from(name);
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0); // version that is needed
    about.writeUInt16LE(0x0800, 2); // names are UTF-8
    about.writeUInt16LE(8, 4); // deflate
    about.writeUInt16LE(0x21, 8); // 1980-01-01: the same data is the same file
    about.writeUInt32LE(crc32(bytes), 10);
    about.writeUInt32LE(packed.length, 14);
    about.writeUInt32LE(bytes.length, 18);
    about.writeUInt16LE(title.length, 22);
    entries.push(Buffer.from("PK\x03\x04"), about, title, packed);
    const rest = Buffer.alloc(14); // comment, disk, attributes: none
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), about, rest, title);
    offset += 4 + about.length + title.length + packed.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(files.length, 4);
  end.writeUInt16LE(files.length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...entries, listed, Buffer.from("PK\x05\x06"), end]);
}
