import { expect, test } from "vitest";
import { VireoError } from "./errors.ts";
import { fromPlainError, toPlainError } from "./plain-error.ts";
import { toVireoError } from "./system-errors.ts";

/** An error after its way from one thread or process to another. */
const received = (error: unknown): Error => fromPlainError(structuredClone(toPlainError(error)));
const systemError = (code: string): Error => Object.assign(new Error(`${code}: write`), { code });

test.each([
  ["ENOSPC", "storage_unavailable"],
  ["EROFS", "storage_unavailable"],
  ["EMFILE", "server_busy"],
  ["ENOMEM", "server_busy"],
  ["EPIPE", "internal_error"],
])("the system's error %s of another process is explained as %s", (system, code) => {
  expect(toVireoError(received(systemError(system))).code).toBe(code);
});

test("an error for the caller arrives with its details and its cause", () => {
  const cause = systemError("ENOSPC");
  const details = { param: "messages", metadata: { limit: 3 }, retryAfterMs: 5, cause };
  const error = received(new VireoError("queue_full", "full", details));
  const { message, stack: _, ...own } = error as VireoError;
  expect(error).toBeInstanceOf(VireoError);
  expect(own).toMatchObject({ code: "queue_full", param: "messages", retryAfterMs: 5 });
  expect(message).toBe("full");
  expect(error.cause).toMatchObject({ message: "ENOSPC: write", code: "ENOSPC" });
});
