// OCRBench v2: the rule of each type of question.

import { readLiteral } from "../../python/literal.ts";
import { toText } from "../../python/print.ts";
import { isDict, itemsOf, type PythonDict, type PythonValue } from "../../python/value.ts";
import type { Item, Score } from "../../types.ts";
import { graded } from "../outcome.ts";
import { lastBox, overlap, positionScore } from "./boxes.ts";
import { fieldScore, readFields, readGoldFields } from "./fields.ts";
import { ocrMean } from "./ocr-mean.ts";
import { goldSpots, readSpots, spottingScore } from "./spotting.ts";
import { stedsScore } from "./steds.ts";
import { cutTable, dictToHtml, markdownToHtml, readChart, wrapTable } from "./tables.ts";
import { tedsScore } from "./teds.ts";
import { countingScore, formulaScore, joinedScore, letterScore, textScore } from "./text-rule.ts";

type Rule = (item: Item, answer: string) => Score;

/** Scores an answer by the rule of the item's type; a type that is not known counts 0. */
export function scoreOcrbenchV2(item: Item, answer: string): Score {
  const rule = RULES[item.groups.type ?? ""] ?? unknownType;
  return rule(item, answer);
}

const unknownType: Rule = () => graded(0, null, "unknown type", { ignored: true });
const isChinese = (item: Item): boolean => (item.groups.type ?? "").endsWith(" cn");
const first = (item: Item): string => toText(item.golds[0] ?? "");

/** Text, or what the item's column `eval` asks for. */
const text: Rule = (item, answer) => {
  const method = item.fields.eval;
  if (method === "multiple choice") {
    return graded(letterScore(answer, item.golds[0]), answer, "letters");
  }
  if (method === "case sensitive") {
    return graded(textScore(answer, item.golds, { isCaseSensitive: true }), answer, "text, case");
  }
  const value = textScore(answer, item.golds, { isChinese: isChinese(item) });
  return graded(value, answer, "text");
};

const formula: Rule = (item, answer) =>
  graded(formulaScore(answer, item.golds, isChinese(item)), answer, "formula");

const counting: Rule = (item, answer) => {
  const method = toText(item.fields.eval ?? "");
  return graded(countingScore(answer, item.golds, method), answer, `count: ${method}`);
};

/** An empty gold translation is left out of every mean. Without WordNet it is approximate. */
const transcription: Rule = (item, answer) => {
  const gold = first(item);
  if (gold === "") return graded(0, answer, "no gold text", { ignored: true });
  const value = answer === "" ? 0 : ocrMean(answer, gold).mean;
  return graded(value, answer, "OCR mean", { approximate: true });
};

const handwritten: Rule = (item, answer) => {
  if (item.question.includes("简答")) return transcription(item, answer);
  return graded(joinedScore(answer, first(item)), answer, "joined characters");
};

const table: Rule = (item, answer) => {
  const question = item.question.toLowerCase();
  if (item.question === "") return graded(0, null, "no question", { ignored: true });
  if (!isChinese(item) && !question.includes("html")) {
    if (!question.includes("markdown")) return graded(0, null, "no table format");
    const value = tedsScore(markdownToHtml(answer), markdownToHtml(first(item)));
    return graded(value, answer, "TEDS of Markdown");
  }
  const html = cutTable(answer);
  if (html === undefined) return graded(0, null, "no table");
  return graded(tedsScore(wrapTable(html), wrapTable(first(item))), html, "TEDS");
};

const chart: Rule = (item, answer) => {
  const read = readChart(answer);
  const gold = dictOf(item.golds[0]);
  if (read === undefined || read.size === 0 || gold === undefined) {
    return graded(0, null, "no dict");
  }
  return graded(tedsScore(dictToHtml(read), dictToHtml(gold)), dictToHtml(read), "TEDS of a dict");
};

function dictOf(gold: PythonValue | undefined): PythonDict | undefined {
  if (isDict(gold)) return gold;
  const value = typeof gold === "string" ? readLiteral(gold) : undefined;
  return isDict(value) ? value : undefined;
}

const document: Rule = (item, answer) => graded(stedsScore(answer, first(item)), answer, "STEDS");

const fields: Rule = (item, answer) => {
  const read = readFields(answer);
  const value = fieldScore(read, readGoldFields(item.golds[0]));
  return graded(value, JSON.stringify(Object.fromEntries(read)), "field F1");
};

const position: Rule = (item, answer) => {
  const read = readFields(answer);
  const box = itemsOf(item.fields.bbox) ?? [];
  const value = positionScore(read, item.golds, box);
  return graded(value, JSON.stringify(Object.fromEntries(read)), "text and box");
};

const grounding: Rule = (item, answer) => {
  const box = lastBox(answer);
  if (box === undefined) return graded(0, null, "no box");
  const value = overlap(box, item.golds);
  return graded(value, `[${box.join(", ")}]`, "IoU");
};

const spotting: Rule = (item, answer) => {
  const boxes = (itemsOf(item.fields.bbox) ?? []).map((b) => (itemsOf(b) ?? []).map(Number));
  const texts = (itemsOf(item.fields.content) ?? []).map(toText);
  const spots = readSpots(answer);
  if (spots.length === 0) return graded(0, null, "no spots");
  return graded(spottingScore(spots, goldSpots(boxes, texts)), `${spots.length} spots`, "word F");
};

const RULES: Readonly<Record<string, Rule>> = {
  "APP agent en": text,
  "ASCII art classification en": text,
  "math QA en": text,
  "reasoning VQA en": text,
  "science QA en": text,
  "text recognition en": text,
  "document classification en": text,
  "cognition VQA en": text,
  "diagram QA en": text,
  "cognition VQA cn": text,
  "reasoning VQA cn": text,
  "handwritten answer extraction cn": handwritten,
  "formula recognition en": formula,
  "formula recognition cn": formula,
  "text counting en": counting,
  "table parsing en": table,
  "table parsing cn": table,
  "chart parsing en": chart,
  "document parsing en": document,
  "document parsing cn": document,
  "key information extraction en": fields,
  "key information mapping en": fields,
  "key information extraction cn": fields,
  "VQA with position en": position,
  "text translation cn": transcription,
  "fine-grained text recognition en": transcription,
  "full-page OCR en": transcription,
  "full-page OCR cn": transcription,
  "text grounding en": grounding,
  "text spotting en": spotting,
};
