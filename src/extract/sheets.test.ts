import { inflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { readSchema } from "./schemas.ts";
import { checkSheets, sheetsOf, toMarkdown } from "./sheets.ts";
import { toXlsx } from "./xlsx.ts";

const FLAT = {
  properties: {
    total: { type: "number" },
    lines: { items: { properties: { name: { type: "string" }, count: { type: "integer" } } } },
  },
};
const FOUND = [
  { file: "a.pdf", data: { total: 1.5, lines: [{ name: "=1+1", count: 2 }, { name: "<&>" }] } },
  { file: "b.pdf", data: { total: null, lines: [] } },
];

test("a flat schema is one sheet, a row for each item of its list", () => {
  const [sheet, ...more] = sheetsOf(FLAT, FOUND);
  expect(more).toEqual([]);
  expect(sheet?.rows).toEqual([
    ["file", "total", "lines.name", "lines.count"],
    ["a.pdf", 1.5, "=1+1", 2],
    ["a.pdf", 1.5, "<&>", undefined],
    ["b.pdf", null, undefined, undefined],
  ]);
});

test("tables of documents are a sheet each", async () => {
  const table = { title: "Prices", columns: ["a", "b"], rows: [["1", "2|3"]] };
  const bare = { title: null, columns: [], rows: [["x"]] };
  const found = [{ file: "a.pdf", data: { tables: [table, bare] } }];
  const schema = await readSchema("table");
  checkSheets(schema);
  const sheets = sheetsOf(schema, found);
  expect(sheets).toEqual([
    {
      name: "a.pdf: Prices",
      rows: [
        ["a", "b"],
        ["1", "2|3"],
      ],
    },
    { name: "a.pdf: table 2", rows: [[], ["x"]] },
  ]);
  expect(toMarkdown(sheets)).toBe(
    "## a.pdf: Prices\n\n| a | b |\n| --- | --- |\n| 1 | 2\\|3 |\n\n" +
      "## a.pdf: table 2\n\n|  |\n| --- |\n| x |\n",
  );
  expect(() => checkSheets({ properties: { a: { type: "object" } } })).toThrow(/table/);
});

test("markup in a cell stays text", () => {
  const rows = [["a"], ["![x](http://h)\n<b>|"]];
  expect(toMarkdown([{ name: "n", rows }])).toContain("| \\!\\[x\\](http://h) \\<b\\>\\| |");
});

/** Files of an archive, found by its directory as other programs do. */
function unzip(archive: Buffer): Map<string, string> {
  const end = archive.lastIndexOf("PK\x05\x06");
  let at = archive.readUInt32LE(end + 16);
  const files = new Map<string, string>();
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const [packed, length] = [archive.readUInt32LE(at + 20), archive.readUInt16LE(at + 28)];
    const local = archive.readUInt32LE(at + 42);
    const name = archive.toString("utf8", at + 46, at + 46 + length);
    const start = local + 30 + archive.readUInt16LE(local + 26);
    const bytes = inflateRawSync(archive.subarray(start, start + packed));
    expect(bytes.length).toBe(archive.readUInt32LE(at + 24));
    files.set(name, bytes.toString("utf8"));
    at += 46 + length;
  }
  return files;
}

describe("a workbook", () => {
  test("numbers are numbers, and texts are never formulas or markup", () => {
    const files = unzip(toXlsx(sheetsOf(FLAT, FOUND)));
    expect([...files.keys()]).toEqual([
      "[Content_Types].xml",
      "_rels/.rels",
      "xl/workbook.xml",
      "xl/_rels/workbook.xml.rels",
      "xl/worksheets/sheet1.xml",
    ]);
    const sheet = files.get("xl/worksheets/sheet1.xml")!;
    expect(sheet).toContain("<c><v>1.5</v></c>");
    expect(sheet).toContain('<is><t xml:space="preserve">=1+1</t></is>');
    expect(sheet).toContain("&#60;&#38;&#62;");
    expect(sheet).not.toContain("<f>");
  });

  test("names of sheets are short, plain and each another", () => {
    const name = `scans/2026: "a" [b]*?\\${"x".repeat(40)}`;
    const sheets = [name, name, "", "A", "a"].map((one) => ({ name: one, rows: [["\0\ud800ok"]] }));
    const files = unzip(toXlsx(sheets));
    const names = [...files.get("xl/workbook.xml")!.matchAll(/sheet name="([^"]*)"/g)];
    const found = names.map(([, one]) => one!);
    expect(new Set(found.map((one) => one.toLowerCase())).size).toBe(5);
    for (const one of found) expect(one).toMatch(/^[^[\]:*?/\\]{1,31}$/);
    expect(files.get("xl/worksheets/sheet5.xml")).toContain(">ok</t>");
  });

  test("without a sheet there is an empty one", () => {
    expect(unzip(toXlsx([])).get("xl/worksheets/sheet1.xml")).toContain("<sheetData></sheetData>");
  });
});
