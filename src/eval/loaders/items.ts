// From a row of any layout to an item: which columns hold the question, choices, golds and media.

import { readLiteral } from "../python/literal.ts";
import { toText } from "../python/print.ts";
import type { PythonValue } from "../python/value.ts";
import { letterOf } from "../scorers/choice.ts";
import { placeOf } from "../scorers/ocrbench-v2/groups.ts";
import type { BenchmarkId, Item } from "../types.ts";
import {
  cellOf,
  listOf,
  nestedText,
  optionalText,
  picturesOf,
  plain,
  type Row,
  textOf,
  toList,
} from "./row.ts";
import { longVideoItem, mvbenchItem, videoMmeItem } from "./video-items.ts";

/** Makes an item of a row; `at` counts the rows from 0 and names those without an id. */
export type ToItem = (row: Row, at: number) => Item;

/** The parts that differ from an open question without groups. */
export type Parts = Partial<Item> & Pick<Item, "id" | "question" | "golds" | "media">;

export function itemOf(benchmark: BenchmarkId, parts: Parts): Item {
  return { benchmark, options: [], groups: {}, fields: {}, cluster: parts.id, ...parts };
}

/** Values of columns that the row has, under their names. */
export function fieldsOf(row: Row, ...names: readonly string[]): Record<string, PythonValue> {
  const fields: Record<string, PythonValue> = {};
  for (const name of names) {
    const cell = cellOf(row, name);
    if (cell !== undefined) fields[name] = plain(cell);
  }
  return fields;
}

/** Groups by columns that the row has: { name of the group: column }. */
function groupsOf(row: Row, columns: Readonly<Record<string, string>>): Record<string, string> {
  const groups: Record<string, string> = {};
  for (const [name, column] of Object.entries(columns)) {
    const text = optionalText(row, column);
    if (text !== undefined) groups[name] = text;
  }
  return groups;
}

/** The column `options` or `choices`, else the columns A, B, C and so on of a TSV file. */
function optionsOf(row: Row): string[] {
  const cell = cellOf(row, "options", "choices");
  if (cell !== undefined) return toList(plain(cell)).map(toText);
  const options: string[] = [];
  for (let at = 0; at < 26; at += 1) {
    const text = optionalText(row, letterOf(at));
    if (text === undefined) break;
    options.push(text);
  }
  return options;
}

const MMMU_PICTURES = [1, 2, 3, 4, 5, 6, 7].map((number) => `image_${number}`);

const mmmu: ToItem = (row, at) => {
  const id = optionalText(row, "id", "index") ?? String(at);
  const isOpen = optionalText(row, "question_type") === "open";
  const options = isOpen ? [] : optionsOf(row);
  const answer = optionalText(row, "answer") ?? "";
  const subject = /^[a-z]+_(.+?)_\d+$/.exec(id)?.[1] ?? optionalText(row, "category");
  const media = picturesOf(row, ...MMMU_PICTURES);
  return itemOf("mmmu", {
    id,
    question: textOf(row, "question"),
    options,
    golds: options.length === 0 ? toList(answer) : [answer],
    groups: {
      ...(subject === undefined ? {} : { subject }),
      kind: options.length === 0 ? "open" : "choice",
    },
    fields: fieldsOf(row, "answer", "hint"),
    media: media.length > 0 ? media : picturesOf(row, "images", "image", "image_path"),
  });
};

const mathvista: ToItem = (row, at) => {
  const isChoice = optionalText(row, "question_type") === "multi_choice";
  const named = (name: string): string | undefined =>
    optionalText(row, name) ?? nestedText(row, "metadata", name);
  const groups: Record<string, string> = {};
  for (const name of ["task", "source", "category", "context", "grade"]) {
    const text = named(name);
    if (text !== undefined) groups[name] = text;
  }
  const media = picturesOf(row, "decoded_image");
  return itemOf("mathvista", {
    id: optionalText(row, "pid", "index") ?? String(at),
    question: textOf(row, "query", "question"),
    options: isChoice ? optionsOf(row) : [],
    golds: [textOf(row, "answer")],
    groups,
    fields: fieldsOf(row, "answer_type", "precision", "unit"),
    media: media.length > 0 ? media : picturesOf(row, "image", "image_path"),
  });
};

const ai2d: ToItem = (row, at) => {
  const answer = textOf(row, "answer");
  return itemOf("ai2d", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question"),
    options: optionsOf(row),
    golds: [/^\d$/.test(answer) ? letterOf(Number(answer)) : answer],
    groups: groupsOf(row, { category: "category" }),
    media: picturesOf(row, "image", "image_path"),
  });
};

