// Extraction verifies the real values of documents, and none of the altered ones.

import { readFileSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { type ReadPage, readDocument } from "./product.ts";

type Value = string | number;

const HERE = new URL("./", import.meta.url);
/** The values on each document, as a right extraction returns them. */
const VALUES: Readonly<Record<string, readonly Value[]>> = JSON.parse(
  readFileSync(new URL("values.json", HERE), "utf8"),
);
const ALTERED = 500;

interface Opened {
  readonly name: string;
  readonly values: readonly Value[];
  readonly pages: readonly ReadPage[];
}

const opened: Opened[] = [];

beforeAll(async () => {
  for (const [name, values] of Object.entries(VALUES)) {
    const folder = name.startsWith("examples/") ? "../../" : "files/";
    const { pages } = await readDocument(readFileSync(new URL(`${folder}${name}`, HERE)));
    opened.push({ name, values, pages });
  }
});

/** A small generator of whole numbers below `end`, the same in every run. */
function random(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

function alteredNumber(value: number, pick: (end: number) => number): number {
  const digits = Math.abs(value).toFixed(2);
  const at = pick(digits.length);
  const other = String((Number(digits[at] === "." ? "0" : digits[at]) + 1 + pick(8)) % 10);
  const changed = Number(
    digits[at] === "."
      ? digits.replace(".", "")
      : digits.slice(0, at) + other + digits.slice(at + 1),
  );
  return [changed * Math.sign(value), -value, value * 10, value + 1][pick(4)]!;
}

function alteredText(value: string, pick: (end: number) => number): string {
  const date = /^(\d{4})-(\d{2})-(\d{2})$/.exec(value);
  if (date !== null) {
    const moved = new Date(`${value}T00:00:00Z`);
    moved.setUTCDate(moved.getUTCDate() + 31 + pick(300));
    return moved.toISOString().slice(0, 10);
  }
  const at = pick(value.length);
  const letter = /\d/.test(value[at]!)
    ? String((Number(value[at]) + 1 + pick(8)) % 10)
    : "qxj"[pick(3)];
  return value.slice(0, at) + letter + value.slice(at + 1);
}

/** Whether the page may hold it all the same: as a number of its own, or as a part of its text. */
function mayStand(value: Value, all: readonly Value[], text: string): boolean {
  if (all.includes(value)) return true;
  const plain = (part: string): string => part.toLowerCase().replace(/[\s,.'-]+/g, "");
  if (typeof value === "string") return plain(text).includes(plain(value));
  const numbers = [...text.matchAll(/\d[\d.,]*/g)].map(([found]) => Number(plain(found)));
  return [1, 10, 100].some((factor) => numbers.includes(Math.round(Math.abs(value) * factor)));
}

test("true values of documents are verified", () => {
  const rows: string[] = [];
  let [verified, all] = [0, 0];
  for (const { name, values, pages } of opened) {
    const hasText = pages.some(({ words }) => words.length > 0);
    const missing = values.filter(
      (value) => !pages.some((page) => page.verdict(value) === (hasText ? "verified" : "no_text")),
    );
    [verified, all] = [verified + values.length - missing.length, all + values.length];
    if (missing.length > 0) rows.push(`${name}: not verified: ${missing.join(" | ")}`);
  }
  const total = `${verified} of ${all} true values are verified`;
  if (process.env.VIREO_REALITY === "all") process.stdout.write(`\n${total}\n`);
  expect(rows, total).toEqual([]);
});

test("altered values are not verified", () => {
  const pick = random(1789);
  const wrong: string[] = [];
  for (let tried = 0; tried < ALTERED; ) {
    const { name, values, pages } = opened[pick(opened.length)]!;
    const value = values[pick(values.length)]!;
    const other = typeof value === "number" ? alteredNumber(value, pick) : alteredText(value, pick);
    const text = pages.flatMap(({ words }) => words.map((word) => word.text)).join(" ");
    if (mayStand(other, values, text)) continue;
    tried += 1;
    const verdicts = pages.map((page) => page.verdict(other));
    if (verdicts.includes("verified")) wrong.push(`${name}: ${other}, altered from ${value}`);
  }
  expect(wrong).toEqual([]);
});
