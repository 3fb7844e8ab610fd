// Extraction over HTTP: the library's results, with the server's limits and booking.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { parsePrice } from "../../src/core/prices.ts";
import { MediaFetcher } from "../../src/egress/media-fetcher.ts";
import { extract, extractionOf } from "../../src/extract/extract.ts";
import { FileStore } from "../../src/files/store.ts";
import { hashKey, type KeyRing } from "../../src/limits/keys.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import { type Listening, listen } from "../../src/server/listen.ts";
import { openTiny } from "../engine/asking.ts";
import { pdf } from "../fixtures/pdf-files.ts";
import { MODEL } from "./fake-upstream.ts";

/** How long a busy machine may take. */
const SOON = { timeout: 20_000 };

const SCHEMA = {
  type: "object",
  properties: {
    kind: { enum: ["invoice", "letter"] },
    word: { const: "first" },
    note: { type: "string", maxLength: 8 },
  },
  required: ["kind", "word", "note"],
};
const FILE = pdf([{ lines: ["the first letter"] }, { lines: ["more"] }, { lines: ["last"] }]);
const FILE_DATA = `data:application/pdf;base64,${FILE.toString("base64")}`;

const ring: KeyRing = {
  find: (key) => ({ name: key.slice(3), sha256: hashKey(key), createdUnix: 0, limits: {} }),
  limitsOf: (name) => (name === "bob" ? { requestsPerMinute: 2 } : {}),
};
const prices = { prompt: parsePrice("0.001", "p"), completion: parsePrice("0.01", "c") };

let engine: Engine;
let server: Listening;
let folder: string;
let files: FileStore;
const media = new MediaFetcher("none");

