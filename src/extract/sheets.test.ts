import ExcelJS from "exceljs";
import { readXlsx } from "hucre/xlsx";
import readExcelFile from "read-excel-file/node";
import { describe, expect, test } from "vitest";
import { csvLayout, csvRows } from "./csv.ts";
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

/** The first sheet of a workbook as three programs by other people read it: texts and numbers. */
async function readByOthers(file: Buffer): Promise<unknown[][][]> {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load(file as unknown as ArrayBuffer);
  const byExcelJs: unknown[][] = [];
  workbook.worksheets[0]?.eachRow({ includeEmpty: true }, (row) => {
    byExcelJs.push((row.values as unknown[]).slice(1));
  });
  const [bySmall] = await readExcelFile(file);
  const byHucre = (await readXlsx(file)).sheets[0]?.rows;
  return [byExcelJs, (bySmall?.data ?? []) as unknown[][], (byHucre ?? []) as unknown[][]];
}

async function namesOf(file: Buffer): Promise<string[]> {
  const workbook = new ExcelJS.Workbook();
  await workbook.xlsx.load(file as unknown as ArrayBuffer);
  return workbook.worksheets.map(({ name }) => name);
}

describe("a workbook", () => {
  test("three other programs read the same numbers and texts, and no formula", async () => {
    const rows = [
      ["a", -5.25, "=1+1", true],
      ["_x0041_", 0.1, "12345678901234567890", "<&>\"'"],
      ["2024-01-05", 7, "+49 30 1", "M\u00fcller \u{1f600}"],
    ];
    for (const found of await readByOthers(await toXlsx([{ name: "n", rows }]))) {
      expect(found).toEqual(rows);
    }
  });

  test("values that a cell cannot hold are omitted or truncated", async () => {
    const rows = [["x\0\u0001y\u000bz", "\ud800ok", "x".repeat(40_000), 2 ** 60]];
    for (const [row = []] of await readByOthers(await toXlsx([{ name: "n", rows }]))) {
      expect(row[0]).toBe("xyz");
      expect(row[1]).toMatch(/ok$/);
      expect(String(row[2])).toHaveLength(32_767);
      expect(row[3]).toBe("1152921504606847000");
    }
  });

  test("names of sheets are short, plain and each another", async () => {
    const name = `scans/2026: "a" [b]*?\\${"x".repeat(40)}`;
    const sheets = [name, name, "", "A", "a"].map((one) => ({ name: one, rows: [["ok"]] }));
    const found = await namesOf(await toXlsx(sheets));
    expect(new Set(found.map((one) => one.toLowerCase())).size).toBe(5);
    for (const one of found) expect(one).toMatch(/^[^[\]:*?/\\]{1,31}$/);
  });

  test("without a sheet there is an empty one", async () => {
    expect(await namesOf(await toXlsx([]))).toEqual(["results"]);
  });
});

test("lists and objects in a cell are JSON in every format", async () => {
  const schema = { type: "object", properties: { sizes: { type: "string" } } };
  const data = { sizes: [[1, 2], { unit: "cm" }] };
  const json = '[[1,2],{"unit":"cm"}]';
  expect(csvRows(csvLayout(schema), "a.pdf", data)).toEqual([
    `a.pdf,"${json.replaceAll('"', '""')}"\r\n`,
  ]);
  const sheets = sheetsOf(schema, [{ file: "a.pdf", data }]);
  expect(toMarkdown(sheets)).toContain(String.raw`\[\[1,2\],{"unit":"cm"}\]`);
});
