// Needs: ffmpeg.
// Videos through every protocol that supports them: estimates equal the billed tokens.

import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Listening } from "../../src/server/listen.ts";
import { FILES, mp4 } from "../fixtures/video-files.ts";
import { MODEL } from "./fake-upstream.ts";
import { setMediaStage } from "./media-stage.ts";

let stage: Awaited<ReturnType<typeof setMediaStage>>;
let server: Listening;
let origin: string;

beforeAll(async () => {
  stage = await setMediaStage(() => mp4());
  ({ server, origin } = stage);
});
afterAll(() => stage.close());

interface Answer {
  readonly usage: {
    readonly prompt_tokens: number;
    readonly prompt_tokens_details: Readonly<Record<string, number>>;
  };
  readonly prompt_tokens: number;
  readonly prompt_tokens_details: Readonly<Record<string, number>>;
  readonly videos: readonly {
    readonly fps: number;
    readonly frames: { total: number; sampled: { index: number; seconds: number }[] };
    readonly tokens: number;
    readonly tokens_unpruned: number;
    readonly pruning_rate: number;
  }[];
}

async function post(path: string, body: object, headers: object = {}) {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Answer & { error?: { message: string } };
  expect(answer.error?.message).toBeUndefined();
  return { answer, headers: response.headers };
}

const dataUrl = (file: Uint8Array, type = "video/mp4"): string =>
  `data:${type};base64,${Buffer.from(file).toString("base64")}`;
const video = (url: string, rest: object = {}) => ({
  type: "video_url",
  video_url: { url },
  ...rest,
});
const text = (words: string) => ({ type: "text", text: words });
const chat = (content: readonly object[], changes: object = {}): object => ({
  model: MODEL,
  messages: [{ role: "user", content }],
  max_tokens: 2,
  ...changes,
});

/** Estimates and then asks; both must give the same counts. */
async function billed(body: object): Promise<Answer> {
  const estimate = (await post("/v1/estimate", body)).answer;
  const { usage } = (await post("/v1/chat/completions", body)).answer;
  expect(usage.prompt_tokens).toBe(estimate.prompt_tokens);
  for (const kind of ["video_tokens", "image_tokens"]) {
    expect(usage.prompt_tokens_details[kind]).toBe(estimate.prompt_tokens_details[kind]);
  }
  return estimate;
}

describe("chat completions", () => {
  test.each(Object.entries(FILES))("%s", async (_, make) => {
    const { videos, prompt_tokens_details } = await billed(
      chat([video(dataUrl(make())), text("?")]),
    );
    expect(videos[0]?.frames.sampled).toHaveLength(6);
    expect(prompt_tokens_details.video_tokens).toBe(videos[0]?.tokens);
  });

  test("by URL, as a list of frames, with images, pruned and sampled", async () => {
    const create = { width: 50, height: 50, channels: 3 as const, background: "blue" };
    const jpeg = (await sharp({ create }).jpeg().toBuffer()).toString("base64");
    const image = { type: "image_url", image_url: { url: `data:image/jpeg;base64,${jpeg}` } };
    const listed = video(`data:video/jpeg;base64,${jpeg},${jpeg},${jpeg}`);
    const file = video(`${origin}/clip.mp4`);
    const parts = [[file], [listed], [image, file], [file, listed, image, image]];
    const tools = [{ type: "function", function: { name: "f", parameters: {} } }];
    const seen = new Set<number>();
    for (const [index, content] of parts.entries()) {
      for (const rate of [0, 0.25, 0.5, 0.75, 0.95]) {
        for (const num_frames of [1, 2, 5, 128]) {
          const { prompt_tokens } = await billed(
            chat([...content, text("What is <video> this?")], {
              mm_processor_kwargs: { video_pruning_rate: rate },
              media_io_kwargs: { video: { num_frames } },
              ...(index % 2 === 0 ? { tools } : {}),
            }),
          );
          seen.add(prompt_tokens);
        }
      }
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  test("frames are named with their times", async () => {
    const { videos } = await billed(chat([video(dataUrl(mp4()), { start: 1, fps: 1 }), text("?")]));
    expect(videos).toMatchObject([{ fps: 30, frames: { total: 90 }, pruning_rate: 0 }]);
    const { sampled } = videos[0]!.frames;
    expect(sampled).toEqual([
      { index: 30, seconds: 1, tokens: { least: 4, most: 4 } },
      { index: 89, seconds: 89 / 30, tokens: { least: 4, most: 4 } },
    ]);
  });

  test("requested reasoning is performed, with a warning", async () => {
    const body = chat([video(dataUrl(mp4())), text("/think What is it?")]);
    const { headers } = await post("/v1/chat/completions", body);
    expect(headers.get("x-warnings")).toBe("reasoning_with_video");
    expect(headers.get("x-ignored-params")).toBeNull();
  });
});

test("responses", async () => {
  const content = [
    { type: "input_video", video_url: dataUrl(mp4()), num_frames: 3 },
    { type: "input_text", text: "What is it?" },
  ];
  const body = { model: MODEL, max_output_tokens: 2, input: [{ role: "user", content }] };
  const { answer } = await post("/v1/responses", body);
  const { usage } = answer as unknown as {
    usage: { input_tokens: number; input_tokens_details: { video_tokens: number } };
  };
  const same = chat([video(dataUrl(mp4()), { num_frames: 3 }), text("What is it?")]);
  const estimate = (await post("/v1/estimate", same)).answer;
  expect(usage.input_tokens).toBe(estimate.prompt_tokens);
  expect(usage.input_tokens_details.video_tokens).toBe(estimate.prompt_tokens_details.video_tokens);
});

test("the AI SDK's files", async () => {
  const data = mp4().toString("base64");
  const content = [{ type: "file", mediaType: "video/mp4", data }, text("What is it?")];
  const body = { prompt: [{ role: "user", content }], maxOutputTokens: 2 };
  const headers = {
    "ai-language-model-id": MODEL,
    "ai-language-model-specification-version": "3",
    "ai-language-model-streaming": "false",
  };
  const { answer } = await post("/v3/ai/language-model", body, headers);
  const estimate = (await post("/v1/estimate", chat([video(dataUrl(mp4())), text("What is it?")])))
    .answer;
  expect(JSON.stringify(answer.usage)).toContain(String(estimate.prompt_tokens));
});
