// Needs: ffmpeg.
// `vireo video` as a user runs it.

import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mp4 } from "../fixtures/video-files.ts";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
const SMALL = ["--model", "tiny", "--no-cache", "--max-tokens", "5"];
let folder: string;
let clip: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "vireo-watch-"));
  clip = join(folder, "clip.mp4");
  await writeFile(clip, mp4("64x64", 10, 5));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const video = (...args: string[]) =>
  promisify(execFile)(process.execPath, [MAIN, "video", clip, ...args, ...SMALL]);

test("captions go to a file, in the format of its ending and with times", async () => {
  const out = join(folder, "clip.vtt");
  const { stdout } = await video("--captions", "--window", "2", "--out", out);
  expect(stdout).toBe("");
  const text = await readFile(out, "utf8");
  expect(text).toMatch(/^WEBVTT\n\n00:00:00\.000 --> 00:00:0[245]\.000\n/);
  expect(text).toContain(" --> 00:00:05.000\n");
  expect(await readdir(folder)).toEqual(["clip.mp4", "clip.vtt"]);
});

test("a question is answered on stdout", async () => {
  const { stdout, stderr } = await video("What happens?", "--window", "3", "--evs", "0.5");
  expect(stdout.trim()).not.toBe("");
  expect(stderr).toContain("kernels");
});

test.each([
  [["--captions", "What happens?"], "needs a question, --captions or --chapters"],
  [[], "needs a question, --captions or --chapters"],
  [["--captions", "--window", "0"], "must be above 0"],
  [["--captions", "--out", "/nowhere/at.srt"], "cannot write /nowhere/at.srt"],
])("%j is refused with what to do", async (args, text) => {
  await expect(video(...args)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining(text),
  });
});
