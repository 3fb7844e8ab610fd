// Needs: ffmpeg.
// `vireo tokens` returns the same counts as /v1/estimate, without an engine.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EstimateBody } from "../../src/protocols/vireo/estimate.ts";
import { setMediaStage } from "../api/media-stage.ts";
import { pdf, tiff } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";

const MAIN = new URL("../../dist/cli/main.js", import.meta.url).pathname;
let folder: string;
let stage: Awaited<ReturnType<typeof setMediaStage>>;
const contents = new Map<string, Buffer>();

beforeAll(async () => {
  stage = await setMediaStage(() => Buffer.alloc(0));
  folder = await mkdtemp(join(tmpdir(), "vireo-tokens-"));
  const gray = { width: 40, height: 30, gray: 9 };
  const create = { width: 900, height: 400, channels: 3 as const, background: "teal" };
  contents.set("a.png", await sharp({ create }).png().toBuffer());
  contents.set("b.pdf", pdf([{ lines: ["one"] }, { box: "0 0 600 200" }, { box: "0 0 200 600" }]));
  contents.set("c.tiff", tiff([gray, gray]));
  contents.set("d.mp4", mp4());
  contents.set("e.txt", Buffer.from("Words <image> and more words."));
  for (const [name, bytes] of contents) await writeFile(join(folder, name), bytes);
  await writeFile(join(folder, "f.bin"), Buffer.from([0, 1, 2, 255]));
});
afterAll(async () => {
  await stage.close();
  await rm(folder, { recursive: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (...args: string[]): Promise<Ran> =>
  new Promise((resolve) => {
    const words = [MAIN, "tokens", "--model", "tiny", "--context", "4096", ...args];
    execFile(process.execPath, words, { cwd: folder }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });

const PARTS: Readonly<Record<string, (url: string) => object>> = {
  "a.png": (url) => ({ type: "image_url", image_url: { url } }),
  "b.pdf": (url) => ({ type: "file", file: { file_data: url, pages: "3,1" } }),
  "c.tiff": (url) => ({ type: "file", file: { file_data: url, pages: "3,1" } }),
  "d.mp4": (url) => ({ type: "video_url", video_url: { url }, num_frames: 5 }),
  "e.txt": (url) => ({ type: "file", file: { file_data: url } }),
};
const TYPES: Readonly<Record<string, string>> = {
  "a.png": "image/png",
  "b.pdf": "application/pdf",
  "c.tiff": "image/tiff",
  "d.mp4": "video/mp4",
  "e.txt": "text/plain",
};

async function estimated(name: string, question: string): Promise<EstimateBody> {
  const url = `data:${TYPES[name]};base64,${contents.get(name)!.toString("base64")}`;
  const content = [PARTS[name]!(url), { type: "text", text: question }];
  const response = await fetch(`${stage.server.url}/v1/estimate`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      model: "nvidia/nemotron-nano-12b-v2-vl",
      messages: [{ role: "user", content }],
      mm_processor_kwargs: { video_pruning_rate: 0.75, max_num_tiles: 6 },
    }),
  });
  return (await response.json()) as EstimateBody;
}

test("the same as /v1/estimate, file by file", async () => {
  const question = "What is it?";
  const options = ["--evs", "0.75", "--frames", "5", "--max-tiles", "6", "-q", question, "--json"];
  const names = ["a.png", "b.pdf", "d.mp4", "e.txt"];
  const { code, out } = await run(...names, "--pages", "3,1", ...options);
  expect(code).toBe(0);
  const lines = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ kind }) => kind)).toEqual(["image", "document", "video", "text"]);
  for (const { file, kind: _, model, ...counted } of lines) {
    const { model: __, ...expected } = await estimated(String(file), question);
    expect(counted).toEqual(expected);
    expect(model).toBe("vireo/tiny");
  }
});

test("a table on stdout, and errors on stderr", async () => {
  const { code, out, err } = await run(...contents.keys(), "f.bin", "g", "--price-prompt", "0.01");
  expect(code).toBe(1);
  expect(err).toMatch(/f\.bin: the file is of no known format; send a PDF, or PNG/);
  expect(err).toMatch(/g: cannot read g: there is no such file/);
  const rows = out.trimEnd().split("\n");
  expect(rows).toHaveLength(7);
  expect(rows[0]).toMatch(/^file +kind +holds +tokens +after EVS +prompt +fits +USD$/);
  expect(rows[2]).toMatch(/^b\.pdf +document +3 of 3 pages +\d+ +\d+ +\d+ +yes +\d/);
  expect(rows[3]).toContain("2 of 2 pages");
  expect(rows.at(-1)).toMatch(/^5 files/);
});

test("headers alone give the same counts, and a range for a video", async () => {
  const whole = await run(...contents.keys(), "--json");
  const { code, out } = await run(...contents.keys(), "--json", "--no-decode");
  expect(code).toBe(0);
  const lines = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as EstimateBody);
  for (const [at, decoded] of lines(whole.out).entries()) {
    const { prompt_tokens_range: range, ...read } = lines(out)[at]!;
    const videos = decoded.videos.map(({ frames_repeated: _, ...video }) => video);
    expect(read).toEqual({ ...decoded, videos });
    expect(range).toEqual(
      videos.length === 0 ? undefined : { least: expect.any(Number), most: decoded.prompt_tokens },
    );
  }
  expect((await run("d.mp4", "--no-decode")).out).toMatch(/ \d+-\d+ +yes$/m);
});

test("how long it will take, once that was measured", async () => {
  const { code, out } = await run("a.png", "e.txt", "--time");
  expect(code).toBe(0);
  expect(out).toMatch(/first token +each more$/m);
  expect(out).toMatch(/^e\.txt .* yes +[\d.]+ m?s +[\d.]+ m?s$/m);
});

test("each page and frame, and files that do not fit", async () => {
  const { out } = await run("b.pdf", "d.mp4", "--each", "--evs", "0.5", "--max-tokens", "4000");
  expect(out).toMatch(/^ {2}page 2 +1250 x 416 +\d x \d tiles/m);
  expect(out).toMatch(/^ {2}frame 0 +0\.00 s +(\d+) +\1$/m);
  expect(out).toMatch(/^ {2}frame 17 +0\.57 s +\d+ +\d+-\d+$/m);
  expect(out).toContain("no, over 4096");
});
