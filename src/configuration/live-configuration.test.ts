import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { type LogFields, silentLog } from "../core/log.ts";
import { type ChaosServer, startChaos } from "../upstreams/chaos/chaos-server.ts";
import { type LiveConfiguration, openConfiguration } from "./live-configuration.ts";

let folder: string;
let path: string;
let server: ChaosServer;
let live: LiveConfiguration | undefined;
const logged: (readonly [string, LogFields | undefined])[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "vireo-config-"));
  path = join(folder, "vireo.yaml");
  server = await startChaos();
  logged.length = 0;
});
afterEach(async () => {
  await live?.close();
  live = undefined;
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

function fileWith(models: string, end = ""): string {
  return `providers:
  good: { kind: openai-compatible, url: ${server.url} }
  bad: { kind: chaos, fault: server-error }
  slow: { kind: openai-compatible, url: ${server.url}, limits: { firstToken: 30 } }
models:
${models}${end}`;
}

const MODEL = "  m: { providers: [bad, good] }\n";

async function open(text: string): Promise<LiveConfiguration> {
  writeFileSync(path, text);
  live = await openConfiguration(path, {
    environment: {},
    openLocal: () => Promise.reject(new Error("no engine is configured")),
    openTokenizer,
    log: (_level, event, fields) => logged.push([event, fields]),
  });
  return live;
}

/** A tokenizer whose tokens are letters. */
async function openTokenizer(folder: string): Promise<(text: string) => number> {
  if (folder === "letters") return (text) => text.length;
  throw new VireoError("invalid_checkpoint", `there is no tokenizer in ${folder}`);
}

/** Changes the file; it is taken over or refused when it was seen twice. */
async function change(text: string): Promise<void> {
  writeFileSync(path, text);
  await live?.check();
  await live?.check();
}

async function ask(request: Partial<ChatRequest> = {}): Promise<readonly ChatEvent[]> {
  const events: ChatEvent[] = [];
  const messages = [{ role: "user", content: "Hi" }] as const;
  for await (const event of live!.router.chat({ messages, ...request })) events.push(event);
  return events;
}

function answeredBy([start]: readonly ChatEvent[]) {
  return start?.type === "start" ? start.answeredBy : undefined;
}

test("routes of a file answer, over the provider that fails", async () => {
  await open(fileWith(MODEL));
  expect(answeredBy(await ask())).toEqual({ provider: "good", model: "m", attempts: 2 });
});

describe("a changed file", () => {
  test("is taken over, and running requests end where they are", async () => {
    await open(fileWith("  m: { providers: [slow] }\n"));
    const running = live!.router.chat({
      model: "m",
      messages: [{ role: "user", content: "Hi" }],
    });
    const first = await running.next();
    await change(fileWith("  n: { providers: [good] }\n").replace(/ {2}slow.*\n/, ""));
    expect(live!.router.models.map(({ id }) => id)).toEqual(["n"]);
    expect(answeredBy(await ask())?.provider).toBe("good");
    const rest: ChatEvent[] = [];
    for await (const event of running) rest.push(event);
    expect(answeredBy([first.value as ChatEvent])?.provider).toBe("slow");
    expect(rest.at(-1)?.type).toBe("end");
    await expect.poll(() => server.openRequests).toBe(0);
    expect(live!.reloads).toEqual({ taken: 1, refused: 0 });
  });

  test("leaves unchanged providers and what is known of them alone", async () => {
    await open(fileWith(MODEL));
    const before = live!.router.routes[0]?.endpoints.map(({ provider }) => provider);
    await ask();
    await change(fileWith("  m: { providers: [good, bad] }\n"));
    const after = live!.router.routes[0]?.endpoints.map(({ provider }) => provider);
    expect(after).toEqual(before?.toReversed());
    expect(after?.every((one) => before?.includes(one))).toBe(true);
    const [good] = live!.router.capabilities.endpoints?.() ?? [];
    expect(good?.health.succeeded).toBe(1);
  });

  test.each([
    ["with a mistake", () => fileWith("  m: { providers: [nobody] }\n")],
    ["that is half-written", () => fileWith(MODEL).slice(0, -12)],
    ["that lacks the mark of its end", () => fileWith("  n: { providers: [good] }\n")],
    [
      "that now has an engine",
      () => fileWith(MODEL, "...\n").replace("kind: chaos, fault: server-error", "kind: local"),
    ],
  ])("%s is refused and logged, and the routes stay", async (_, next) => {
    await open(fileWith(MODEL, "...\n"));
    await change(next());
    expect(answeredBy(await ask())?.provider).toBe("good");
    expect(live!.reloads).toEqual({ taken: 0, refused: 1 });
    expect(logged.map(([event]) => event)).toEqual(["configuration_refused"]);
    await live!.check();
    expect(live!.reloads.refused).toBe(1);
    await change(fileWith("  n: { providers: [good] }\n", "...\n"));
    expect(live!.router.models.map(({ id }) => id)).toEqual(["n"]);
  });

  test.each([
    ["an empty file", () => writeFileSync(path, "")],
    ["a missing file", () => rmSync(path)],
  ])("%s is waited out: it is being replaced", async (_, replace) => {
    await open(fileWith(MODEL));
    replace();
    for (let i = 0; i < 3; i++) await live!.check();
    expect(live!.reloads).toEqual({ taken: 0, refused: 0 });
    expect(answeredBy(await ask())?.provider).toBe("good");
  });

  test("is taken over only when it was the same for two looks", async () => {
    await open(fileWith(MODEL));
    writeFileSync(path, fileWith("  n: { providers: [good] }\n"));
    await live!.check();
    writeFileSync(path, fileWith("  o: { providers: [good] }\n"));
    await live!.check();
    expect(live!.router.models.map(({ id }) => id)).toEqual(["m"]);
    await live!.check();
    expect(live!.router.models.map(({ id }) => id)).toEqual(["o"]);
  });
});

test("a file that is wrong at first stops the start with all problems", async () => {
  writeFileSync(path, "providers: 1\nmodels: 2\n");
  const openLocal = () => Promise.reject(new Error("no engine is configured"));
  const options = { environment: {}, openLocal, openTokenizer, log: silentLog };
  await expect(openConfiguration(path, options)).rejects.toThrow(/:1:12: [\s\S]*:2:1: /);
  await expect(openConfiguration(`${path}.no`, options)).rejects.toThrow(/ENOENT/);
});

test("the named tokenizer counts what a provider does not, and the count is marked", async () => {
  const silent = 'providers: { silent: { kind: chaos, fault: "no-usage" } }\n';
  const text = `${silent}models: { m: { providers: [silent] } }\n`;
  await open(`${text}tokenizer: letters\n`);
  const usageOf = (events: readonly ChatEvent[]) => {
    const end = events.at(-1);
    return end?.type === "end" ? end.usage : undefined;
  };
  const events = await ask();
  const answer = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  expect(usageOf(events)).toMatchObject({ completionTokens: answer.length, estimated: true });
  await change(`${text}tokenizer: nowhere\n`);
  expect(live!.reloads).toEqual({ taken: 0, refused: 1 });
  await change(text);
  expect(usageOf(await ask())?.completionTokens).toBeLessThan(answer.length);
});
