#!/usr/bin/env node
// Writes the small benchmark sets that come with vireo in the layouts of the real ones.
//
//   cd training && python3 -m vireo_training.miniset ../build/miniset && cd ..
//   node scripts/make-pages.mjs build/miniset eval/pages

import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parquetWriteFile } from "hyparquet-writer";

const OPTIONAL = { repetition_type: "OPTIONAL" };
const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8", ...OPTIONAL };

const [source, target] = process.argv.slice(2);
const rowsOf = JSON.parse(readFileSync(join(source, "rows.json"), "utf8"));
const bytesOf = (name) => readFileSync(join(source, name));

for (const name of Object.keys(rowsOf)) {
  rmSync(join(target, name), { recursive: true, force: true });
}
for (const subject of ["Art", "Math"]) {
  const rows = rowsOf.mmmu.filter(({ id }) => id.includes(subject));
  writeParquet(`mmmu/${subject}/validation-00000-of-00001.parquet`, rows);
}
writeParquet("mathvista/data/testmini-00000-of-00001.parquet", rowsOf.mathvista);
writeParquet("ai2d/data/test-00000-of-00001.parquet", rowsOf.ai2d);
writeParquet("chartqa/data/test-00000-of-00001.parquet", rowsOf.chartqa);
writeParquet("docvqa/DocVQA/validation-00000-of-00001.parquet", rowsOf.docvqa);
writeParquet("infovqa/InfographicVQA/validation-00000-of-00001.parquet", rowsOf.infovqa);
writeParquet("textvqa/data/validation-00000-of-00001.parquet", rowsOf.textvqa);
writeParquet("videomme/videomme/test-00000-of-00001.parquet", rowsOf.videomme);
copyClips(
  "videomme/data",
  rowsOf.videomme.map(({ videoID }) => `${videoID}.mp4`),
);
writeParquet("longvideobench/validation-00000-of-00001.parquet", rowsOf.longvideobench);
copyClips(
  "longvideobench/videos",
  rowsOf.longvideobench.map(({ video_path: path }) => path),
);
writeJson("ocrbench/OCRBench.json", rowsOf.ocrbench, "OCRBench_Images");
writeJson("ocrbench-v2/OCRBench_v2.json", rowsOf["ocrbench-v2"], "EN_part");
for (const task of new Set(rowsOf.mvbench.map((row) => row.task))) {
  const rows = rowsOf.mvbench.filter((row) => row.task === task);
  const items = rows.map(({ task: _, ...item }) => item);
  write(`mvbench/json/${task}.json`, `${JSON.stringify(items, null, 1)}\n`);
  copyClips(
    "mvbench/video/clevrer/video_validation",
    rows.map(({ video }) => video),
  );
}
writeTsv("ocr-reasoning/OCR_Reasoning.tsv", rowsOf["ocr-reasoning"]);

function write(name, content) {
  const path = join(target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

function copyClips(folder, names) {
  mkdirSync(join(target, folder), { recursive: true });
  for (const name of new Set(names)) copyFileSync(join(source, name), join(target, folder, name));
}

/** Pictures become files in a folder beside the JSON. */
function writeJson(name, rows, folder) {
  const items = rows.map((row) => {
    const file = row.image_path.file;
    write(join(dirname(name), folder, file), bytesOf(file));
    return { ...row, image_path: `${folder}/${file}` };
  });
  write(name, `${JSON.stringify(items, null, 1)}\n`);
}

/** Pictures become base64, as in the files of VLMEvalKit. */
function writeTsv(name, rows) {
  const names = Object.keys(rows[0]);
  const cell = (value) => (value.file ? bytesOf(value.file).toString("base64") : String(value));
  const lines = rows.map((row) => names.map((column) => quoted(cell(row[column]))).join("\t"));
  write(name, `${[names.join("\t"), ...lines].join("\n")}\n`);
}

function quoted(text) {
  return /[\t\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The columns of the first row, with the type of their first value. */
function writeParquet(name, rows) {
  const path = join(target, name);
  mkdirSync(dirname(path), { recursive: true });
  const names = Object.keys(rows[0]);
  const columns = names.map((column) => rows.map((row) => row[column] ?? null));
  const schema = [
    { name: "root", num_children: names.length },
    ...names.flatMap((column, at) => elementsOf(column, columns[at])),
  ];
  const columnData = names.map((column, at) => ({ name: column, data: columns[at].map(toCell) }));
  parquetWriteFile({ filename: path, schema, columnData, rowGroupSize: 100 });
}

function elementsOf(name, values) {
  const value = values.find((one) => one !== null) ?? "";
  if (value.file) {
    const bytes = { name: "bytes", type: "BYTE_ARRAY", ...OPTIONAL };
    return [{ name, num_children: 2, ...OPTIONAL }, bytes, { name: "path", ...TEXT }];
  }
  if (Array.isArray(value)) {
    const list = { name: "list", num_children: 1, repetition_type: "REPEATED" };
    const outer = { name, num_children: 1, converted_type: "LIST", ...OPTIONAL };
    return [outer, list, { name: "element", ...TEXT }];
  }
  if (typeof value !== "number") return [{ name, ...TEXT }];
  const isWhole = name !== "precision";
  return [{ name, type: isWhole ? "INT32" : "DOUBLE", ...OPTIONAL }];
}

/** Published files hold the bytes of a picture and no path. */
function toCell(value) {
  return value?.file ? { bytes: new Uint8Array(bytesOf(value.file)), path: null } : value;
}
