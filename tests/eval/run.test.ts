// A run asks every item once, whatever the endpoint does, and continues after a kill.

import { spawn } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { ChatEvent, ChatRequest } from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import type { Upstream } from "../../src/core/upstream.ts";
import { openDataset } from "../../src/eval/dataset.ts";
import { pagesFolder } from "../../src/eval/pages.ts";
import { readAnswers } from "../../src/eval/run/answer-log.ts";
import { compareRuns } from "../../src/eval/run/compare-runs.ts";
import { lockRun, type RunOptions, recordRun, runBenchmark } from "../../src/eval/run/run.ts";
import { summariseRun } from "../../src/eval/run/summary.ts";
import { SETTINGS } from "./run-settings.ts";

const ROOT = mkdtempSync(join(tmpdir(), "vireo-eval-run-"));
afterAll(() => rmSync(ROOT, { recursive: true, force: true }));
let folders = 0;
const newFolder = () => {
  folders += 1;
  return join(ROOT, String(folders));
};

type Reply = (request: ChatRequest, call: number) => string | Error;

/** An upstream whose answers follow a script. */
function stub(reply: Reply): Upstream & { calls: number } {
  const model = { id: "stub", aliases: [], createdUnix: 0, ownedBy: "test", fingerprint: "1" };
  return {
    calls: 0,
    models: [{ ...model, contextTokens: 1000, maxOutputTokens: 1000 }],
    ready: true,
    async *chat(request): AsyncGenerator<ChatEvent> {
      this.calls += 1;
      const answer = reply(request, this.calls);
      if (answer instanceof Error) throw answer;
      yield { type: "text", text: answer };
      const counts = { imageTokens: 5, videoTokens: 0, cachedTokens: 0, reasoningTokens: 0 };
      const usage = { promptTokens: 10, completionTokens: 2, ...counts };
      const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
      yield { type: "end", reason: "stop", nativeReason: "eos", usage, timings };
    },
  };
}

async function run(upstream: Upstream, folder: string, more: Partial<RunOptions> = {}) {
  const data = pagesFolder("docvqa");
  const dataset = await openDataset("docvqa", data);
  const record = { settings: SETTINGS, data, layout: dataset.layout, items: dataset.items };
  await recordRun(folder, { ...record, startedAt: "2026-01-01T00:00:00Z" });
  return runBenchmark({
    dataset,
    upstream,
    settings: SETTINGS,
    folder,
    concurrency: 8,
    timeoutMs: 5000,
    pauseMs: 1,
    signal: new AbortController().signal,
    ...more,
  });
}

const busy = (status: number, retryAfterMs = 0): VireoError =>
  new VireoError(status === 429 ? "rate_limited" : "internal_error", "busy", {
    retryAfterMs,
    attempt: {
      provider: "stub",
      fault: "status",
      status,
      callerFault: false,
      delivered: false,
      ms: 1,
    },
  });

test("every item is asked once, and a second run asks none", async () => {
  const [upstream, folder] = [stub(() => "12.00"), newFolder()];
  expect(await run(upstream, folder)).toMatchObject({ done: 20, known: 0, errors: 0 });
  expect(await run(upstream, folder)).toMatchObject({ done: 20, known: 20, errors: 0 });
  expect(upstream.calls).toBe(20);
  const lines = readFileSync(join(folder, "answers.jsonl"), "utf8").trim().split("\n");
  expect(new Set(lines.map((line) => JSON.parse(line).id)).size).toBe(20);
});

test("a half-written line is cut off and its item is asked again", async () => {
  const [upstream, folder] = [stub(() => "x"), newFolder()];
  await run(upstream, folder, { limit: 7 });
  appendFileSync(join(folder, "answers.jsonl"), '{"key":"abc","id":"8","tex');
  await run(upstream, folder);
  expect(upstream.calls).toBe(20);
  expect((await readAnswers(join(folder, "answers.jsonl"))).size).toBe(20);
});

test("storms of 429 and 503 end with an answer for every item", async () => {
  const calls = new Map<unknown, number>();
  const upstream = stub(({ sampling }) => {
    const call = (calls.get(sampling?.seed) ?? 0) + 1;
    calls.set(sampling?.seed, call);
    return call === 3 ? "x" : busy(call === 1 ? 429 : 503, 1);
  });
  const folder = newFolder();
  expect(await run(upstream, folder)).toMatchObject({ done: 20, errors: 0 });
  const answers = [...(await readAnswers(join(folder, "answers.jsonl"))).values()];
  expect(answers.map(({ attempts }) => attempts)).toEqual(Array(20).fill(3));
});

