#!/usr/bin/env node
// Measures evaluation without a model: what the runner adds to each of 5,000 items asked 64 at
// once, the memory that it holds, the time to score 10,000 answers of OCRBench v2, and TEDS of two
// tables of 60 × 12 cells. Times are CPU times of this process.
//   npm run setup && node scripts/measure-eval.mjs

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runBenchmark } from "../dist/eval/run/run.js";
import { scoreOcrbenchV2 } from "../dist/eval/scorers/ocrbench-v2/score.js";
import { tedsScore } from "../dist/eval/scorers/ocrbench-v2/teds.js";

const ITEMS = 5000;
const PICTURE_BYTES = 100_000;
const ANSWERS = 10_000;

await measureRunner();
measureScoring();
measureTeds();

function cpuMs() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function blankItem(id, more) {
  const rest = { options: [], golds: ["x"], groups: {}, fields: {}, media: [] };
  return { benchmark: "docvqa", id, question: `Question ${id}?`, cluster: id, ...rest, ...more };
}

async function measureRunner() {
  const folder = mkdtempSync(join(tmpdir(), "vireo-measure-"));
  const picture = (at) => new Uint8Array(PICTURE_BYTES).fill(at % 251);
  async function* read() {
    for (let at = 0; at < ITEMS; at += 1) {
      const media = [{ type: "image", read: async () => picture(at) }];
      yield blankItem(String(at), { media });
    }
  }
  const memory = [];
  const began = cpuMs();
  const wallBegan = performance.now();
  await runBenchmark({
    dataset: { benchmark: "docvqa", layout: "json", items: ITEMS, read },
    upstream: { models: [], ready: true, chat: answer },
    settings: { benchmark: "docvqa", profile: "vlmevalkit", model: "stub", maxTokens: 10 },
    folder,
    concurrency: 64,
    timeoutMs: 60_000,
    pauseMs: 1,
    signal: new AbortController().signal,
    onProgress: ({ done }) => {
      if (done % 1000 === 0) memory.push(process.memoryUsage().rss / 1e6);
    },
  });
  const perItem = (cpuMs() - began) / ITEMS;
  const wall = (performance.now() - wallBegan) / ITEMS;
  const held = memory.map((megabytes) => megabytes.toFixed(0)).join(", ");
  console.log(`runner: ${perItem.toFixed(2)} ms of CPU an item, ${wall.toFixed(2)} ms in all`);
  console.log(`memory after each 1000 items: ${held} MB`);
  rmSync(folder, { recursive: true, force: true });
}

async function* answer() {
  yield { type: "text", text: "an answer" };
  const usage = { promptTokens: 5, completionTokens: 2, cachedTokens: 0, reasoningTokens: 0 };
  yield { type: "end", reason: "stop", usage: { ...usage, imageTokens: 0, videoTokens: 0 } };
}

/** Answers of a page each: texts, pages to transcribe, tables, documents and fields in turn. */
function measureScoring() {
  const words = (count, step) =>
    Array.from({ length: count }, (_, at) => `word${(at * step) % 97}`).join(" ");
  const kinds = [
    ["text recognition en", words(8, 7), [words(8, 11)]],
    ["full-page OCR en", words(250, 7), [words(250, 11)]],
    ["table parsing en", table(12, 6, 1), [table(12, 6, 2)]],
    ["document parsing en", words(40, 3).replaceAll(" ", "\n"), [words(40, 5)]],
    ["key information extraction en", '{"a": "1", "b": "2"}', ['{"a": ["1"], "b": ["3"]}']],
  ];
  const began = cpuMs();
  for (let at = 0; at < ANSWERS; at += 1) {
    const [type, text, golds] = kinds[at % kinds.length];
    const question = "Write the table as HTML.";
    scoreOcrbenchV2(blankItem(String(at), { question, golds, groups: { type } }), text);
  }
  console.log(`scoring of ${ANSWERS} answers: ${((cpuMs() - began) / 1000).toFixed(1)} s`);
}

function table(rows, columns, factor) {
  const cell = (row, column) => `<td>${((row * 31 + column * 17 * factor) % 9973) / 10} EUR</td>`;
  const line = (row) => Array.from({ length: columns }, (_, column) => cell(row, column)).join("");
  const lines = Array.from({ length: rows }, (_, row) => `<tr>${line(row)}</tr>`);
  return `<html><body><table>${lines.join("")}</table></body></html>`;
}

function measureTeds() {
  const times = [];
  for (let turn = 0; turn < 12; turn += 1) {
    const began = cpuMs();
    tedsScore(table(60, 12, 1), table(60, 12, 2 + turn));
    times.push(cpuMs() - began);
  }
  const warm = times.slice(2).sort((a, b) => a - b);
  console.log(`TEDS of 60 x 12 cells: ${warm[0].toFixed(0)} ms, median ${warm[5].toFixed(0)} ms`);
}
