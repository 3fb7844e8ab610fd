import { describe, expect, test } from "vitest";
import { CircuitBreaker } from "./circuit-breaker.ts";
import { Conversations, conversationKey } from "./conversations.ts";
import { EndpointHealth } from "./endpoint-health.ts";
import { MovingAverage } from "./moving-average.ts";

const OPTIONS = { failures: 2, openMs: 100, maxOpenMs: 250 };

describe("CircuitBreaker", () => {
  test("each failed probe doubles the pause, up to a maximum", () => {
    const breaker = new CircuitBreaker(OPTIONS);
    const fail = (ms: number) => {
      breaker.begin(ms);
      breaker.failed(ms);
      return breaker.waitMs(ms);
    };
    expect([fail(0), fail(0), fail(100), fail(300), fail(550)]).toEqual([0, 100, 200, 250, 250]);
    breaker.succeeded();
    expect(breaker.stateAt(600)).toBe("closed");
    expect([fail(600), fail(600)]).toEqual([0, 100]);
  });

  test("only one probe runs at a time, and one without a verdict makes room", () => {
    const breaker = new CircuitBreaker({ ...OPTIONS, failures: 1 });
    breaker.failed(0);
    expect([breaker.allows(99), breaker.allows(100)]).toEqual([false, true]);
    breaker.begin(100);
    expect(breaker.allows(100)).toBe(false);
    breaker.abandoned();
    expect(breaker.allows(100)).toBe(true);
  });

  test("a clock that is set back lengthens no pause", () => {
    const breaker = new CircuitBreaker({ ...OPTIONS, failures: 1 });
    breaker.failed(1_000_000);
    expect(breaker.waitMs(0)).toBe(100);
  });

  test("failures of requests that began before do not lengthen an open circuit", () => {
    const breaker = new CircuitBreaker({ ...OPTIONS, failures: 1 });
    breaker.failed(0);
    breaker.failed(50);
    expect(breaker.waitMs(50)).toBe(50);
  });
});

describe("EndpointHealth", () => {
  const figures = (firstTokenMs: number) => {
    return { firstTokenMs, completionTokens: 11, decodeMs: 1000 };
  };

  test("reports percentiles, uptime and the last error", () => {
    const health = new EndpointHealth(OPTIONS);
    for (let ms = 1; ms <= 100; ms++) {
      health.begin(0);
      health.succeeded(figures(ms), 0);
    }
    health.begin(0);
    health.failed("upstream_unavailable", 10);
    expect(health.report(30)).toMatchObject({
      state: "closed",
      running: 0,
      succeeded: 100,
      failed: 1,
      uptime: 100 / 101,
      firstTokenMs: { p50: 51, p99: 100 },
      throughput: { p50: 11 },
      lastError: { code: "upstream_unavailable", agoMs: 20 },
    });
    expect(health.report(31 * 60_000)).not.toHaveProperty("uptime");
  });

  test("a pause that was asked for is kept, and is no failure of the circuit", () => {
    const health = new EndpointHealth({ ...OPTIONS, failures: 1 });
    health.begin(0);
    health.limited("rate_limited", 5000, 0);
    expect([health.waitMs(0), health.waitMs(4999), health.waitMs(5000)]).toEqual([5000, 1, 0]);
    expect(health.report(0).state).toBe("closed");
  });

  test("an endpoint without a breaker always takes requests", () => {
    const health = new EndpointHealth(undefined);
    for (let i = 0; i < 100; i++) health.failed("internal_error", 0);
    health.limited("queue_full", 5000, 0);
    expect(health.waitMs(0)).toBe(0);
  });

  test("remembers a bounded number of attempts", () => {
    const health = new EndpointHealth(OPTIONS);
    for (let i = 0; i < 10_000; i++) health.succeeded(figures(1), 0);
    expect(JSON.stringify(health).length).toBeLessThan(60_000);
  });
});

test("a moving average forgets with time, not with the number of values", () => {
  const average = new MovingAverage(1000);
  expect(average.value).toBeUndefined();
  for (let i = 0; i < 50; i++) average.add(100, 0);
  average.add(10, 10_000);
  expect(average.value).toBeCloseTo(10 + 90 * (50 / 1024 / (1 + 50 / 1024)), 5);
});

describe("conversations", () => {
  const opening = { role: "user", content: "Hi" } as const;

  test("are recognised by their opening, per tenant and model", () => {
    const key = conversationKey({ messages: [opening], tenant: "t" });
    const more = [opening, { role: "assistant", content: "x" } as const, opening];
    expect(conversationKey({ messages: more, tenant: "t" })).toBe(key);
    expect(conversationKey({ messages: more, tenant: "u" })).not.toBe(key);
    expect(conversationKey({ messages: more, tenant: "t", model: "m" })).not.toBe(key);
    const system = [{ role: "system", content: "S" } as const, opening];
    expect(conversationKey({ messages: system, tenant: "t" })).not.toBe(key);
  });

  test("are forgotten after half an hour, and when there are too many", () => {
    const conversations = new Conversations();
    conversations.remember("k", "a", 0);
    expect(conversations.providerOf("k", 29 * 60_000)).toBe("a");
    expect(conversations.providerOf("k", 30 * 60_000)).toBeUndefined();
    for (let i = 0; i < 10_000; i++) conversations.remember(String(i), "b", 0);
    expect(conversations.providerOf("k", 0)).toBeUndefined();
  });
});
