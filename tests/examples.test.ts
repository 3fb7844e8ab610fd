import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { HAS_FFMPEG } from "./fixtures/needs.ts";
import { mp4 } from "./fixtures/video-files.ts";

// They import "vireo" as a user does: from dist/, through the exports of package.json.
const ROOT = new URL("..", import.meta.url).pathname;
const run = promisify(execFile);

let dir: string;
let model: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "vireo-examples-"));
  model = join(dir, "tiny"); // packed weights are kept beside it
  await cp(join(ROOT, "models/tiny"), model, { recursive: true });
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const example = (name: string) => join(ROOT, "examples", name);

test("chat.mjs gives the same answer twice", async () => {
  const args = [example("chat.mjs"), "Hello", model];
  const [first, second] = [
    await run(process.execPath, args, { cwd: dir }),
    await run(process.execPath, args, { cwd: dir }),
  ];
  expect(first.stdout).toMatch(/^[\s\S]+\n\(\d+ prompt tokens, \d+ generated\)\n$/);
  expect(second.stdout).toBe(first.stdout);
  expect(first.stderr).toBe("");
});

test("image.mjs describes a picture and refuses other files", async () => {
  const [picture, text] = [join(dir, "picture.png"), join(dir, "text.png")];
  const grey = { create: { width: 90, height: 60, channels: 3 as const, background: "grey" } };
  await sharp(grey).png().toFile(picture);
  await writeFile(text, "not a picture");
  const { stdout } = await run(process.execPath, [example("image.mjs"), picture, "What?", model]);
  expect(stdout).toMatch(/^\(the picture takes \d+ tokens\)\n[\s\S]*\n$/);
  await expect(
    run(process.execPath, [example("image.mjs"), text, "What?", model]),
  ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^\w*media\w*: /) });
});

test.skipIf(!HAS_FFMPEG)("video.mjs describes a video and refuses other files", async () => {
  const [video, text] = [join(dir, "clip.mp4"), join(dir, "text.mp4")];
  await writeFile(video, mp4());
  await writeFile(text, "not a video");
  const { stdout } = await run(process.execPath, [example("video.mjs"), video, "What?", model]);
  expect(stdout).toMatch(/^\(6 frames, \d+ of \d+ tokens\)\n[\s\S]*\n$/);
  await expect(
    run(process.execPath, [example("video.mjs"), text, "What?", model]),
  ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^\w*media\w*: /) });
});

test("structured.mjs gets JSON of its schema", async () => {
  const { stdout } = await run(process.execPath, [example("structured.mjs"), model]);
  expect(stdout).toMatch(/mood: '(calm|stormy)',\s+stars: [1-5],\s+things: \[/);
});

test("tools.mjs has its function called", async () => {
  const { stdout } = await run(process.execPath, [example("tools.mjs"), model]);
  expect(stdout).toMatch(/^get_weather\((oslo|lima)\) → (rain|sun)/);
});

test("server.mjs answers, and stops on a signal", async () => {
  const child = spawn(process.execPath, [example("server.mjs"), model, "0"]);
  try {
    const url = /http:\S+/.exec(await firstLine(child))?.[0];
    const response = await fetch(`${url}/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: JSON.stringify({
        model: "tiny",
        messages: [{ role: "user", content: "Hello" }],
        max_tokens: 4,
      }),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ object: "chat.completion" });
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  } finally {
    child.kill("SIGKILL");
  }
});

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
}