test("errors of an item are kept with their words, and asked again later", async () => {
  let isBroken = true;
  const upstream = stub((_, call) => {
    return isBroken && call % 4 === 0 ? new VireoError("invalid_media", "no picture") : "x";
  });
  const folder = newFolder();
  expect(await run(upstream, folder)).toMatchObject({ errors: 5 });
  const { states } = await summariseRun(folder);
  expect(states).toMatchObject({ error: 5, wrong: 15 });
  isBroken = false;
  expect(await run(upstream, folder)).toMatchObject({ known: 15, errors: 0 });
  expect((await summariseRun(folder)).states).toMatchObject({ error: 0, wrong: 20 });
});

test("more than twenty errors in a row end the run with what to check", async () => {
  const upstream = stub(() => new VireoError("invalid_api_key", "no"));
  const twice = { ...(await openDataset("docvqa", pagesFolder("docvqa"))) };
  const read = twice.read;
  const dataset = {
    ...twice,
    async *read(options?: { media?: boolean }) {
      yield* read(options);
      for await (const item of read(options)) yield { ...item, id: `${item.id} again` };
    },
  };
  const result = await run(upstream, newFolder(), { dataset, concurrency: 1 });
  expect(result.stopped).toMatch(/21 errors in a row; check the address, the key/);
  expect(result.done).toBeLessThan(40);
});

test("a spent budget ends the run, and a larger one continues it", async () => {
  const [upstream, folder] = [stub(() => "x"), newFolder()];
  const prices = { prompt: 1n, completion: 1n };
  const small = await run(upstream, folder, { prices, budgetPicoUsd: 60n, concurrency: 1 });
  expect(small).toMatchObject({ stopped: "the budget is spent", costPicoUsd: 60n });
  expect(await run(upstream, folder)).toMatchObject({ known: 5, done: 20 });
  expect(upstream.calls).toBe(20);
});

test("an answer of ten megabytes is cut, and hostile text changes nothing", async () => {
  const huge = "<script>alert(1)</script>\u0000\u001b[2J".repeat(400_000);
  const [upstream, folder] = [stub((_, call) => (call === 1 ? huge : "x")), newFolder()];
  await run(upstream, folder, { limit: 2 });
  const answers = [...(await readAnswers(join(folder, "answers.jsonl"))).values()];
  expect(answers.map(({ text }) => text.length).sort()).toEqual([1, 1024 * 1024]);
  expect((await summariseRun(folder)).states).toMatchObject({ truncated: 1, wrong: 1 });
});

test("a folder has one writer, and other settings need another folder", async () => {
  const folder = newFolder();
  await run(
    stub(() => "x"),
    folder,
  );
  const other = spawn(process.execPath, ["-e", "setTimeout(() => {}, 60000)"]);
  try {
    writeFileSync(join(folder, "lock"), String(other.pid));
    await expect(lockRun(folder)).rejects.toThrow(/is being written by process/);
  } finally {
    other.kill("SIGKILL");
    await new Promise((resolve) => other.once("exit", resolve));
  }
  await (await lockRun(folder))();
  const settings = { ...SETTINGS, maxTokens: 5 };
  const record = { settings, data: "", layout: "", items: 1, startedAt: "" };
  await expect(recordRun(folder, record)).rejects.toThrow(/holds a run with other settings/);
});

test("two runs are compared on the items that both answered", async () => {
  const golds = new Map<string, string>();
  for await (const item of (await openDataset("docvqa", pagesFolder("docvqa"))).read()) {
    golds.set(item.question + golds.size, String(item.golds[0]));
  }
  const right = [...golds.values()];
  const [a, b] = [newFolder(), newFolder()];
  await run(
    stub((_, call) => right[call - 1]!),
    a,
    { concurrency: 1 },
  );
  await run(
    stub((_, call) => (call > 10 ? "?" : right[call - 1]!)),
    b,
    { concurrency: 1 },
  );
  for (const folder of [a, b]) await summariseRun(folder);
  const [difference] = await compareRuns(a, b);
  expect(difference).toMatchObject({ key: "docvqa", onlyA: 10, onlyB: 0 });
  expect(difference!.difference.value).toBeCloseTo(-0.5, 12);
  // five documents with two questions each all point one way: 2 of 2⁵ sign flips do
  expect(difference!.p).toBeCloseTo(2 / 32, 2);
});
