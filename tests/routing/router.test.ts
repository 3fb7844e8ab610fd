import { beforeEach, describe, expect, test } from "vitest";
import type { ChatEvent, ChatRequest, Usage } from "../../src/core/chat.ts";
import { type ErrorCode, VireoError } from "../../src/core/errors.ts";
import type { FailedAttempt } from "../../src/core/failed-attempt.ts";
import { parsePrice } from "../../src/core/prices.ts";
import type { Provider, Route } from "../../src/routing/endpoint.ts";
import { Router, type RouterOptions } from "../../src/routing/router.ts";
import { endpoint, route, type Step, scripted, USAGE } from "./scripted-provider.ts";

const clock = { ms: 0 };
beforeEach(() => {
  clock.ms = 0;
});

const REQUEST: ChatRequest = { messages: [{ role: "user", content: "Hi" }] };
const PRICES = { prompt: parsePrice("0.000001", "p"), completion: parsePrice("0.000002", "c") };

function failed(code: ErrorCode, attempt: Partial<FailedAttempt> = {}, retryAfterMs?: number) {
  const all = {
    provider: "?",
    fault: "status",
    callerFault: false,
    delivered: false,
    ms: 1,
  } as const;
  return new VireoError(code, `failed with ${code}`, {
    attempt: { ...all, ...attempt },
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}
const down = () => failed("upstream_unavailable", { status: 500 });
const limited = (ms: number) => failed("rate_limited", { status: 429 }, ms);

function routerOf(routes: readonly Route[], options: Partial<RouterOptions> = {}): Router {
  return new Router({ routes: () => routes, now: () => clock.ms, random: () => 0, ...options });
}

function between(providers: readonly Provider[], options: Partial<RouterOptions> = {}): Router {
  return routerOf([route(providers.map((one) => endpoint(one)))], options);
}

interface Outcome {
  readonly text: string;
  readonly events: readonly ChatEvent[];
  readonly error: VireoError | undefined;
  readonly billed: readonly Usage[];
}

async function ask(router: Router, request: Partial<ChatRequest> = {}): Promise<Outcome> {
  const events: ChatEvent[] = [];
  const billed: Usage[] = [];
  let error: VireoError | undefined;
  try {
    const own = { ...REQUEST, ...request, onUsage: (usage: Usage) => billed.push(usage) };
    for await (const event of router.chat(own)) events.push(event);
  } catch (thrown) {
    error = thrown as VireoError;
  }
  const text = events.map((event) => (event.type === "text" ? event.text : "")).join("");
  return { text, events, error, billed };
}

const answeredBy = ({ events }: Outcome) => {
  const [start] = events;
  return start?.type === "start" ? start.answeredBy : undefined;
};

test("a caller of whole answers never sees one that broke off", async () => {
  const [a, b] = [scripted("a", [["Hel", down()]]), scripted("b")];
  const outcome = await ask(between([a, b]), { readsWhole: true });
  expect(outcome.text).toBe("Hello");
  expect(answeredBy(outcome)).toEqual({ provider: "b", model: "m", attempts: 2 });
  expect(outcome.billed).toEqual([USAGE]);
  const alone = await ask(between([scripted("c", [["Hel", down()]])]), { readsWhole: true });
  expect([alone.text, alone.billed]).toEqual(["", []]);
  expect(alone.error?.code).toBe("upstream_unavailable");
});

describe("before the first token", () => {
  test.each<[string, Step]>([
    ["a server error", down()],
    ["a pause", limited(3000)],
    ["a failure without a reason", new TypeError("socket")],
    ["a refused key", failed("upstream_refused", { status: 401 })],
  ])("%s goes to the next provider unnoticed", async (_, step) => {
    const [a, b] = [scripted("a", [[step]]), scripted("b")];
    const outcome = await ask(between([a, b]));
    expect(outcome.text).toBe("Hello");
    expect(answeredBy(outcome)).toEqual({ provider: "b", model: "m", attempts: 2 });
    expect(outcome.events.map(({ type }) => type)).toEqual(["start", "text", "end"]);
    expect(outcome.billed).toEqual([USAGE]);
    expect([a.open, b.open]).toEqual([0, 0]);
  });

  test("the caller's fault goes nowhere else", async () => {
    const [a, b] = [
      scripted("a", [[failed("upstream_rejected", { callerFault: true })]]),
      scripted("b"),
    ];
    const { error, billed } = await ask(between([a, b]));
    expect(error?.code).toBe("upstream_rejected");
    expect([b.requests.length, billed.length]).toEqual([0, 0]);
  });

  test("an answer without an end counts as none", async () => {
    const a = scripted("a");
    const silent = { ...a.upstream, chat: async function* () {} };
    const outcome = await ask(between([{ ...a, upstream: silent }, scripted("b")]));
    expect(answeredBy(outcome)?.provider).toBe("b");
  });

  test("silence past the limit goes to the next provider, and the call is aborted", async () => {
    const a = { ...scripted("a", [["silence"]]), limits: { firstTokenMs: 5 } };
    const outcome = await ask(between([a, scripted("b")]));
    expect(answeredBy(outcome)?.provider).toBe("b");
    await expect.poll(() => a.open).toBe(0);
  });
});

describe("after the first token", () => {
  test("a cut is an error, billed for what was delivered", async () => {
    const [a, b] = [scripted("a", [["12345678", down()]]), scripted("b")];
    const { text, error, billed, events } = await ask(between([a, b]));
    expect([text, error?.code, b.requests.length]).toEqual(["12345678", "upstream_unavailable", 0]);
    expect(error?.message).toMatch(/^the answer broke off/);
    expect(billed).toEqual([expect.objectContaining({ completionTokens: 2, estimated: true })]);
    expect(events.at(-1)?.type).toBe("text");
  });

  test("silence between two events is a cut", async () => {
    const a = { ...scripted("a", [["Hel", "silence"]]), limits: { betweenEventsMs: 5 } };
    const { error } = await ask(between([a]));
    expect(error).toMatchObject({ code: "upstream_timeout" });
    await expect.poll(() => a.open).toBe(0);
  });

  test("with leave another provider continues, marked at the end", async () => {
    const [a, b] = [scripted("a", [["Hel", down()]]), scripted("b", [["lo"]])];
    const outcome = await ask(between([a, b], { continuesAnswers: () => true }));
    expect([outcome.text, answeredBy(outcome)?.provider]).toEqual(["Hello", "a"]);
    expect(outcome.events.at(-1)).toMatchObject({ type: "end", continuedBy: ["b"] });
    expect(b.requests[0]).toMatchObject({
      continueFinalMessage: true,
      messages: [{ role: "user" }, { role: "assistant", content: "Hel" }],
    });
    expect(outcome.billed).toEqual([
      expect.objectContaining({ promptTokens: 9, completionTokens: 5, estimated: true }),
    ]);
  });

  test.each<[string, Partial<ChatRequest>]>([
    ["an answer in a format", { output: { type: "json_object" } }],
    ["an answer that used up its tokens", { maxTokens: 1 }],
    ["a text without messages", { prompt: "Hi" }],
  ])("%s is not continued", async (_, request) => {
    const providers = [scripted("a", [["Hel", down()]]), scripted("b")];
    const { error } = await ask(between(providers, { continuesAnswers: () => true }), request);
    expect([error?.code, providers[1]!.requests.length]).toEqual(["upstream_unavailable", 0]);
  });

  test("a client that leaves is billed for what it got, and frees the provider", async () => {
    const a = scripted("a", [["12345678", "silence"]]);
    const billed: Usage[] = [];
    const client = new AbortController();
    const request = { ...REQUEST, onUsage: (usage: Usage) => billed.push(usage) };
    const events = between([a, scripted("b")]).chat(request, client.signal);
    await events.next();
    await events.next();
    const pending = events.next();
    client.abort(new Error("gone"));
    await expect(pending).rejects.toThrow("gone");
    expect(billed).toEqual([expect.objectContaining({ completionTokens: 2 })]);
    await expect.poll(() => a.open).toBe(0);
  });
});

describe("when all fail", () => {
  test.each<[ErrorCode, Step, Step]>([
    ["rate_limited", limited(9000), limited(3000)],
    ["upstream_unavailable", limited(9000), down()],
    [
      "upstream_timeout",
      failed("upstream_timeout", { fault: "timeout" }),
      failed("upstream_timeout", { fault: "timeout" }),
    ],
    [
      "upstream_invalid_response",
      failed("upstream_invalid_response"),
      failed("upstream_invalid_response"),
    ],
  ])("the error is %s", async (code, one, other) => {
    const { error, events } = await ask(
      between([scripted("a", [[one]]), scripted("b", [[other]])]),
    );
    expect(error?.code).toBe(code);
    expect(error?.metadata?.attempts).toMatchObject([{ provider: "a" }, { provider: "b" }]);
    expect(events).toEqual([]);
  });

  test("the shortest pause is the one to wait for", async () => {
    const router = between([scripted("a", [[limited(9000)]]), scripted("b", [[limited(3000)]])]);
    expect((await ask(router)).error?.retryAfterMs).toBe(3000);
    const again = await ask(router);
    expect(again.error).toMatchObject({ code: "rate_limited", retryAfterMs: 3000 });
  });
});

describe("the circuit breaker", () => {
  test("leaves a failing provider alone, probes it once and takes it back", async () => {
    const a = scripted("a", [[down()]]);
    const router = between([a, scripted("b")], {
      breaker: { failures: 3, openMs: 1000, maxOpenMs: 8000 },
    });
    for (let i = 0; i < 10; i++) await ask(router, { tenant: String(i) });
    expect(a.requests.length).toBe(3);
    clock.ms = 1000;
    await ask(router, { tenant: "x" });
    await ask(router, { tenant: "y" });
    expect(a.requests.length).toBe(4);
    a.scripts = [["back"]];
    clock.ms = 3000;
    expect((await ask(router, { tenant: "z" })).text).toBe("back");
    expect((await ask(router, { tenant: "w" })).text).toBe("back");
  });

  test("a refused key opens the circuit at once", async () => {
    const a = scripted("a", [[failed("upstream_refused", { status: 401 })]]);
    const router = between([a, scripted("b")]);
    for (let i = 0; i < 3; i++) await ask(router, { tenant: String(i) });
    expect(a.requests.length).toBe(1);
  });

  test("an open circuit of the only provider is told with the time to wait", async () => {
    const router = between([scripted("a", [[down()]])], {
      breaker: { failures: 1, openMs: 4000, maxOpenMs: 8000 },
    });
    await ask(router);
    const { error } = await ask(router);
    expect(error).toMatchObject({ code: "no_provider_available", retryAfterMs: 4000 });
  });
});

test("a conversation stays with the provider that answered it", async () => {
  const [a, b] = [scripted("a", [[down()], ["a"]]), scripted("b", [["b"]])];
  const router = between([a, b]);
  const first = [{ role: "user", content: "Hi" }] as const;
  expect((await ask(router, { messages: first })).text).toBe("b");
  const later = [
    ...first,
    { role: "assistant", content: "b" },
    { role: "user", content: "More" },
  ] as const;
  expect((await ask(router, { messages: later })).text).toBe("b");
  expect((await ask(router, { messages: later, tenant: "other" })).text).toBe("a");
});

test("fallback models are tried after all providers of the requested one", async () => {
  const [a, b, c] = [scripted("a", [[down()]]), scripted("b", [[down()]]), scripted("c")];
  const router = routerOf([
    route([endpoint(a), endpoint(b)]),
    route([endpoint(c)], { id: "other" }),
  ]);
  const outcome = await ask(router, { routing: { fallbackModels: ["other", "unknown"] } });
  expect(answeredBy(outcome)).toEqual({ provider: "c", model: "other", attempts: 3 });
  expect((await ask(router)).error?.code).toBe("upstream_unavailable");
});

test("the answer costs what the provider that gave it charges", async () => {
  const [a, b] = [scripted("a", [[down()]]), scripted("b")];
  const router = routerOf([route([endpoint(a), endpoint(b, { prices: PRICES })])]);
  const { billed } = await ask(router);
  const free = routerOf([route([endpoint(a, { prices: PRICES }), endpoint(b)])]);
  expect((await ask(free)).billed[0]?.cost).toEqual({ text: 0n, media: 0n, completion: 0n });
  expect(billed[0]?.cost).toEqual({ text: 10_000_000n, media: 0n, completion: 8_000_000n });
});

test("services are asked of the endpoint that has them, by its own model name", async () => {
  const asked: (string | undefined)[] = [];
  const a = scripted("a");
  const b = scripted("b");
  const estimate = async ({ model }: ChatRequest) => {
    asked.push(model);
    return { promptTokens: 7 } as never;
  };
  const local = { ...b, upstream: { ...b.upstream, capabilities: { estimate } } };
  const router = routerOf([route([endpoint(a), endpoint(local, { model: "own-name" })])]);
  await router.capabilities.estimate?.({ ...REQUEST, model: "m" });
  expect(asked).toEqual(["own-name"]);
  expect(router.capabilities.inspect).toBeUndefined();
});

describe("a tenant's own key", () => {
  const ofAnn = (provider: Provider, zeroDataRetention = false): Provider => {
    return { ...provider, tenantKeys: { has: (tenant) => tenant === "ann", zeroDataRetention } };
  };
  const priced = (provider: Provider) => endpoint(provider, { prices: PRICES });

  test("costs the tenant nothing here, and says what the provider charges", async () => {
    const router = routerOf([route([priced(ofAnn(scripted("a")))])]);
    const { billed } = await ask(router, { tenant: "ann" });
    expect(billed[0]).toMatchObject({
      isByok: true,
      cost: { text: 0n, media: 0n, completion: 0n },
      providerCost: { text: 10_000_000n, completion: 8_000_000n },
    });
    const other = await ask(router, { tenant: "ben" });
    expect(other.billed[0]).not.toHaveProperty("isByok");
    expect(other.billed[0]?.cost?.text).toBe(10_000_000n);
  });

  test.each([
    ["is refused", failed("upstream_refused", { status: 401 })],
    ["is over its limit", limited(60_000)],
  ])("that %s keeps nobody else away", async (_, failure) => {
    const a = scripted("a", [[failure], ["Hello"]]);
    const router = between([ofAnn(a), scripted("b", [["b"]])]);
    expect((await ask(router, { tenant: "ann" })).text).toBe("b");
    expect((await ask(router, { tenant: "ben" })).text).toBe("Hello");
  });

  test("is not used under zero data retention unless the operator vouches for that", async () => {
    const strict = { tenant: "ann", routing: { zeroDataRetention: true } };
    const marked = { ...scripted("a"), zeroDataRetention: true };
    expect((await ask(between([ofAnn(marked)]), strict)).error?.code).toBe("zdr_unavailable");
    expect((await ask(between([ofAnn(marked, true)]), strict)).text).toBe("Hello");
    expect((await ask(between([ofAnn(marked)]), { ...strict, tenant: "ben" })).text).toBe("Hello");
  });
});
