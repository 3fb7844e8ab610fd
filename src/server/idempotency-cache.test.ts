import { expect, test } from "vitest";
import { LIMITS } from "../core/limits.ts";
import {
  fingerprintOf,
  IdempotencyCache,
  type PendingReply,
  type StoredAnswer,
} from "./idempotency-cache.ts";

const answerOf = (bytes: number): StoredAnswer => ({
  status: 200,
  headers: [],
  body: new Uint8Array(bytes),
});

function claim(replays: IdempotencyCache, key: string, tenant = "t"): PendingReply {
  const found = replays.open(tenant, key, "a request");
  if ("body" in found) throw new Error("it is known already");
  return found;
}

function isKnown(replays: IdempotencyCache, key: string, tenant = "t"): boolean {
  const found = replays.open(tenant, key, "a request");
  if ("release" in found) found.release();
  return "body" in found;
}

test("an answer is stored by tenant, key and request", () => {
  const replays = new IdempotencyCache(() => 0);
  claim(replays, "a").keep(answerOf(3));
  expect(replays.open("t", "a", "a request")).toMatchObject({ status: 200 });
  expect(isKnown(replays, "a", "other")).toBe(false);
  // parts do not run into each other
  expect(() => replays.open("t", "a", "another request")).toThrow("another request");
});

test("a running request is not run twice, and a failed one can be retried", () => {
  const replays = new IdempotencyCache(() => 0);
  const first = claim(replays, "a");
  expect(() => claim(replays, "a")).toThrow("still being answered");
  first.release();
  const second = claim(replays, "a");
  first.keep(answerOf(1)); // too late: the key has a new owner
  expect(() => claim(replays, "a")).toThrow("still being answered");
  second.keep(answerOf(1));
  second.release();
  expect(isKnown(replays, "a")).toBe(true);
});

test("answers are forgotten after a day", () => {
  let now = 0;
  const replays = new IdempotencyCache(() => now);
  claim(replays, "a").keep(answerOf(1));
  now = 24 * 60 * 60 * 1000 - 1;
  expect(isKnown(replays, "a")).toBe(true);
  now += 1;
  expect(isKnown(replays, "a")).toBe(false);
});

test("the least used are forgotten when there are too many, or too many bytes", () => {
  const replays = new IdempotencyCache(() => 0);
  const most = LIMITS.replay.entries;
  for (let index = 0; index < most; index++) claim(replays, `k${index}`).keep(answerOf(1));
  expect(isKnown(replays, "k0")).toBe(true);
  claim(replays, "another").keep(answerOf(1));
  expect(isKnown(replays, "k0")).toBe(true);
  expect(isKnown(replays, "k1")).toBe(false);
  claim(replays, "large").keep(answerOf(LIMITS.replay.bytes));
  expect(isKnown(replays, "k0")).toBe(false);
  expect(isKnown(replays, "large")).toBe(true);
  claim(replays, "too large").keep(answerOf(LIMITS.replay.bytes + 1));
  expect(isKnown(replays, "too large")).toBe(false);
});

test("a fingerprint tells where one part ends and the next begins", async () => {
  const body = new Uint8Array([98]);
  expect(await fingerprintOf(["a", body])).toBe(await fingerprintOf(["a", "b"]));
  expect(await fingerprintOf(["a", body])).not.toBe(await fingerprintOf(["ab", ""]));
});
