import { expect, test } from "vitest";
import { fromSystemError } from "./system-errors.ts";

const systemError = (code: string) =>
  Object.assign(new Error(`${code}: no, open '/secret/path'`), { code, path: "/secret/path" });

test.each([
  ["ENOSPC", "storage_unavailable", /disk.*full/],
  ["EDQUOT", "storage_unavailable", /quota/],
  ["EROFS", "storage_unavailable", /only be read/],
  ["EACCES", "storage_unavailable", /not allowed/],
  ["EMFILE", "server_busy", /no more open files/],
  ["ENFILE", "server_busy", /no more open files/],
  ["EAGAIN", "server_busy", /no more processes/],
  ["ENOMEM", "server_busy", /no more memory/],
])("%s is %s, in one sentence without the path", (code, known, message) => {
  const error = fromSystemError(systemError(code));
  expect(error).toMatchObject({ code: known, message: expect.stringMatching(message) });
  expect(error?.message).not.toMatch(/secret|\n/);
});

test.each([
  new RangeError("Array buffer allocation failed"),
  new RangeError("WebAssembly.instantiate(): Out of memory: Cannot allocate Wasm memory"),
])("%s is a lack of memory", (error) => {
  expect(fromSystemError(error)).toMatchObject({ code: "server_busy" });
});

test.each([
  new Error("x"),
  new RangeError("x"),
  systemError("ENOENT"),
  "text",
  undefined,
])("%s is something else", (error) => {
  expect(fromSystemError(error)).toBeUndefined();
});
