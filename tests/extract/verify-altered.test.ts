// Real values of documents are verified, and altered ones never are.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { indexPage, type PageIndex } from "../../src/extract/page-index.ts";
import { verify } from "../../src/extract/verify.ts";
import { openDocument } from "../../src/media/document.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const FOLDERS = ["examples/documents", "tests/reality/files/documents"];
const FILES = /invoice|letter|table|statement|numbers|delivery|groff|docx/;
const PAGES = 2;
const ALTERED = 500;

type Value = number | string;

interface Sample {
  readonly file: string;
  readonly page: PageIndex;
  readonly value: Value;
}

/** Numbers and dates that are spelled in one way only, read by rules of this test alone. */
function valuesOn(text: string): Value[] {
  const found: Value[] = [];
  for (const [part] of text.matchAll(/(?<![^\s])\d{1,3}(?:,\d{3})*\.\d{2}(?![^\s])/g)) {
    found.push(Number(part.replaceAll(",", "")));
  }
  for (const [, day, month, year] of text.matchAll(
    /(?<![^\s])(\d{2})\.(\d{2})\.(\d{4})(?![^\s,])/g,
  )) {
    if (Number(month) <= 12) found.push(`${year}-${month}-${day}`);
  }
  for (const [part] of text.matchAll(/(?<![^\s])[A-Z]{2,4}-?\d{4,}(?![^\s,])/g)) found.push(part);
  return [...new Set(found)];
}

async function samples(): Promise<Sample[]> {
  const all: Sample[] = [];
  for (const folder of FOLDERS) {
    for (const name of readdirSync(`${ROOT}${folder}`)) {
      if (!name.endsWith(".pdf")) continue;
      if (folder !== FOLDERS[0] && !FILES.test(name)) continue;
      const document = await openDocument(readFileSync(`${ROOT}${folder}/${name}`), {});
      for (const size of document.pages.slice(0, PAGES)) {
        const text = await document.text(size);
        const page = indexPage(text);
        for (const value of valuesOn(text.text)) all.push({ file: name, page, value });
      }
      await document.close();
    }
  }
  return all;
}

/** Numbers below `limit` that are the same in every run. */
function randomBy(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
}

/** Another digit, another sign, the point elsewhere, or two digits the other way round. */
function alter(value: Value, below: (limit: number) => number): Value {
  const text = String(value);
  const digits = Array.from(text.matchAll(/\d/g), ({ index }) => index);
  const at = digits[below(digits.length)]!;
  const other = String((Number(text[at]) + 1 + below(8)) % 10);
  const changed = text.slice(0, at) + other + text.slice(at + 1);
  if (typeof value === "string") return changed;
  switch (below(4)) {
    case 0:
      return -value;
    case 1:
      return Number((value * 10).toFixed(2));
    case 2:
      return Number((value / 100).toFixed(4));
    default:
      return Number(changed);
  }
}

/** Whether the page has it after all, as another number or name. */
function mayBeThere(value: Value, { text: { text } }: PageIndex): boolean {
  if (typeof value === "string") return text.includes(value);
  return text.split(/\s+/).some((word) => Number(word.replace(/[^\d.-]/g, "")) === value);
}

test("original values, and 500 altered ones", async () => {
  const known = await samples();
  expect(known.length).toBeGreaterThan(60);
  const missed = known.filter(({ value, page }) => verify(value, page).verdict !== "verified");
  expect(missed.map(({ file, value }) => `${file}: ${value}`)).toEqual([]);
  const below = randomBy(18);
  const wrong: string[] = [];
  for (let count = 0; count < ALTERED; ) {
    const { file, page, value } = known[below(known.length)]!;
    const altered = alter(value, below);
    if (altered === value || altered === 0 || mayBeThere(altered, page)) continue;
    count += 1;
    const { verdict } = verify(altered, page);
    if (verdict === "verified") wrong.push(`${file}: ${value} as ${altered}`);
  }
  expect(wrong).toEqual([]);
}, 300_000);
