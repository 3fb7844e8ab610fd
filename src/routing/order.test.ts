import { describe, expect, test } from "vitest";
import type { RoutingPreferences } from "../core/routing-preferences.ts";
import type { Endpoint } from "./endpoint.ts";
import { orderEndpoints, type Speed } from "./order.ts";

const PRICES: Readonly<Record<string, bigint>> = { a: 3n, b: 1n, c: 2n, d: 1n };
const SPEEDS: Readonly<Record<string, Speed>> = {
  a: { firstTokenMs: 100, throughput: 10 },
  b: { firstTokenMs: 300, throughput: 50 },
  c: { firstTokenMs: 200, throughput: 30 },
  d: { firstTokenMs: undefined, throughput: undefined },
};

function endpoint(name: string, weight = 1): Endpoint {
  const upstream = { models: [], ready: true, chat: async function* () {} };
  const provider = { name, upstream, zeroDataRetention: false, collectsData: false };
  const price = PRICES[name] ?? 0n;
  return { provider, model: "m", weight, prices: { prompt: price, completion: price } };
}

interface Setting {
  readonly names?: string;
  readonly weighted?: boolean;
  readonly previous?: string;
  readonly random?: () => number;
}

function orderOf(preferences: RoutingPreferences, setting: Setting = {}): string {
  const { names = "abc", weighted = false, previous, random = () => 0 } = setting;
  const strategy = weighted ? "weighted" : "ordered";
  const context = {
    speedOf: ({ provider }: Endpoint) => SPEEDS[provider.name]!,
    previous,
    random,
  };
  const endpoints = [...names].map((name, at) => endpoint(name, at + 1));
  const ordered = orderEndpoints({ strategy }, endpoints, preferences, context);
  return ordered.map(({ provider }) => provider.name).join("");
}

describe("the order of endpoints", () => {
  test.each<[string, RoutingPreferences, Setting, string]>([
    ["is that of the route", {}, {}, "abc"],
    ["begins with the request's", { order: ["c", "a"] }, {}, "cab"],
    ["skips unknown providers", { order: ["x", "B/fp8"] }, {}, "bac"],
    ["keeps to the first without fallbacks", { allowFallbacks: false }, {}, "a"],
    ["goes by price", { sort: "price" }, {}, "bca"],
    ["keeps the route's order at equal prices", { sort: "price" }, { names: "dbca" }, "dbca"],
    ["goes by latency of two endpoints", { sort: "latency" }, { names: "ba" }, "ab"],
    ["tries what was never measured", { sort: "latency" }, { names: "ad" }, "da"],
    ["goes by throughput", { sort: "throughput" }, { names: "ab" }, "ba"],
    ["puts slow starters last", { preferredMaxLatencyMs: 150 }, { names: "bca" }, "abc"],
    ["puts slow ones last", { preferredMinThroughput: 40 }, { names: "acb" }, "bac"],
    ["stays where the conversation was", {}, { previous: "b" }, "bac"],
    ["obeys the request before the conversation", { order: ["c"] }, { previous: "b" }, "cba"],
    ["obeys the price before the conversation", { sort: "price" }, { previous: "a" }, "bca"],
  ])("%s", (_, preferences, setting, expected) => {
    expect(orderOf(preferences, setting)).toBe(expected);
  });

  test("the better of two random endpoints is first", () => {
    // sorted by latency: a c b; draws the second and the third
    const draws = [0.4, 0];
    const random = () => draws.shift() ?? 0;
    expect(orderOf({ sort: "latency" }, { random })).toBe("cab");
  });

  test("weights are shares of the requests", () => {
    let state = 1;
    const random = () => {
      state = (state * 48_271) % 2_147_483_647;
      return state / 2_147_483_647;
    };
    const firsts = Array.from({ length: 6000 }, () => orderOf({}, { weighted: true, random })[0]);
    const share = (name: string) => firsts.filter((one) => one === name).length / firsts.length;
    expect(share("a")).toBeCloseTo(1 / 6, 1);
    expect(share("b")).toBeCloseTo(2 / 6, 1);
    expect(share("c")).toBeCloseTo(3 / 6, 1);
  });
});
