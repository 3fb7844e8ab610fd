import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatEvent, ChatRequest, Usage } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { type ChaosServer, startChaos } from "../chaos/chaos-server.ts";
import { FAULT_NAMES, FAULTS, type FaultName } from "../chaos/faults.ts";
import { WORDS } from "../chaos/faulty-answer.ts";
import { createOpenAiCompatible, type RemoteUpstream } from "./upstream.ts";

const LIMITS_MS = { connectMs: 2000, firstTokenMs: 800, betweenTokensMs: 800, totalMs: 2000 };
const TEXT = WORDS.join("");
let chaos: ChaosServer;
let upstream: RemoteUpstream;

beforeAll(async () => {
  chaos = await startChaos();
  upstream = createOpenAiCompatible({
    name: "far",
    baseUrl: chaos.url,
    credentials: () => "sk-secret-of-the-operator",
    limits: LIMITS_MS,
  });
  await upstream.refresh();
});
afterAll(async () => {
  await upstream.close();
  await chaos.close();
});

interface Outcome {
  readonly events: readonly ChatEvent[];
  readonly text: string;
  readonly end: Extract<ChatEvent, { readonly type: "end" }> | undefined;
  readonly error: VireoError | undefined;
  readonly billed: readonly Usage[];
}

async function ask(fault: FaultName, changes: Partial<ChatRequest> = {}): Promise<Outcome> {
  const billed: Usage[] = [];
  const events: ChatEvent[] = [];
  const request: ChatRequest = {
    model: `chaos/${fault}`,
    messages: [{ role: "user", content: "Count!" }],
    onUsage: (usage) => billed.push(usage),
    ...changes,
  };
  let error: VireoError | undefined;
  try {
    for await (const event of upstream.chat(request)) events.push(event);
  } catch (thrown) {
    if (!(thrown instanceof VireoError)) throw thrown;
    error = thrown;
  }
  const text = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  const last = events.at(-1);
  return { events, text, end: last?.type === "end" ? last : undefined, error, billed };
}

describe("each fault of a provider", () => {
  test.each(FAULT_NAMES)("%s", async (name) => {
    const { events, text, end, error, billed } = await ask(name);
    if ("isHarmless" in FAULTS[name]) {
      expect(error).toBeUndefined();
      expect(text).toBe(name === "split-character" ? `Grüße 🎉 ${TEXT}` : TEXT);
      expect(end).toMatchObject({ reason: "stop", nativeReason: "eos" });
      expect(billed).toEqual([end?.usage]);
      expect(end?.usage.estimated).toBe(name === "no-usage" ? true : undefined);
      return;
    }
    expect(end).toBeUndefined();
    expect(error?.attempt).toMatchObject({ provider: "far", callerFault: false });
    expect(error?.attempt?.delivered).toBe(text !== "");
    expect(events[0]?.type).toBe(text === "" ? undefined : "start");
    expect(billed).toHaveLength(text === "" ? 0 : 1);
    if (text !== "") expect(billed[0]?.completionTokens).toBe(Math.ceil(text.length / 4));
  });

  test("is named by code and status", async () => {
    const codes: Partial<Record<FaultName, readonly unknown[]>> = {
      refused: ["upstream_unavailable", "unreachable", undefined],
      "slow-headers": ["upstream_timeout", "timeout", undefined],
      "rate-limit-retry-after": ["rate_limited", "status", 429],
      "server-error": ["upstream_unavailable", "status", 500],
      html: ["upstream_invalid_response", "invalid", undefined],
      "error-event": ["upstream_unavailable", "status", 503],
      cut: ["upstream_invalid_response", "cut", undefined],
      stall: ["upstream_timeout", "timeout", undefined],
      "no-finish": ["upstream_invalid_response", "cut", undefined],
      endless: ["upstream_timeout", "timeout", undefined],
    };
    for (const [name, expected] of Object.entries(codes)) {
      const { error } = await ask(name as FaultName);
      expect([name, error?.code, error?.attempt?.fault, error?.attempt?.status]).toEqual([
        name,
        ...expected,
      ]);
    }
    expect((await ask("rate-limit-retry-after")).error?.retryAfterMs).toBe(1000);
    expect((await ask("rate-limit")).error?.retryAfterMs).toBeUndefined();
  });
});

test("tool calls are complete at every split", async () => {
  const tools = [{ name: "count", parameters: { type: "object" } }];
  const { events, end } = await ask("none", { tools });
  expect(events[1]).toEqual({ type: "tool_call", index: 0, name: "count", arguments: "{}" });
  expect(end?.reason).toBe("tool_calls");
  // nothing of a call that breaks off is delivered, so another provider may answer
  const cut = await ask("cut", { tools });
  expect(cut.error?.attempt?.delivered).toBe(false);
});

test("an estimated prompt includes the tools and the calls of earlier answers", async () => {
  const tools = [{ name: "count", parameters: { type: "object" } }];
  const plain = await ask("no-usage");
  const withTools = await ask("no-usage", { tools });
  const toolTokens = (withTools.end?.usage.promptTokens ?? 0) - plain.end!.usage.promptTokens;
  expect(toolTokens).toBeGreaterThanOrEqual(Math.floor(JSON.stringify(tools).length / 4));
  const messages: ChatRequest["messages"] = [
    { role: "user", content: "Count!" },
    { role: "assistant", content: "", toolCalls: [{ name: "count", arguments: '{"to":10000}' }] },
    { role: "tool", content: "done" },
  ];
  const withCalls = await ask("no-usage", { messages });
  const text = 'Count!\n\ncount{"to":10000}\ndone';
  expect(withCalls.end?.usage.promptTokens).toBe(Math.ceil(text.length / 4));
});

test("a connection serves one answer after the other", async () => {
  for (let turn = 0; turn < 30; turn++) expect((await ask("none")).text).toBe(TEXT);
  // the next request may come before the end of the last answer was read
  expect(await chaos.connections()).toBeLessThan(10);
});

test("aborting reaches the provider, and the signal's reason is thrown", async () => {
  const controller = new AbortController();
  const request: ChatRequest = {
    model: "chaos/endless",
    messages: [{ role: "user", content: "" }],
  };
  const events = upstream.chat(request, controller.signal)[Symbol.asyncIterator]();
  expect((await events.next()).value).toMatchObject({ type: "start" });
  await events.next();
  const open = chaos.openRequests;
  controller.abort(new Error("gone"));
  await expect(events.next()).rejects.toThrow("gone");
  await expect.poll(() => chaos.openRequests, { timeout: 1000, interval: 10 }).toBeLessThan(open);
});

test("an iteration that is left closes the connection", async () => {
  const request: ChatRequest = {
    model: "chaos/endless",
    messages: [{ role: "user", content: "" }],
  };
  for await (const event of upstream.chat(request)) if (event.type === "text") break;
  await expect.poll(() => chaos.openRequests, { timeout: 1000, interval: 10 }).toBe(0);
});
