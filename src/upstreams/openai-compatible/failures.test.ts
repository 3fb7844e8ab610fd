import { expect, test } from "vitest";
import { readRetryAfter, reportedFailure } from "./failures.ts";

const failed = (status: number, body: unknown, headers = {}) =>
  reportedFailure("far", { status, body, headers }, []);

test.each([
  [400, { error: { message: "bad" } }, "upstream_rejected", true],
  [422, { detail: "bad" }, "upstream_rejected", true],
  [413, "too big", "body_too_large", true],
  [400, { error: { code: "out_of_range", message: "n", param: "n" } }, "out_of_range", true],
  [400, { error: { code: "rate_limited", message: "n" } }, "upstream_rejected", true],
  [400, { message: "This model's maximum context length is 5" }, "context_length_exceeded", true],
  [
    403,
    { error: { message: "flagged", metadata: { flagged_input: "x" } } },
    "upstream_rejected",
    true,
  ],
  [401, { error: { message: "wrong key" } }, "upstream_refused", false],
  [402, { error: { message: "no credit" } }, "upstream_refused", false],
  [403, {}, "upstream_refused", false],
  [404, { error: { message: "no such model" } }, "upstream_refused", false],
  [408, {}, "upstream_timeout", false],
  [409, {}, "upstream_unavailable", false],
  [429, { error: { message: "slow down" } }, "rate_limited", false],
  [500, null, "upstream_unavailable", false],
  [504, {}, "upstream_timeout", false],
  [529, { error: { type: "overloaded_error" } }, "upstream_unavailable", false],
])("%i %j is %s", (status, body, code, callerFault) => {
  expect(failed(status, body)).toMatchObject({ code, attempt: { status, callerFault } });
});

test("the text of a refusal is for the operator alone", () => {
  const error = failed(401, { error: { message: "account 4711 of ACME is closed" } });
  expect(error.message).not.toContain("4711");
  expect((error.cause as Error).message).toContain("4711");
});

test("a page is never quoted", () => {
  expect(failed(502, "<html><b>Bad gateway</b>").message).toBe("far failed with status 502");
});

test("waits are read as seconds, milliseconds or a date, and bounded", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  expect(readRetryAfter({ "retry-after": "2" }, now)).toBe(2000);
  expect(readRetryAfter({ "retry-after": "2", "retry-after-ms": "1500" }, now)).toBe(1500);
  expect(readRetryAfter({ "retry-after": "Thu, 01 Jan 2026 00:00:05 GMT" }, now)).toBe(5000);
  expect(readRetryAfter({ "retry-after": "86400" }, now)).toBe(600_000);
  for (const wrong of ["", "soon", "-5", "Thu, 01 Jan 2015 00:00:05 GMT"]) {
    expect(readRetryAfter({ "retry-after": wrong }, now)).toBeUndefined();
  }
});
