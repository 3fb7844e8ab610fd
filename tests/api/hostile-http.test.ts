import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { INSIDE, KEY, setUpTarget, type Target } from "./attacked.ts";
import { type RawAnswer, request, sendRaw } from "./raw-http.ts";

// Hostile input outside the body: keys, names and malformed HTTP, byte by byte.

/** Longer than a busy machine takes to answer. */
const QUIET_MS = 1000;

let target: Target;
let slow: Promise<RawAnswer>;
beforeAll(async () => {
  target = await setUpTarget();
  // Never ends; its outcome is checked last.
  slow = sendRaw(target.open.port, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: 1");
});
afterAll(() => target.close());
afterEach(() => target.expectHealthy());

describe("keys and names", () => {
  const models = (headers: readonly string[]) =>
    sendRaw(
      target.locked.port,
      request("GET /v1/models HTTP/1.1", [...headers, "Connection: close"]),
    );
  test.each<readonly [string, readonly string[], readonly number[]]>([
    ["the key", [`Authorization: Bearer ${KEY}`], [200]],
    ["the key in blanks", [`Authorization:    bearer   ${KEY}   `], [200]],
    ["two keys", [`Authorization: Bearer ${KEY}`, "Authorization: Bearer sk-other"], [401]],
    ["a key and more", [`Authorization: Bearer ${KEY} x`], [401]],
    ["a key and a NUL", [`Authorization: Bearer ${KEY}\0`], [400]],
    ["a key in another script", ["Authorization: Bearer ｓk-right"], [401]],
    ["a key in latin letters", ["Authorization: Bearer sk-\xe9\xff"], [401]],
    ["SQL", ["Authorization: Bearer x'/**/OR/**/1=1;--"], [401]],
    ["64 KB", [`Authorization: Bearer ${"a".repeat(65_536)}`], [431]],
    [
      "a wrong key and the right one elsewhere",
      ["Authorization: Bearer x", `x-api-key: ${KEY}`],
      [401],
    ],
  ])("%s", async (_, headers, statuses) => {
    const answer = await models(headers);
    expect(answer.statuses).toEqual(statuses);
    expect(answer.text).not.toMatch(INSIDE);
  });

  test.each<readonly [string, readonly string[], readonly number[]]>([
    ["a page elsewhere", ["Origin: https://attacker.example"], [403]],
    ["a sandboxed page", ["Origin: null"], [403]],
    ["two origins", ["Origin: http://localhost", "Origin: https://attacker.example"], [403]],
    ["a page here", ["Origin: http://localhost:5173"], [200]],
    ["a forwarded name", ["X-Forwarded-Host: attacker.example"], [200]],
    ["a second host", ["Host: attacker.example"], [403]],
  ])("%s, without a key", async (_, headers, statuses) => {
    const text = request("GET /v1/models HTTP/1.1", [...headers, "Connection: close"]);
    const answer = await sendRaw(target.open.port, text);
    expect(answer.statuses).toEqual(statuses);
    expect(answer.text).not.toMatch(/access-control-allow-origin/i);
  });
});

describe("HTTP", () => {
  const line = "POST /v1/chat/completions HTTP/1.1";
  const json = "Content-Type: application/json";
  const health = "GET /health HTTP/1.1";
  test.each<readonly [string, string, readonly number[]]>([
    ["a body longer than said", request(line, [json, "Content-Length: 2"], '{}{"a":1}'), [400]],
    ["a body shorter than said", request(line, [json, "Content-Length: 9"], "{}"), []],
    ["two lengths", request(line, [json, "Content-Length: 2", "Content-Length: 3"], "{}"), [400]],
    ["a negative length", request(line, [json, "Content-Length: -1"], "{}"), [400]],
    ["a signed length", request(line, [json, "Content-Length: +2"], "{}"), [400]],
    [
      "length and chunks",
      request(line, [json, "Content-Length: 2", "Transfer-Encoding: chunked"], "0\r\n\r\n"),
      [400],
    ],
    [
      "an encoding of transfer that nobody knows",
      request(line, [json, "Transfer-Encoding: xchunked"], "0\r\n\r\n"),
      [400],
    ],
    [
      "a chunk of no size",
      request(line, [json, "Transfer-Encoding: chunked"], "zz\r\n\r\n"),
      [400],
    ],
    [
      "a chunk of 2^64 bytes",
      request(line, [json, "Transfer-Encoding: chunked"], `1${"0".repeat(16)}\r\n`),
      [400],
    ],
    [
      "a megabyte about a chunk",
      request(line, [json, "Transfer-Encoding: chunked"], `1;${"a".repeat(2 ** 20)}`),
      [413],
    ],
    ["bare line feeds", "GET /health HTTP/1.1\nHost: localhost\n\n", [400]],
    ["a folded header", request(health, ["X-A: 1", " folded"]), [400]],
    ["a blank before the colon", request(health, ["Content-Length : 5"]), [400]],
    [
      "10,000 headers",
      request(
        health,
        Array.from({ length: 10_000 }, (_, i) => `x-${i}: 1`),
      ),
      [431],
    ],
    ["two requests at once", request(health) + request(health), [200, 200]],
    ["the beginning of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", [400]],
    ["a tunnel", request("CONNECT 127.0.0.1:22 HTTP/1.1"), []],
    ["an expectation", request(health, ["Expect: everything"]), [417]],
    ["a proxy's request gets our own page", request("GET http://169.254.169.254/ HTTP/1.1"), [200]],
    ["a star", request("OPTIONS * HTTP/1.1"), [400]],
    ["a path without a slash", request("GET health HTTP/1.1"), [400]],
    ["a path of dots", request("GET /../../../x HTTP/1.1"), [404]],
    ["a path of escapes", request("GET /%2e%2e/%00/%ff%zz HTTP/1.1"), [404]],
    ["a path of 20 KB", request(`GET /${"a".repeat(20_000)} HTTP/1.1`), [404]],
  ])("%s", async (_, text, statuses) => {
    const answer = await sendRaw(target.open.port, text, QUIET_MS);
    expect(answer.statuses).toEqual(statuses);
    expect(answer.text).not.toMatch(INSIDE);
  });

  test("a client that never ends the headers is disconnected", async () => {
    const { statuses, ms } = await slow;
    expect(statuses).toEqual([408]);
    expect(ms).toBeLessThan(16_000);
  });
});
