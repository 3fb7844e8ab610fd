// A run against real HTTP servers that misbehave: it ends, and every item has a state.

import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openDataset } from "../../src/eval/dataset.ts";
import { pagesFolder } from "../../src/eval/pages.ts";
import { readAnswers } from "../../src/eval/run/answer-log.ts";
import { recordRun, runBenchmark } from "../../src/eval/run/run.ts";
import { summariseRun } from "../../src/eval/run/summary.ts";
import { createOpenAiCompatible } from "../../src/upstreams/openai-compatible/upstream.ts";
import { SETTINGS } from "./run-settings.ts";

const ROOT = mkdtempSync(join(tmpdir(), "vireo-eval-faults-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let folders = 0;

const ITEMS = 20;

/** call: how often this question was asked, from 1 on. */
type Handler = (response: ServerResponse, call: number) => void;

const head = { id: "1", object: "chat.completion.chunk", created: 1, model: "stub" };
const line = (choice: object): string =>
  `data: ${JSON.stringify({ ...head, choices: [{ index: 0, ...choice }] })}\n\n`;

function begin(response: ServerResponse, text: string): void {
  if (!response.headersSent) response.setHeader("content-type", "text/event-stream");
  response.write(line({ delta: { content: text } }));
}

function finish(response: ServerResponse, text = "x"): void {
  begin(response, text);
  response.write(line({ delta: {}, finish_reason: "stop" }));
  response.end("data: [DONE]\n\n");
}

/** Runs the mini set of DocVQA against a server that answers by the handler. */
async function runAgainst(handler: Handler, timeoutMs = 5000) {
  const calls = new Map<string, number>();
  const server = createServer((request: IncomingMessage, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      body += part;
    });
    request.on("end", () => {
      const call = (calls.get(body) ?? 0) + 1;
      calls.set(body, call);
      handler(response, call);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = createOpenAiCompatible({
    name: "stub",
    baseUrl: `http://127.0.0.1:${port}/v1`,
    dialect: "openai",
    models: [{ id: "stub" }],
  });
  folders += 1;
  const folder = join(ROOT, String(folders));
  const data = pagesFolder("docvqa");
  const dataset = await openDataset("docvqa", data);
  const record = { settings: SETTINGS, data, layout: dataset.layout, items: dataset.items };
  await recordRun(folder, { ...record, startedAt: "2026-01-01T00:00:00Z" });
  const signal = new AbortController().signal;
  const rest = { concurrency: 8, timeoutMs, pauseMs: 1, signal };
  try {
    const run = { dataset, upstream, settings: SETTINGS, folder, ...rest };
    const result = await runBenchmark(run);
    const answers = [...(await readAnswers(join(folder, "answers.jsonl"))).values()];
    const { states } = await summariseRun(folder);
    return { result, answers, states, calls: [...calls.values()] };
  } finally {
    await upstream.close();
    server.close();
    server.closeAllConnections();
  }
}

const sumOf = (states: Readonly<Record<string, number>>): number =>
  Object.values(states).reduce((sum, count) => sum + count, 0);

test("a storm of 429 with retry-after ends with an answer for every item", async () => {
  const { result, answers, states } = await runAgainst((response, call) => {
    if (call > 2) return finish(response);
    response.writeHead(429, { "retry-after": "0", "content-type": "application/json" });
    response.end('{"error":{"message":"slow down","type":"rate_limit","code":"rate_limited"}}');
  });
  expect(result).toMatchObject({ done: ITEMS, errors: 0 });
  expect(answers.map(({ attempts }) => attempts)).toEqual(Array(ITEMS).fill(3));
  expect(sumOf(states)).toBe(ITEMS);
});

test("lines that are cut before and within an answer are asked again", async () => {
  const { result, states, calls } = await runAgainst((response, call) => {
    if (call === 1) return void response.destroy();
    if (call > 2) return finish(response);
    begin(response, "half an ans");
    setTimeout(() => response.destroy(), 5);
  });
  expect(result).toMatchObject({ done: ITEMS, errors: 0 });
  expect(calls).toEqual(Array(ITEMS).fill(3));
  expect(states.wrong).toBe(ITEMS);
});

test("pages of HTML instead of answers become errors of their items", async () => {
  const html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
  const { result, answers, states } = await runAgainst((response, call) => {
    // the page of a proxy, now with its status and now with that of success
    response.writeHead(call % 2 === 0 ? 200 : 502, { "content-type": "text/html" });
    response.end(html);
  });
  expect(result).toMatchObject({ done: ITEMS, errors: ITEMS });
  expect(states.error).toBe(ITEMS);
  expect(answers.every(({ error }) => error !== undefined && error !== "")).toBe(true);
  expect(answers.every(({ attempts }) => attempts <= 6)).toBe(true);
});

test("an endpoint that never ends its answers is left at the time limit", async () => {
  const { result, answers } = await runAgainst((response, call) => {
    if (call === 1) return begin(response, "and so on");
    finish(response);
  }, 500);
  expect(result).toMatchObject({ done: ITEMS, errors: 0 });
  expect(answers.every(({ attempts, text }) => attempts === 2 && text === "x")).toBe(true);
});

test("answers of ten megabytes are cut, and the items have a state", async () => {
  const part = "z".repeat(64 * 1024);
  let asked = 0;
  const { result, answers, states } = await runAgainst((response) => {
    asked += 1;
    if (asked > 3) return finish(response);
    begin(response, "");
    for (let at = 0; at < 160; at += 1) response.write(line({ delta: { content: part } }));
    finish(response);
  });
  expect(result.done).toBe(ITEMS);
  expect(sumOf(states)).toBe(ITEMS);
  expect(Math.max(...answers.map(({ text }) => text.length))).toBeLessThanOrEqual(1024 * 1024);
});

test("refusals, empty bodies and text that is no JSON leave every item in a state", async () => {
  let asked = 0;
  const { result, answers, states } = await runAgainst((response) => {
    asked += 1;
    const kind = asked % 4;
    if (kind === 0) return finish(response);
    response.writeHead(kind === 1 ? 400 : 200, { "content-type": "application/json" });
    response.end(kind === 1 ? '{"error":{"message":"no such picture"}}' : kind === 2 ? "" : "{");
  });
  expect(result.done).toBe(ITEMS);
  expect(answers).toHaveLength(ITEMS);
  expect(sumOf(states)).toBe(ITEMS);
});
