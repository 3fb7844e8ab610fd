// From a row of any layout to an item: which columns hold the question, choices, golds and media.

import { defined } from "../../core/defined.ts";
import { readLiteral } from "../python/literal.ts";
import { toText } from "../python/print.ts";
import type { PythonValue } from "../python/value.ts";
import { letterOf } from "../scorers/choice.ts";
import { placeOf } from "../scorers/ocrbench-v2/groups.ts";
import type { BenchmarkId } from "../types.ts";
import { fieldsOf, groupsOf, itemOf, optionsOf, type ToItem } from "./item-parts.ts";
import {
  cellOf,
  listOf,
  nestedText,
  optionalList,
  optionalText,
  picturesOf,
  plain,
  type Row,
  textOf,
  toList,
} from "./row.ts";
import { longVideoItem, mvbenchItem, videoMmeItem } from "./video-items.ts";

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
    groups: { ...defined({ subject }), kind: options.length === 0 ? "open" : "choice" },
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
    groups: groupsOf(row, { category: ["category"] }),
    media: picturesOf(row, "image", "image_path"),
  });
};

const ocrbench: ToItem = (row, at) =>
  itemOf("ocrbench", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question"),
    golds: listOf(row, "answers", "answer"),
    groups: groupsOf(row, {
      type: ["question_type", "type", "category"],
      dataset: ["dataset_name", "dataset"],
    }),
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
    // a dict, which charts and fields have, is one gold; a text may be a printed list of golds
    golds: optionalList(row, "answers", "answer"),
    groups: {
      type,
      ...place,
      ...groupsOf(row, { dataset: ["dataset_name"] }),
    },
    fields: {
      ...fields,
      ...defined({ bbox: box }),
      ...(fields.content === undefined ? {} : { content: toList(fields.content!) }),
    },
    media: picturesOf(row, "image", "image_path"),
  });
};

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
    groups: groupsOf(row, { task: ["task"], language: ["language"] }),
    fields: fieldsOf(row, "answer_type", "format", "language", "reasoning"),
    media: picturesOf(row, "image", "image_path"),
  });
};

const chartqa: ToItem = (row, at) =>
  itemOf("chartqa", {
    id: optionalText(row, "id", "index") ?? String(at),
    question: textOf(row, "question", "query"),
    golds: listOf(row, "answer", "label"),
    groups: groupsOf(row, { part: ["type", "split"] }),
    media: picturesOf(row, "image", "image_path", "imgname"),
  });

/** Pages of one document are resampled together. A test split has no answers. */
function documentItem(benchmark: "docvqa" | "infovqa"): ToItem {
  return (row, at) => {
    const id = optionalText(row, "questionId", "question_id", "index") ?? String(at);
    return itemOf(benchmark, {
      id,
      question: textOf(row, "question"),
      golds: optionalList(row, "answers", "answer"),
      cluster: optionalText(row, "docId", "ucsf_document_id", "image_url") ?? id,
      groups: typesOf(row),
      media: picturesOf(row, "image", "image_path"),
    });
  };
}

function typesOf(row: Row): Record<string, string> {
  const types = optionalList(row, "question_types", "answer_type");
  return types.length === 0 ? {} : { type: types.map(toText).join(", ") };
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
