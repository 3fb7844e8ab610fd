import { describe, expect, test } from "vitest";
import { pageText } from "../../tests/fixtures/page-texts.ts";
import { indexPage } from "./page-index.ts";
import { verify } from "./verify.ts";

const verdictOf = (value: unknown, words: string): string => {
  return verify(value, indexPage(pageText(words))).verdict;
};

type Row = readonly [unknown, string];

describe("numbers are compared by value", () => {
  test.each<Row>([
    [123456, "Total 1,23,456.00"],
    [-1234.5, "Balance (1,234.50)"],
    [-1234.5, "Balance ($1,234.50)"],
    [-1234.5, "Balance 1,234.50-"],
    [-1234.5, "Balance −1.234,50 €"],
    [-5, "Refund -$5.00"],
    [-5, "Refund $-5.00"],
    [-5, "Refund EUR -5.00"],
    [4188.3, "EUR4188.30"],
    [4188.3, "4188,30EUR"],
    [99.9, "R$ 99,90"],
    [640, "640mm x 38mm"],
    [38, "640mm x 38mm"],
    [148, "148kg"],
    [19, "VAT (19%)"],
    [72345.67, "72\u202f345,67"],
    [1234567.8, "1\u2009234\u2009567,8"],
    [12345.5, "total 12 345,50"],
    [1234.5, "المجموع ١٬٢٣٤٫٥٠"],
    [1234.5, "合計１，２３４．５０円"],
    [3, "3個"],
    [0.5, "0.5 l"],
    [1e21, "1,000,000,000,000,000,000,000"],
    [0.000001, "0.000001"],
    [2024, "March 12, 2024"],
    [20, "10–20 pieces"],
    [1250, "CHF 1'250.–"],
    ["1234.50", "1.234,50 EUR"],
    ["1,250", "1,250 pieces"],
    ["4711", "INV-4711"],
    ["00123", "No. 00123"],
    ["€1,234.50", "Sum €1,234.50"],
    ["28.04.2026", "on 28.04.2026,"],
    ["192.168.0.1", "host 192.168.0.1"],
    ["+49 30 123456", "Tel. +49 30 123456"],
  ])("%j in %j", (value, words) => {
    expect(verdictOf(value, words)).toBe("verified");
  });

  test.each<Row>([
    [100, "Total -100.00"],
    [100, "Total (100.00)"],
    [100, "Total 100.00-"],
    ["100.00", "Total -100.00"],
    ["€100.00", "Total -€100.00"],
    [-5, "Period 2024-5-12"],
    [5, "Period 2024-5-12"],
    [345.67, "72\u202f345,67"],
    [345.67, "72\u00a0345,67"],
    ["345,67", "72\u202f345,67"],
    [2207, "B2207"],
    [2207, "2207B"],
    [5, "INV-5"],
    [1.234, "Weight 1,234 and 12.50"],
    [1234, "Weight 1.234 and 12.50"],
    [12345.6, "1,234.56"],
    [123, "1,23,456.00"],
    [1250, "1,2501"],
    [-20, "10-20"],
    [0.19, "19 %"],
  ])("%j not in %j", (value, words) => {
    expect(verdictOf(value, words)).toBe("unverified");
  });

  test("note marks and exponents are not part of a value", () => {
    const words = "1,2501 and 3,4802 and 103 litres and 1,250\u00b9";
    const raised = Uint8Array.from(words, (_, at) => (at === 5 || at === 16 || at === 24 ? 1 : 0));
    const page = indexPage(pageText(words, { raised }));
    for (const value of [1250, 3480, "1,250"]) {
      expect(verify(value, page).verdict).toBe("verified");
    }
    for (const value of [12501, 103, 34802]) expect(verify(value, page).verdict).toBe("unverified");
  });

  test("adjacent columns are not one number", () => {
    expect(verdictOf(12345.5, "12\t345.50")).toBe("unverified");
    expect(verdictOf(345.5, "12\t345.50")).toBe("verified");
  });
});

describe("dates are compared by value", () => {
  test.each([
    "Date: March 12, 2024",
    "Date: 12 March 2024",
    "Date: Mar 12, 2024",
    "Date: 12th of March 2024",
    "Date: 12-Mar-24",
    "Date: 12.03.24",
    "Date: 12. 3. 2024",
    "Datum: 12. März 2024",
    "Date : 12 mars 2024",
    "Fecha: 12 de marzo de 2024",
    "Дата: 12 марта 2024 г.",
    "Data: 12 marca 2024",
    "2024年3月12日",
    "令和6年3月12日",
    "2024년 3월 12일",
    "2024/03/12",
    "12/03/2024",
    "3/12/2024",
    "١٢/٠٣/٢٠٢٤",
  ])("2024-03-12 in %j", (words) => {
    expect(verdictOf("2024-03-12", words)).toBe("verified");
  });

  test.each([
    "Date: March 13, 2024",
    "Date: 12.04.2024",
    "03.12.2024",
    "Date: 12.03.23",
    "12 March",
    "2024-03-121",
    "112.03.2024",
  ])("2024-03-12 not in %j", (words) => {
    expect(verdictOf("2024-03-12", words)).toBe("unverified");
  });
});

describe("words", () => {
  test.each<Row>([
    ["well-known", "a well-\nknown thing"],
    ["wellknown", "a well-\nknown thing"],
    ["internationalization", "internationaliza\u2010\ntion"],
    ["Müller-Lüdenscheidt", "Frau Müller-\nLüdenscheidt, Bonn"],
    ["responsibilities", "res\u00adpon\u200bsi\u00adbilities"],
    ["res\u200bponsibilities", "responsibilities"],
    ["Ausgleichs", "Ausgleichs1"],
    ["“Quoted” text", '"Quoted" text'],
    ["INV-2024-0012", "No INV-2024-\n0012"],
    ["DE89 3704 0044", "DE89370400 44"],
  ])("%j in %j", (value, words) => {
    const raised = new Uint8Array(words.length);
    if (words === "Ausgleichs1") raised[10] = 1;
    const page = indexPage(pageText(words, { raised }));
    expect(verify(value, page).verdict).toBe("verified");
  });

  test("a box is around the value alone", () => {
    const words = "Total 12.50 EUR";
    const boxes = Float32Array.from(
      Array.from(words).flatMap((_, at) => [at / 16, 0, (at + 1) / 16, 1]),
    );
    const { box } = verify(12.5, indexPage(pageText(words, { boxes })));
    expect([box?.[0], box?.[2]]).toEqual([6 / 16, 11 / 16]);
  });
});

test("if text covers little of the page's ink, the picture may contain the value", () => {
  const page = indexPage(pageText("RECEIVED 12.03.2024", { coverage: 0.1 }));
  expect(verify("2024-03-12", page).verdict).toBe("verified");
  expect(verify(1250, page).verdict).toBe("no_text");
  expect(verify("anything", page).verdict).toBe("no_text");
});
