#!/usr/bin/env node
// Scores the bundled model on held-out items through the engine, with greedy decoding.
//
//   npm run eval:mini -- [--format stored|int8|int4] [--model folder] [--items folder]
//                        [--limit items-per-skill] [--skills a,b] [--evs rate] [--json file]
//
// On the first run, training/ generates the items from a seed into build/eval. That needs Python
// with Pillow and free fonts; training/README.md lists the packages.

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { open } from "../dist/index.js";
import { requestOf } from "./eval/request.mjs";
import * as score from "./eval/score.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const CONCURRENCY = 8;
/** The metric and the target of each skill, as in the model card. `low`: lower is better. */
const SKILLS = {
  line: { name: "line transcription, CER", how: score.characters, aim: 0.02, low: true },
  page: { name: "page transcription, CER", how: score.characters, aim: 0.05, low: true },
  invoice: { name: "invoice fields, F1", how: score.fields, aim: 0.95 },
  table: { name: "table cells, F1", how: score.cells, aim: 0.95 },
  chart: { name: "chart values, exact", how: score.exact, aim: 0.85 },
  scene: { name: "scenes, exact", how: score.exact, aim: 0.95 },
  box: { name: "boxes, IoU 0.5", how: score.boxes, aim: 0.85 },
  pair: { name: "two pictures, exact", how: score.exact, aim: 0.9 },
  video: { name: "video, exact", how: score.exact, aim: 0.85 },
  tool: { name: "tool calls, exact", how: score.toolCall, aim: 0.95 },
  receipt: { name: "receipt fields, F1", how: score.fields, aim: 0.95 },
  form: { name: "form fields by hand, F1", how: score.fields, aim: 0.95 },
  version: { name: "two versions, exact", how: score.exact, aim: 0.9 },
  captions: { name: "captions, exact", how: score.exact, aim: 0.85 },
  reasoned: { name: "reasoning over charts", how: score.exact, aim: 0.85 },
  booking: { name: "tool call from a page", how: score.toolCall, aim: 0.95 },
  refusal: { name: "says what is not there", how: score.exact, aim: 0.95 },
};

const { values: flags } = parseArgs({
  options: {
    format: { type: "string", default: "stored" },
    model: { type: "string", default: join(ROOT, "models/mini") },
    items: { type: "string", default: join(ROOT, "build/eval") },
    limit: { type: "string", default: "1000000" },
    skills: { type: "string" },
    evs: { type: "string", default: "0" },
    json: { type: "string" },
  },
});

const items = readItems(flags.items, Number(flags.limit));
const video = { pruningRate: Number(flags.evs) };
const engine = await open(flags.model, { format: flags.format, video });
try {
  const answers = await answerAll(items);
  const table = summarise(answers);
  console.log(`${flags.format} weights, EVS rate ${video.pruningRate}`);
  console.log(asTable(table));
  const stated = { format: flags.format, evsRate: video.pruningRate };
  if (flags.json !== undefined) writeJson(flags.json, { ...stated, table, answers });
} finally {
  await engine.close();
}

function readItems(folder, limit) {
  const list = join(folder, "items.jsonl");
  if (!existsSync(list)) generateItems(folder);
  const counts = {};
  const requested = flags.skills?.split(",");
  return readFileSync(list, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter(({ skill }) => {
      if (requested !== undefined && !requested.includes(skill)) return false;
      counts[skill] = (counts[skill] ?? 0) + 1;
      return counts[skill] <= limit;
    });
}

function generateItems(folder) {
  console.error("generating the held-out items (first run only)");
  const python = existsSync("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
  const done = spawnSync(python, ["-m", "vireo_training.evaluation", folder], {
    cwd: join(ROOT, "training"),
    stdio: "inherit",
  });
  if (done.status !== 0) {
    throw new Error(
      "the generator of the held-out items failed (its output is above); " +
        "training/README.md lists the packages that it needs",
    );
  }
}

async function answerAll(list) {
  const waiting = list.values();
  const answers = [];
  const worker = async () => {
    for (const item of waiting) {
      answers.push(await answerOne(item));
      if (process.stderr.isTTY) process.stderr.write(`\r${answers.length} of ${list.length} `);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  return answers.sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function answerOne(item) {
  let text = "";
  const calls = [];
  for await (const event of engine.chat(requestOf(flags.items, item, 400))) {
    if (event.type === "text") text += event.text;
    if (event.type === "tool_call") calls.push(event);
  }
  const given = item.tools ? calls : text;
  const points = SKILLS[item.skill].how(given, item.answer);
  return { id: item.id, skill: item.skill, wanted: item.answer, given, ...points };
}

function summarise(answers) {
  return Object.entries(SKILLS).flatMap(([skill, { name, aim, low }]) => {
    const own = answers.filter((answer) => answer.skill === skill);
    if (own.length === 0) return [];
    const sum = (key) => own.reduce((total, answer) => total + answer[key], 0);
    const value = sum("points") / sum("of");
    return { skill, name, items: own.length, value, aim, met: low ? value <= aim : value >= aim };
  });
}

function asTable(rows) {
  const percent = (value) => `${(100 * value).toFixed(1)} %`.padStart(9);
  const line = ({ name, items: count, value, aim, met }) =>
    `${name.padEnd(26)}${String(count).padStart(6)}${percent(value)}${percent(aim)}` +
    `  ${met ? "met" : "missed"}`;
  const head = `${"skill".padEnd(26)}${"items".padStart(6)}${"score".padStart(9)}`;
  return [`${head}${"target".padStart(9)}`, ...rows.map(line)].join("\n");
}

function writeJson(file, value) {
  writeFileSync(`${file}.part`, `${JSON.stringify(value, null, 1)}\n`);
  renameSync(`${file}.part`, file);
}
