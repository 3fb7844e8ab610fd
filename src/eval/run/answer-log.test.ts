import { mkdtempSync, rmSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { type AnswerLine, openAnswerLog, readAnswers } from "./answer-log.ts";

const folder = mkdtempSync(join(tmpdir(), "vireo-answers-"));

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test("a sync that the disk refuses is tried again, and told at the end", async () => {
  const probe = await open(join(folder, "probe"), "w");
  const prototype = Object.getPrototypeOf(probe) as { datasync(): Promise<void> };
  await probe.close();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  const full = Object.assign(new Error("the disk is full"), { code: "ENOSPC" });
  const sync = vi.spyOn(prototype, "datasync").mockRejectedValue(full);
  const path = join(folder, "answers.jsonl");
  const log = await openAnswerLog(path);
  await log.append({ key: "a" } as AnswerLine);
  vi.advanceTimersByTime(1000);
  await log.append({ key: "b" } as AnswerLine);
  expect(sync).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1000);
  await expect(log.close()).rejects.toThrow("the disk is full");
  expect(sync).toHaveBeenCalledTimes(3);
  expect([...(await readAnswers(path)).keys()]).toEqual(["a", "b"]);
  rmSync(folder, { recursive: true });
});
