import { expect, test } from "vitest";
import { firstPage, splitAtPages } from "./pages.ts";

test("citations are found in their common forms", () => {
  const text = "See Page 3, p. 12 and pages 4; homepage 5, page3a, page 1234567, p 7.";
  const found = splitAtPages(text);
  expect(found.map((piece) => piece.text).join("")).toBe(text);
  expect(found.filter((piece) => piece.page !== undefined)).toEqual([
    { text: "Page 3", page: 3 },
    { text: "p. 12", page: 12 },
    { text: "pages 4", page: 4 },
  ]);
  expect(splitAtPages("")).toEqual([{ text: "" }]);
  expect(splitAtPages("page 1")).toEqual([{ text: "page 1", page: 1 }]);
});

test("an answer opens at the first page that it names and that exists", () => {
  expect(firstPage("On page 99 and page 2", 5)).toBe(2);
  expect(firstPage("page 0", 5)).toBe(1);
  expect(firstPage("nothing", 5)).toBe(1);
  expect(firstPage("page 2", undefined)).toBe(1);
});