const ocrbench: ToItem = (row, at) =>
  itemOf("ocrbench", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question"),
    golds: listOf(row, "answers", "answer"),
    groups: {
      ...groupsOf(row, { type: "category" }),
      ...groupsOf(row, { type: "type" }),
      ...groupsOf(row, { type: "question_type", dataset: "dataset" }),
      ...groupsOf(row, { dataset: "dataset_name" }),
    },
    media: picturesOf(row, "image", "image_path"),
  });

const ocrbenchV2: ToItem = (row, at) => {
  const type = textOf(row, "type", "category");
  const place = placeOf(type);
  const fields = fieldsOf(row, "eval", "content");
  if (fields.eval === "None") delete fields.eval;
  // spotting has a list of polygons, which parquet files keep in a column of its own
  const polygons = literalOf(row, "bbox_list");
  const box = polygons !== undefined && polygons.length > 0 ? polygons : literalOf(row, "bbox");
  return itemOf("ocrbench-v2", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: optionalText(row, "question") ?? "",
    golds: goldsOfV2(row),
    groups: {
      type,
      ...(place === undefined ? {} : { language: place.language, group: place.group }),
      ...groupsOf(row, { dataset: "dataset_name" }),
    },
    fields: {
      ...fields,
      ...(box === undefined ? {} : { bbox: box }),
      ...(fields.content === undefined ? {} : { content: toList(fields.content!) }),
    },
    media: picturesOf(row, "image", "image_path"),
  });
};

/** A dict, which charts and fields have, is one gold; a text may be a printed list of golds. */
function goldsOfV2(row: Row): readonly PythonValue[] {
  const cell = cellOf(row, "answers", "answer");
  if (cell === undefined) return [];
  return toList(plain(cell));
}

function literalOf(row: Row, name: string): readonly PythonValue[] | undefined {
  const cell = cellOf(row, name);
  if (cell === undefined) return undefined;
  const value = plain(cell);
  return toList(typeof value === "string" ? (readLiteral(value) ?? value) : value);
}

const ocrReasoning: ToItem = (row, at) => {
  const options = optionsOf(row);
  return itemOf("ocr-reasoning", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question"),
    options,
    golds: [options.length > 0 ? textOf(row, "answer_option", "answer") : textOf(row, "answer")],
    groups: groupsOf(row, { task: "task", language: "language" }),
    fields: fieldsOf(row, "answer_type", "format", "language", "reasoning"),
    media: picturesOf(row, "image", "image_path"),
  });
};

const chartqa: ToItem = (row, at) =>
  itemOf("chartqa", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question", "query"),
    golds: listOf(row, "answer", "label"),
    groups: { ...groupsOf(row, { part: "split" }), ...groupsOf(row, { part: "type" }) },
    media: picturesOf(row, "image", "image_path", "imgname"),
  });

/** Pages of one document are resampled together. A test split has no answers. */
function documentItem(benchmark: "docvqa" | "infovqa"): ToItem {
  return (row, at) => {
    const id = optionalText(row, "questionId", "question_id", "index") ?? String(at);
    const answers = cellOf(row, "answers", "answer");
    return itemOf(benchmark, {
      id,
      question: textOf(row, "question"),
      golds: answers === undefined ? [] : toList(plain(answers)),
      cluster: optionalText(row, "docId", "ucsf_document_id", "image_url") ?? id,
      groups: typesOf(row),
      media: picturesOf(row, "image", "image_path"),
    });
  };
}

function typesOf(row: Row): Record<string, string> {
  const cell = cellOf(row, "question_types", "answer_type");
  if (cell === undefined) return {};
  return { type: toList(plain(cell)).map(toText).join(", ") };
}

const textvqa: ToItem = (row, at) =>
  itemOf("textvqa", {
    id: optionalText(row, "question_id", "index") ?? String(at),
    question: textOf(row, "question"),
    golds: listOf(row, "answers", "answer"),
    cluster: optionalText(row, "image_id") ?? `row ${at}`,
    media: picturesOf(row, "image", "image_path"),
  });

export const TO_ITEM: Readonly<Record<BenchmarkId, ToItem>> = {
  mmmu,
  mathvista,
  ai2d,
  ocrbench,
  "ocrbench-v2": ocrbenchV2,
  "ocr-reasoning": ocrReasoning,
  chartqa,
  docvqa: documentItem("docvqa"),
  infovqa: documentItem("infovqa"),
  textvqa,
  videomme: videoMmeItem,
  longvideobench: longVideoItem,
  mvbench: mvbenchItem,
};
