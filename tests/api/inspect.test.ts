// Inspections of videos and documents: results, refusals and limits.

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/core/log.ts";
import { retainedRows } from "../../src/inputs/media/evs.ts";
import { createApp } from "../../src/server/app.ts";
import { HAS_FFMPEG } from "../fixtures/needs.ts";
import { encryptedPdf, pdf } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { createFakeUpstream, MODEL } from "./fake-upstream.ts";
import { setMediaStage } from "./media-stage.ts";

/** Some tests refuse it before they look at its bytes. */
const CLIP = HAS_FFMPEG ? mp4() : Buffer.alloc(16);

let stage: Awaited<ReturnType<typeof setMediaStage>>;
beforeAll(async () => {
  stage = await setMediaStage(() => CLIP);
});
afterAll(() => stage.close());

interface Frame {
  readonly index: number;
  readonly seconds: number;
  readonly thumbnail: string;
}
interface Answer {
  readonly object: string;
  readonly total_frames: number;
  readonly frames: readonly Frame[];
  readonly frame_tokens: { readonly columns: number; readonly rows: number };
  readonly pruning: { readonly ranks: string; readonly default_rate: number };
  readonly total_pages: number;
  readonly pages: readonly {
    readonly page: number;
    readonly image: string;
    readonly words: readonly { readonly text: string; readonly box: readonly number[] }[];
  }[];
  readonly videos: readonly { readonly tokens: number }[];
  readonly error?: { readonly code: string; readonly message: string; readonly param: string };
}

