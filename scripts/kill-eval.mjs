#!/usr/bin/env node
// Kills a run of evaluation 50 times at random moments and continues it: no item is answered twice
// without need, none is lost, and the summary is that of a run that was left alone.
//   npm run setup && node scripts/kill-eval.mjs [kills]

import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const kills = Number(process.argv[2] ?? 50);
let onQuestion = () => {};
const folder = mkdtempSync(join(tmpdir(), "vireo-kill-"));
const server = createServer(answer).listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const url = `http://127.0.0.1:${server.address().port}/v1`;
try {
  await run("whole");
  const whole = readRun("whole");
  let killed = 0;
  let failed = 0;
  for (let round = 1; killed < kills; round += 1) {
    const name = `round-${round}`;
    killed += await killUntilDone(name, kills - killed);
    const { answers, scores } = readRun(name);
    const ids = new Set(answers.map(({ id }) => id));
    const isSame = JSON.stringify(scores) === JSON.stringify(whole.scores);
    const isGood = isSame && ids.size === answers.length && ids.size === whole.answers.length;
    failed += isGood ? 0 : 1;
    const words = `${answers.length} answers, ${answers.length - ids.size} twice`;
    console.log(`${name}, ${killed} kills: ${words}, ${isSame ? "same scores" : "other scores"}`);
  }
  process.exitCode = failed === 0 ? 0 : 1;
} finally {
  server.close();
  server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
}

/** Kills runs up to 80 ms after their first question until one ends by itself; tells how many. */
async function killUntilDone(name, most) {
  let killed = 0;
  while (killed < most) {
    const child = start(name);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const asked = new Promise((resolve) => {
      onQuestion = resolve;
    });
    const isOver = await Promise.race([ended.then(() => true), asked.then(() => false)]);
    if (isOver) return killed;
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 80));
    if (child.exitCode !== null) return killed;
    child.kill("SIGKILL");
    await ended;
    killed += 1;
  }
  await run(name);
  return killed;
}

function start(out) {
  const main = join(ROOT, "dist/cli/main.js");
  const args = ["eval", "run", "pages/chartqa", "--out", join(folder, out), "--url", url];
  return spawn(process.execPath, [main, ...args, "--concurrency", "2"], { stdio: "ignore" });
}

async function run(out) {
  const status = await new Promise((resolve) => start(out).once("exit", resolve));
  if (status !== 0) throw new Error(`a run ended with status ${status}`);
}

function readRun(out) {
  const lines = (name) =>
    readFileSync(join(folder, out, "chartqa", name), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  return { answers: lines("answers.jsonl"), scores: lines("scores.jsonl") };
}

/** A model that takes 50 ms for an answer, always the same for the same question. */
function answer(request, response) {
  if (request.method === "GET") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ object: "list", data: [{ id: "stub", object: "model" }] }));
    return;
  }
  onQuestion();
  let body = "";
  request.setEncoding("utf8").on("data", (part) => {
    body += part;
  });
  request.on("end", () => setTimeout(() => stream(response, body.length % 100), 50));
}

function stream(response, number) {
  response.setHeader("content-type", "text/event-stream");
  const head = { id: "1", object: "chat.completion.chunk", created: 1, model: "stub" };
  const chunk = (more) => `data: ${JSON.stringify({ ...head, ...more })}\n\n`;
  const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };
  response.write(chunk({ choices: [{ index: 0, delta: { content: String(number) } }] }));
  response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }));
  response.write(chunk({ choices: [], usage }));
  response.end("data: [DONE]\n\n");
}
