// The engine in a separate process, which is killed while it works.

import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatEvent, ChatRequest, Usage } from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import { type IsolatedEngine, openIsolated } from "../../src/isolation/isolated-engine.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
import { serveProcess } from "../cli/serve-process.ts";
import { processesBelow } from "../fixtures/processes.ts";

const ROOT = new URL("../..", import.meta.url).pathname;
const TINY = join(ROOT, "models/tiny");

/** How long a busy machine may take. */
const SOON = { timeout: 20_000 };

const ask = (text: string, more: Partial<ChatRequest> = {}): ChatRequest => ({
  messages: [{ role: "user", content: text }],
  maxTokens: 20,
  ignoreEos: true,
  ...more,
});

async function textOf(events: AsyncIterable<ChatEvent>): Promise<string> {
  let text = "";
  for await (const event of events) if (event.type === "text") text += event.text;
  return text;
}

const codeOf = (error: unknown): unknown => (error instanceof VireoError ? error.code : error);

let cacheDir: string;
let isolated: IsolatedEngine;
let here: Engine;

beforeAll(async () => {
  cacheDir = mkdtempSync(join(tmpdir(), "vireo-isolation-"));
  isolated = await openIsolated(TINY, { cacheDir });
  here = await open(TINY, { cacheDir });
});
afterAll(async () => {
  await isolated.close();
  await here.close();
  rmSync(cacheDir, { recursive: true });
});

describe("an engine in another process", () => {
  test("describes itself as one in this process does", () => {
    expect(isolated.models).toEqual(here.models);
    const { loadMs: _, fromCache: __, ...info } = isolated.info;
    expect(here.info).toMatchObject(info);
  });

  test("answers with the same events and the same usage", async () => {
    const usages: Usage[] = [];
    const request = ask("Tell me of the river.", {
      topLogprobs: 2,
      sampling: { temperature: 1, seed: 7n },
      onUsage: (usage) => usages.push(usage),
    });
    const events = async (engine: Engine | IsolatedEngine) => {
      const list: ChatEvent[] = [];
      for await (const event of engine.chat(request)) list.push(event);
      return list.map((event) => (event.type === "end" ? { ...event, timings: {} } : event));
    };
    expect(await events(isolated)).toEqual(await events(here));
    expect(usages[0]).toMatchObject({ completionTokens: 20 });
    expect(usages).toHaveLength(2);
  });

  test("receives large files, and leaves none behind", async () => {
    const noise = randomBytes(700 * 700 * 3);
    const raw = { width: 700, height: 700, channels: 3 } as const;
    const bytes = await sharp(noise, { raw }).png().toBuffer();
    expect(bytes.length).toBeGreaterThan(600_000);
    const content = [
      { type: "text", text: "What is this?" },
      { type: "image", bytes },
    ] as const;
    const request = { ...ask(""), messages: [{ role: "user", content }] } as const;
    expect(await textOf(isolated.chat(request))).toBe(await textOf(here.chat(request)));
    const counted = await isolated.capabilities.estimate?.(request);
    expect(counted?.images).toEqual((await here.estimate(request)).images);
    await expect.poll(() => filesOf("media")).toEqual([]);
  });

  test("counts, tokenizes and shows documents", async () => {
    const { tokenize, detokenize, inspect, load } = isolated.capabilities;
    const ids = await tokenize?.("A river.");
    expect(ids).toEqual(here.tokenize("A river."));
    expect(await detokenize?.(ids ?? [])).toBe("A river.");
    const bytes = readFileSync(join(ROOT, "examples/documents/invoice-01.pdf"));
    const content = [{ type: "document", bytes }] as const;
    const document = { messages: [{ role: "user", content }] } as const;
    const shown = await inspect?.document(document);
    expect(shown).toEqual(await here.inspector.document(document));
    expect(await load?.()).toMatchObject({ running: 0, restarts: 0 });
  });

  test("refuses with the same errors", async () => {
    const request = ask("x", { maxTokens: 10_000_000 });
    const refusal = async (engine: Engine | IsolatedEngine) => {
      const error = await textOf(engine.chat(request)).catch((thrown: unknown) => thrown);
      const { code, message, metadata, param } = error as VireoError;
      return { isVireo: error instanceof VireoError, code, message, metadata, param };
    };
    expect(await refusal(isolated)).toEqual(await refusal(here));
  });

  test("ends with the reason of the signal, and frees the place", async () => {
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    let usage: Usage | undefined;
    const request = ask("Go on.", { maxTokens: 4000, onUsage: (told) => (usage = told) });
    const reading = (async () => {
      for await (const event of isolated.chat(request, controller.signal)) {
        if (event.type === "text") controller.abort(reason);
      }
    })();
    await expect(reading).rejects.toBe(reason);
    expect(usage?.completionTokens).toBeGreaterThan(0);
    for await (const event of isolated.chat(request)) if (event.type === "text") break;
    await expect.poll(async () => (await isolated.capabilities.load?.())?.running, SOON).toBe(0);
  });

  test("fails to open with the reason", async () => {
    await expect(openIsolated("/nowhere")).rejects.toMatchObject({ code: "invalid_checkpoint" });
  });
});