async function post(path: string, body: object, signal?: AbortSignal) {
  const response = await fetch(`${stage.server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
}

const base64 = (file: Uint8Array): string => Buffer.from(file).toString("base64");
const video = (url: string, rest: object = {}) => ({
  type: "video_url",
  video_url: { url },
  ...rest,
});
const file = (bytes: Uint8Array, rest: object = {}) => ({
  type: "file",
  file: { file_data: `data:application/pdf;base64,${base64(bytes)}`, ...rest },
});
const clip = (rest: object = {}) => video(`data:video/mp4;base64,${base64(CLIP)}`, rest);
const about = (content: readonly object[], rest: object = {}) => ({
  model: MODEL,
  messages: [{ role: "user", content }],
  ...rest,
});
const jpegOf = (url: string): Buffer => Buffer.from(url.replace(/^[^,]*,/, ""), "base64");

describe.skipIf(!HAS_FFMPEG)("a video", () => {
  test("returns frames, with ranks that give the tokens of each rate", async () => {
    const { status, answer } = await post("/v1/inspect/video", about([clip({ num_frames: 5 })]));
    expect(status).toBe(200);
    expect(answer).toMatchObject({ object: "video.inspection", total_frames: 90 });
    expect(answer.frames.map(({ index }) => index)).toEqual([0, 22, 44, 66, 89]);
    const { width, height } = await sharp(jpegOf(answer.frames[0]!.thumbnail)).metadata();
    expect([width, height]).toEqual([96, 64]);
    const bytes = Buffer.from(answer.pruning.ranks, "base64");
    const ranks = Array.from({ length: bytes.length / 4 }, (_, at) => bytes.readUInt32LE(at * 4));
    const { columns, rows } = answer.frame_tokens;
    expect(ranks.length).toBe(5 * columns * rows);
    for (const rate of [0, 0.25, 0.5, 0.75, 0.9]) {
      const least = retainedRows(5, columns * rows, rate);
      const estimate = await post(
        "/v1/estimate",
        about([clip({ num_frames: 5 })], { mm_processor_kwargs: { video_pruning_rate: rate } }),
      );
      expect(ranks.filter((rank) => rank < least)).toHaveLength(estimate.answer.videos[0]!.tokens);
    }
  });

  test("by URL and as a list of frames", async () => {
    const byUrl = await post("/v1/inspect/video", about([video(`${stage.origin}/clip.mp4`)]));
    expect(byUrl.answer.frames).toHaveLength(6);
    const jpeg = jpegOf(byUrl.answer.frames[0]!.thumbnail).toString("base64");
    const listed = await post(
      "/v1/inspect/video",
      about([video(`data:video/jpeg;base64,${jpeg},${jpeg}`)]),
    );
    expect(listed.answer.frames.map(({ index, seconds }) => [index, seconds])).toEqual([
      [0, undefined],
      [1, undefined],
    ]);
  });

  test.each([
    ["no video", () => about([{ type: "text", text: "hm" }]), 400, "missing_required"],
    ["two", () => about([clip(), clip({ num_frames: 2 })]), 413, "too_many_videos"],
    ["a document", () => about([file(pdf([{ lines: ["a"] }]))]), 400, "missing_required"],
    ["nothing in it", () => about([video("data:video/mp4;base64,")]), 400, "invalid_media"],
    ["noise", () => about([video(`data:video/mp4;base64,${"QUJD".repeat(99)}`)]), 415, undefined],
    [
      "a file cut short",
      () => about([video(`data:video/mp4;base64,${base64(mp4().subarray(0, 900))}`)]),
      422,
      "media_undecodable",
    ],
    ["a playlist", () => about([video("data:video/mp4;base64,I0VYVE0zVQo=")]), 415, undefined],
    ["a stretch beyond the end", () => about([clip({ start: 99 })]), 400, "out_of_range"],
    ["a rate of 1", () => about([clip()], rate(1)), 400, "out_of_range"],
    ["another model", () => ({ ...about([clip()]), model: "x" }), 404, "model_not_found"],
    ["no messages", () => ({ model: MODEL }), 400, "missing_required"],
    ["no object", () => [1], 400, "invalid_type"],
  ] as const)("is refused: %s", async (_, body, status, code) => {
    const refused = await post("/v1/inspect/video", body());
    expect(refused.answer.error?.message).toBeTruthy();
    expect(refused.status).toBe(status);
    if (code !== undefined) expect(refused.answer.error?.code).toBe(code);
  });

  test("a client that leaves frees its place", async () => {
    const controller = new AbortController();
    const left = post("/v1/inspect/video", about([clip({ num_frames: 90 })]), controller.signal);
    setTimeout(() => controller.abort(), 150);
    await expect(left).rejects.toThrow(/abort/);
    const { status } = await post("/v1/inspect/video", about([clip({ num_frames: 2 })]));
    expect(status).toBe(200);
  });
});

const rate = (video_pruning_rate: number) => ({ mm_processor_kwargs: { video_pruning_rate } });

describe("a document", () => {
  const pages = Array.from({ length: 12 }, (_, at) => ({ lines: [`page ${at + 1}`] }));

  test("returns page by page", async () => {
    const bytes = pdf(pages);
    const first = await post("/v1/inspect/document", about([file(bytes)]));
    expect(first.answer).toMatchObject({ object: "document.inspection", total_pages: 12 });
    expect(first.answer.pages.map(({ page }) => page)).toEqual([1]);
    const { answer } = await post("/v1/inspect/document", about([file(bytes, { pages: "11-" })]));
    expect(answer.pages.map(({ page }) => page)).toEqual([11, 12]);
    expect(answer.pages[1]?.words.map(({ text }) => text)).toEqual(["page", "12"]);
    const [left = 0, top = 0, right = 0, bottom = 0] = answer.pages[1]?.words[1]?.box ?? [];
    expect(right).toBeGreaterThan(left);
    expect(bottom).toBeGreaterThan(top);
    expect((await sharp(jpegOf(answer.pages[0]!.image)).metadata()).format).toBe("jpeg");
  });

  test.each([
    ["none", () => about([clip()]), 400, "missing_required"],
    ["two", () => about([file(pdf(pages)), file(pdf(pages))]), 413, "too_many_documents"],
    ["too many pages", () => about([file(pdf(pages), { pages: "1-9" })]), 413, "too_many_pages"],
    ["page 13", () => about([file(pdf(pages), { pages: "13" })]), 400, "out_of_range"],
    ["a wrong range", () => about([file(pdf(pages), { pages: "a" })]), 400, "out_of_range"],
    ["locked", () => about([file(encryptedPdf())]), 422, "media_undecodable"],
    ["noise", () => about([file(Buffer.from("%PDF-1.7 no"))]), 422, "media_undecodable"],
    ["a ZIP", () => about([file(Buffer.from("PK\x03\x04"))]), 415, "unsupported_media_type"],
  ] as const)("is refused: %s", async (_, body, status, code) => {
    const refused = await post("/v1/inspect/document", body());
    expect(refused.status).toBe(status);
    expect(refused.answer.error?.code).toBe(code);
  });
});

describe("an upstream without inspection", () => {
  const app = createApp({
    upstream: { ...createFakeUpstream(), capabilities: {} },
    log: silentLog,
  });
  const ask = (path: string) =>
    app.request(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(about([clip()])),
    });

  test.each(["video", "document"])("%s", async (kind) => {
    const response = await ask(`/v1/inspect/${kind}`);
    expect(response.status).toBe(501);
    expect(response.headers.get("x-should-retry")).toBe("false");
    expect(await response.json()).toMatchObject({ error: { code: "not_implemented" } });
  });
});

test.skipIf(!HAS_FFMPEG)(
  "looks count against the limits of their key, and end in time",
  async () => {
    const fake = createFakeUpstream();
    let reason: unknown;
    const endless = (_: unknown, signal?: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        signal?.addEventListener("abort", () => {
          reason = signal.reason;
          reject(signal.reason);
        });
      });
    const upstream = { ...fake, capabilities: { inspect: { video: endless, document: endless } } };
    const keys = {
      find: () => ({ name: "ann", sha256: "", createdUnix: 0, limits: {} }),
      limitsOf: () => ({ requestsPerMinute: 2, concurrentRequests: 1 }),
    };
    const app = createApp({ upstream, log: silentLog, keys, deadlineMs: 200 });
    const ask = () =>
      app.request("/v1/inspect/video", {
        method: "POST",
        headers: { "content-type": "application/json", authorization: "Bearer k" },
        body: JSON.stringify(about([clip()])),
      });
    const [first, second] = [ask(), ask()];
    expect((await second).status).toBe(429);
    expect((await first).status).toBe(504);
    expect(reason).toMatchObject({ code: "request_timeout" });
    expect((await ask()).status).toBe(504);
    expect((await ask()).status).toBe(429);
  },
);
