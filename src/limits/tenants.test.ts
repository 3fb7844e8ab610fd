import { describe, expect, test } from "vitest";
import { parsePrice } from "../core/prices.ts";
import { Tenants } from "./tenants.ts";

const usage = {
  promptTokens: 100,
  imageTokens: 0,
  videoTokens: 0,
  cachedTokens: 0,
  completionTokens: 50,
  reasoningTokens: 0,
};
const prices = {
  prompt: parsePrice("0.0000002", "prompt"),
  completion: parsePrice("0.0000006", "completion"),
};

function setUp() {
  const clock = { ms: 0 };
  return { clock, tenants: new Tenants(() => clock.ms) };
}

const refused = (limit: string, retryAfterMs: number) =>
  expect.objectContaining({ code: "rate_limited", retryAfterMs, metadata: { limit } });

describe("Tenants", () => {
  test("admit tenants without limits", () => {
    const { tenants } = setUp();
    for (let i = 0; i < 1000; i++) tenants.acquire("a", {});
    expect(tenants.allowances("a", {})).toEqual({});
  });

  test("limit requests per minute, and return the time until the next", () => {
    const { clock, tenants } = setUp();
    const limits = { requestsPerMinute: 2 };
    tenants.acquire("a", limits);
    tenants.acquire("a", limits);
    expect(() => tenants.acquire("a", limits)).toThrow(refused("requests", 30_000));
    tenants.acquire("b", limits);
    expect(tenants.allowances("a", limits).requests).toEqual({
      limit: 2,
      remaining: 0,
      resetMs: 60_000,
    });
    clock.ms = 30_000;
    tenants.acquire("a", limits);
    expect(() => tenants.acquire("a", limits)).toThrow(refused("requests", 30_000));
  });

  test("drop a limit that is removed", () => {
    const { tenants } = setUp();
    tenants.acquire("a", { requestsPerMinute: 1 });
    expect(() => tenants.acquire("a", { requestsPerMinute: 1 })).toThrow("1 a minute");
    tenants.acquire("a", {});
    expect(tenants.allowances("a", {})).toEqual({});
  });

  test("do not refill while the clock is set back", () => {
    const { clock, tenants } = setUp();
    const limits = { requestsPerMinute: 60 };
    clock.ms = 600_000;
    tenants.acquire("a", limits);
    clock.ms = 0;
    tenants.acquire("a", limits);
    expect(tenants.allowances("a", limits).requests?.remaining).toBe(58);
  });

  test("uncounted work is refused like requests, but does not count as one", () => {
    const { tenants } = setUp();
    const limits = { requestsPerMinute: 1, concurrentRequests: 1 };
    const visit = tenants.acquireUncounted("a", limits);
    expect(() => tenants.acquireUncounted("a", limits)).toThrow(refused("concurrency", 1000));
    visit.end();
    tenants.acquire("a", limits).end();
    expect(() => tenants.acquireUncounted("a", limits)).toThrow(refused("requests", 60_000));
    expect(tenants.usage("a").requests).toBe(1);
  });

  test("book tokens when they are known; an overdrawn key waits", () => {
    const { clock, tenants } = setUp();
    const limits = { tokensPerMinute: 100 };
    const lease = tenants.acquire("a", limits);
    lease.settle(usage);
    lease.settle(usage);
    lease.end();
    expect(tenants.usage("a")).toMatchObject({ promptTokens: 100, completionTokens: 50 });
    expect(() => tenants.acquire("a", limits)).toThrow(refused("tokens", 30_600));
    clock.ms = 30_600;
    tenants.acquire("a", limits);
  });

  test("limit concurrent requests", () => {
    const { tenants } = setUp();
    const limits = { concurrentRequests: 1 };
    const lease = tenants.acquire("a", limits);
    expect(() => tenants.acquire("a", limits)).toThrow(refused("concurrency", 1000));
    lease.end();
    lease.end();
    tenants.acquire("a", limits);
    expect(() => tenants.acquire("a", limits)).toThrow(refused("concurrency", 1000));
  });

  test("add up costs without a float", () => {
    const { tenants } = setUp();
    for (let i = 0; i < 3; i++) tenants.acquire("a", {}).settle(usage, prices);
    expect(tenants.usage("a").cost).toBe(150_000_000n);
  });

  test("parallel requests cannot overdraw a key: 60 at once use no more than one", () => {
    const { clock, tenants } = setUp();
    const limits = { tokensPerMinute: 100 };
    const small = { ...usage, promptTokens: 37, completionTokens: 20 };
    const ask = () => tenants.acquire("a", limits, { tokens: 57, request: {} });
    const admitted = [];
    for (let i = 0; i < 60; i++) {
      try {
        admitted.push(ask());
      } catch (error) {
        expect(error).toEqual(refused("tokens", 8400)); // 14 tokens are missing
      }
    }
    expect(admitted).toHaveLength(1);
    admitted[0]!.settle(small);
    admitted[0]!.end();
    ask().end(); // nothing runs, and there is something left
    expect(tenants.allowances("a", limits).tokens?.remaining).toBe(43);
    clock.ms = 60_000;
    ask();
    expect(ask).toThrow("may need 57 beside those running");
  });

  test("reserved tokens are corrected, given back without an answer, and settled once", () => {
    const { tenants } = setUp();
    const limits = { tokensPerMinute: 1000 };
    const left = () => tenants.allowances("a", limits).tokens?.remaining;
    const lease = tenants.acquire("a", limits, { tokens: 300, request: {} });
    expect(left()).toBe(700);
    lease.reserve(450);
    expect(left()).toBe(550);
    lease.settle(usage);
    lease.reserve(900);
    lease.end();
    expect(left()).toBe(850);
    tenants.acquire("a", limits, { tokens: 300, request: {} }).end();
    expect(left()).toBe(850);
  });

  test.for([24, 57])("answers of %i tokens to one request are admitted together", (tokens) => {
    const { tenants } = setUp();
    const limits = { tokensPerMinute: 100 };
    const request = {};
    const leases = Array.from({ length: 4 }, () =>
      tenants.acquire("a", { ...limits }, { tokens, request }),
    );
    const other = () => tenants.acquire("a", limits, { tokens, request: {} });
    expect(other).toThrow(`${tokens} beside`);
    for (const lease of leases) lease.end();
    other();
  });
});