/** Names in the folder of the isolated engine's temporary files. */
function filesOf(kind: string): readonly string[] {
  const [folder] = readdirSync(tmpdir()).filter((name) =>
    name.startsWith(`vireo-engine-${process.pid}-`),
  );
  return readdirSync(join(tmpdir(), folder!, kind));
}

describe("an engine process that is killed", () => {
  test("50 requests: each is answered, or gets the error of a restarted engine", async () => {
    const request = (at: number) => ask(`Count from ${at}.`, { maxTokens: 300 });
    const expected = await Promise.all(
      Array.from({ length: 50 }, (_, at) => textOf(here.chat(request(at)))),
    );
    let seen = 0;
    const answers = Array.from({ length: 50 }, async (_, at) => {
      let admitted = false;
      let text = "";
      const onAdmitted = (): void => {
        admitted = true;
      };
      try {
        for await (const event of isolated.chat({ ...request(at), onAdmitted })) {
          seen += 1;
          if (event.type === "text") text += event.text;
        }
      } catch (error) {
        return { admitted, outcome: codeOf(error) };
      }
      return { admitted, outcome: text === expected[at] ? "the same" : "another text" };
    });
    await expect.poll(() => seen, SOON).toBeGreaterThan(50 + isolated.info.slots);
    process.kill(isolated.pid!, "SIGSEGV");
    const outcomes = (await Promise.all(answers)).map(({ outcome }) => outcome);
    const told = outcomes.filter((outcome) => outcome === "engine_restarted");
    expect(told.length).toBeGreaterThan(0);
    expect(told.length).toBeLessThanOrEqual(isolated.info.slots);
    expect(outcomes.filter((outcome) => outcome === "the same")).toHaveLength(50 - told.length);
    expect((await isolated.capabilities.load?.())?.restarts).toBe(1);
  });

  test("requests during a restart wait for the next process", async () => {
    const { pid } = isolated;
    process.kill(pid!, "SIGKILL");
    await expect.poll(() => isolated.ready, SOON).toBe(false);
    const request = ask("Are you there?");
    expect(await textOf(isolated.chat(request))).toBe(await textOf(here.chat(request)));
    expect(isolated.pid).not.toBe(pid);
  });
});

test("a request of an engine that hangs ends with its signal", async () => {
  await expect.poll(() => isolated.ready, SOON).toBe(true);
  const pid = isolated.pid!;
  process.kill(pid, "SIGSTOP");
  try {
    const request = ask("Is anybody there?");
    const reading = textOf(isolated.chat(request, AbortSignal.timeout(100)));
    await expect(reading).rejects.toThrow(/timeout/);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  expect(await textOf(isolated.chat(ask("And now?")))).not.toBe("");
});

describe("vireo serve --isolate", () => {
  let server: ChildProcess | undefined;
  afterAll(() => void server?.kill("SIGKILL"));

  test("ends HTTP streams with an error, counts the restart and leaves no process", async () => {
    const started = serveProcess(TINY, "--isolate", "--model-id", "tiny", "--cache", cacheDir);
    server = started.child;
    const url = await started.url;
    const post = (stream: boolean, max_tokens: number) =>
      fetch(`${url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({
          model: "tiny",
          stream,
          max_tokens,
          ignore_eos: true,
          messages: [{ role: "user", content: "On and on." }],
        }),
      });
    const streams = Array.from({ length: 4 }, async () => (await post(true, 3000)).text());
    const engineOf = () => processesBelow(server!.pid!, "engine-process");
    await expect.poll(async () => metric(url, "vllm:num_requests_running"), SOON).toBe(4);
    const [pid] = engineOf();
    process.kill(pid!, "SIGSEGV");
    for (const text of await Promise.all(streams)) {
      expect(text).toContain('"code":"engine_restarted"');
      expect(text).not.toContain("[DONE]");
    }
    expect((await post(false, 5)).status).toBe(200);
    expect(await metric(url, "vireo_engine_restarts_total")).toBe(1);
    const [next] = engineOf();
    server.kill("SIGKILL");
    await expect.poll(() => processesBelow(1, "engine-process").includes(next!), SOON).toBe(false);
  });
});

async function metric(url: string, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split("\n").find((one) => one.startsWith(`${name}{`)) ?? "";
  return Number(line.split(" ").at(-1));
}