beforeAll(async () => {
  engine = await openTiny({ maxSequences: 4 });
  folder = await mkdtemp(join(tmpdir(), "vireo-extract-api-"));
  const quotas = { quotaBytes: 1e7, tenantQuotaBytes: 1e7, ttlSeconds: 3600 };
  files = await FileStore.open({ folder, ...quotas });
  const shared = { upstream: engine, files, media, keys: ring, prices, log: silentLog };
  server = await listen({ ...shared, host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close(100);
  await files.close();
  await engine.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly object: string;
  readonly data: unknown;
  readonly values: readonly { path: string; page: number; verdict: string; box?: number[] }[];
  readonly conflicts: readonly object[];
  readonly pages: readonly { page: number; usage: { prompt_tokens: number } }[];
  readonly total_pages: number;
  readonly usage: { prompt_tokens: number; completion_tokens: number };
  readonly error?: { readonly code: string; readonly param: string };
}

const send = (body: object, key = "sk-ann") =>
  fetch(`${server.url}/v1/extract`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${key}` },
    body: JSON.stringify({ model: MODEL, max_num_tiles: 1, schema: SCHEMA, ...body }),
  });
const post = async (body: object, key?: string) => {
  const response = await send(body, key);
  const answer = (await response.json()) as Answer;
  return { status: response.status, headers: response.headers, answer };
};

test("returns the library's result, and books the tokens", async () => {
  const before = await usageOf("ann");
  const { status, headers, answer } = await post({ file: { file_data: FILE_DATA }, pages: "1-2" });
  expect(status).toBe(200);
  const options = { schema: SCHEMA, pages: "1-2", maxTiles: 1, maxTokens: 2048 };
  const found = await extractionOf(extract(engine, FILE, options));
  expect(answer).toMatchObject({
    object: "extraction",
    data: found.data,
    values: found.values,
    conflicts: found.conflicts,
    total_pages: 3,
  });
  const word = answer.values.find(({ path }) => path === "/word");
  expect(word).toMatchObject({ page: 1, verdict: "verified", box: expect.any(Array) });
  expect(answer.pages.map(({ page, usage }) => [page, usage.prompt_tokens])).toEqual(
    found.pages.map(({ page, promptTokens }) => [page, promptTokens]),
  );
  const after = await usageOf("ann");
  expect(after.requests - before.requests).toBe(2);
  expect(after.prompt_tokens - before.prompt_tokens).toBe(answer.usage.prompt_tokens);
  expect(after.completion_tokens - before.completion_tokens).toBe(answer.usage.completion_tokens);
  expect(Number(headers.get("x-cost-usd"))).toBeGreaterThan(0);
});

async function usageOf(name: string) {
  const headers = { authorization: `Bearer sk-${name}` };
  const answer = await fetch(`${server.url}/v1/key`, { headers });
  const { data } = (await answer.json()) as {
    data: { usage: { requests: number; prompt_tokens: number; completion_tokens: number } };
  };
  return data.usage;
}

test("a file by its id, unverified", async () => {
  const draft = await files.draft("ann");
  await draft.write(FILE);
  const info = { filename: "a.pdf", purpose: "user_data", type: "application/pdf" } as const;
  const { id: file_id } = await files.keep(draft, info);
  const { answer } = await post({ file: { file_id, pages: "1" }, verify: false });
  expect(answer.values.map(({ verdict }) => verdict)).toEqual(
    answer.values.map(() => "not_checked"),
  );
  const other = await post({ file: { file_id } }, "sk-cid");
  expect([other.status, other.answer.error?.code]).toEqual([404, "file_not_found"]);
});

test("pages are sent as they are answered", async () => {
  const response = await send({ file: { file_data: FILE_DATA }, stream: true });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text()).trim().split("\n\n").map(parseEvent);
  expect(events.map(({ type }) => type)).toEqual([
    ...Array(3).fill("extraction.page"),
    "extraction.done",
  ]);
  expect(events.slice(0, 3)).toMatchObject([1, 2, 3].map((page) => ({ page, count: 3 })));
  const { answer } = await post({ file: { file_data: FILE_DATA } });
  expect(events[3]?.extraction).toMatchObject({ data: answer.data, usage: answer.usage });
});

function parseEvent(text: string) {
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? "{}";
  return JSON.parse(data) as Record<string, unknown>;
}

describe("limits", () => {
  test("each page is a request of its key", async () => {
    const { status, answer } = await post({ file: { file_data: FILE_DATA } }, "sk-bob");
    expect([status, answer.error?.code]).toEqual([429, "rate_limited"]);
    const next = await post({ file: { file_url: "https://192.0.2.1/a.pdf" } }, "sk-bob");
    expect(next.status).toBe(429); // before anything would be fetched
  });

  test("the deadline is for all pages", async () => {
    const hurried = await listen({
      upstream: engine,
      log: silentLog,
      deadlineMs: 1,
      host: "127.0.0.1",
      port: 0,
    });
    const response = await fetch(`${hurried.url}/v1/extract`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: MODEL, schema: SCHEMA, file: { file_data: FILE_DATA } }),
    });
    expect(response.status).toBe(504);
    await hurried.close(100);
  });

  test("a client that leaves ends the work", async () => {
    const abort = new AbortController();
    const sent = fetch(`${server.url}/v1/extract`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sk-ann" },
      body: JSON.stringify({
        model: MODEL,
        schema: { type: "array", items: { const: "x" }, minItems: 900 },
        file: { file_data: FILE_DATA },
      }),
      signal: abort.signal,
    });
    await expect.poll(() => engine.stats.running, SOON).toBe(1);
    abort.abort();
    await expect(sent).rejects.toThrow();
    await expect.poll(() => engine.stats.running + engine.stats.waiting, SOON).toBe(0);
  });
});

test.each<[string, object, number, string]>([
  ["no file", {}, 400, "missing_required"],
  ["an empty file", { file: {} }, 400, "missing_required"],
  [
    "a schema by a path",
    { schema: "../package", file: { file_data: FILE_DATA } },
    400,
    "invalid_schema",
  ],
  [
    "an unknown schema",
    { schema: "nothing", file: { file_data: FILE_DATA } },
    400,
    "invalid_schema",
  ],
  [
    "a schema without end",
    {
      schema: { minLength: 5, type: "string", pattern: "^(a+)+$", maxLength: 1 },
      file: { file_data: FILE_DATA },
    },
    400,
    "invalid_schema",
  ],
  ["a page that is not there", { pages: "9", file: { file_data: FILE_DATA } }, 400, "out_of_range"],
  ["text", { file: { file_data: "data:text/plain;base64,SGkh" } }, 400, "unsupported_modality"],
  [
    "no document",
    { file: { file_data: "data:application/pdf;base64,AAAA" } },
    415,
    "unsupported_media_type",
  ],
  [
    "a URL where none is fetched",
    { file: { file_url: "https://example.com/a" } },
    400,
    "media_fetch_blocked",
  ],
  ["an unknown model", { model: "x", file: { file_data: FILE_DATA } }, 404, "model_not_found"],
])("refuses %s", async (_, body, status, code) => {
  const found = await post(body);
  expect([found.status, found.answer.error?.code]).toEqual([status, code]);
});

test("a shipped schema by its name", async () => {
  const body = { file: { file_data: FILE_DATA }, pages: "1", schema: "id-card", max_tokens: 8 };
  const { status, answer } = await post(body);
  expect([status, answer.error?.code]).toEqual([400, "out_of_range"]); // known, and cut off
});
