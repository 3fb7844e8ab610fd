import { expect, test } from "vitest";
import { inColumns } from "./columns.ts";

test("columns are as wide as their widest cell, and lines end without spaces", () => {
  const rows = [
    ["name", "n", "note"],
    ["a", "10", ""],
    ["longer", "5", "x"],
  ];
  expect(inColumns(rows)).toEqual(["name    n   note", "a       10", "longer  5   x"]);
  expect(inColumns(rows, (column) => column === 1)).toEqual([
    "name     n  note",
    "a       10",
    "longer   5  x",
  ]);
});

test("no rows are no lines, and a row may have more cells than the first", () => {
  expect(inColumns([])).toEqual([]);
  expect(inColumns([["a"], ["b", "c"]])).toEqual(["a", "b  c"]);
});
