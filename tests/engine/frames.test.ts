// Repeated frames are encoded once, and encoding starts before the last frame is decoded.

import sharp from "sharp";
import { afterEach, expect, test, vi } from "vitest";
import type { ChatRequest, VideoPart, VideoSampling } from "../../src/core/chat.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { MediaEmbedding } from "../../src/inputs/media/media-embedding.ts";
import { RepeatFinder } from "../../src/media/repeats.ts";
import type { RgbImage } from "../../src/media/rgb-image.ts";
import type { VideoDecoder, VideoFrame } from "../../src/media/video-decoder.ts";
import { ask, requestOf, usingTiny } from "./asking.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

async function filmOf(greys: readonly number[]): Promise<VideoPart> {
  const frames = greys.map((v) => {
    const create = {
      width: 40,
      height: 30,
      channels: 3,
      background: { r: v, g: v, b: v },
    } as const;
    return sharp({ create }).png().toBuffer();
  });
  return { type: "video", bytes: new Uint8Array(), frames: await Promise.all(frames) };
}

const about = (video: VideoPart, changes: Partial<ChatRequest> = {}): ChatRequest =>
  requestOf("", {
    messages: [{ role: "user", content: [video, { type: "text", text: "What happens?" }] }],
    maxTokens: 4,
    ...changes,
  });

/** Frames that were encoded for an answer, its tokens, and what the estimate says of repeats. */
async function answer(video: VideoPart, videoSampling: VideoSampling = {}, pruningRate = 0) {
  const encoded = vi.spyOn(MediaEmbedding.prototype, "nextPixels");
  return await usingTiny({ maxPrefixes: 0 }, async (engine) => {
    const request = about(video, { videoSampling, videoPruningRate: pruningRate });
    encoded.mockClear();
    const { ids } = await ask(engine, request);
    const calls = encoded.mock.calls.length;
    const { videos } = await engine.estimate(request);
    return { ids, calls, repeats: videos[0]?.repeats };
  });
}

test.each([0, 0.5])("equal frames are encoded once and change nothing, rate %s", async (rate) => {
  const video = await filmOf([40, 200, 200, 40, 90, 200]);
  const once = await answer(video, {}, rate);
  vi.spyOn(RepeatFinder.prototype, "find").mockImplementation((frame) => frame);
  const each = await answer(video, {}, rate);
  expect(once).toEqual({ ids: each.ids, calls: 3, repeats: 3 });
  expect(each.calls).toBe(6);
});

test("tiles and frames that are encoded together have the same rows", async () => {
  const video = await filmOf([40, 200, 200, 90, 120, 10, 60]);
  const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
  const create = { width: 300, height: 200, channels: 3 as const, noise };
  const bytes = await sharp({ create: { ...create, background: "black" } })
    .png()
    .toBuffer();
  const messages = [{ role: "user", content: [{ type: "image", bytes }] }] as const;
  const rows = () =>
    usingTiny({ maxPrefixes: 0 }, async (engine) => {
      const { ranks } = await engine.inspector.video(about(video));
      const { ids } = await ask(engine, requestOf("", { messages, maxTokens: 6 }));
      return { ranks, ids };
    });
  const together = vi.spyOn(MediaEmbedding.prototype, "tilesAtOnce");
  const pairs = await rows();
  expect(together.mock.results.filter(({ value }) => value === 2).length).toBeGreaterThan(4);
  together.mockImplementation(() => 1);
  expect(await rows()).toEqual(pairs);
});

test("nearly equal frames are encoded once only on request", async () => {
  const video = await filmOf([40, 41, 42, 200]);
  expect(await answer(video)).toMatchObject({ calls: 4, repeats: 0 });
  expect(await answer(video, { repeatBelow: 1.5 })).toMatchObject({ calls: 3, repeats: 1 });
  expect(await answer(video, { repeatBelow: 3 })).toMatchObject({ calls: 2, repeats: 2 });
});

/** Makes two frames; the second one when `between` has resolved. */
function decoderOf(between: () => Promise<void>, planned = 2): VideoDecoder {
  return {
    async plan() {
      const frames = [0, 1].map((index) => ({ index, timeSeconds: index }));
      return { width: 64, height: 64, fps: 1, total: 2, durationSeconds: 2, frames };
    },
    async decode(_, { take, onPlan }) {
      onPlan?.(planned);
      const frames: VideoFrame[] = [];
      for (const index of [0, 1]) {
        if (index === 1) await between();
        const rgb = new Uint8Array(64 * 64 * 3).fill(90 * index + 20);
        const image: RgbImage = await take({ rgb, width: 64, height: 64 });
        frames.push({ index, timeSeconds: index, image });
      }
      return { width: 64, height: 64, fps: 1, total: 2, durationSeconds: 2, frames };
    },
  };
}

const film: VideoPart = { type: "video", bytes: Uint8Array.of(1) };

test("a frame is encoded while the next one is still being decoded", async () => {
  const accept = vi.spyOn(MediaEmbedding.prototype, "accept");
  // for ever, if nobody begins before the end
  const decoder = decoderOf(() => vi.waitFor(() => expect(accept).toHaveBeenCalled(), 10_000));
  const ahead = await usingTiny({ maxPrefixes: 0, video: { decoder } }, (engine) => {
    return ask(engine, about(film));
  });
  const plain = await usingTiny(
    { maxPrefixes: 0, video: { decoder: decoderOf(async () => {}) } },
    (engine) => ask(engine, about(film)),
  );
  expect(ahead.ids).toEqual(plain.ids);
});

test("a video that is aborted while decoding leaves nothing to encode", async () => {
  const gone = new AbortController();
  const decoder = decoderOf(async () => {
    gone.abort(new Error("gone"));
    throw gone.signal.reason;
  });
  await usingTiny({ video: { decoder } }, async (engine) => {
    await expect(ask(engine, about(film), gone.signal)).rejects.toThrow("gone");
    expect(engine.stats).toMatchObject({ running: 0, waiting: 0 });
    const { usage } = await ask(engine, requestOf("And now?", { maxTokens: 2 }));
    expect(usage.completionTokens).toBe(2);
  });
});

test("a video that can never fit is refused before the first frame is decoded", async () => {
  const between = vi.fn(async () => {});
  const decoder = decoderOf(between, LIMITS.video.sampledFrames);
  await usingTiny({ contextTokens: 256, video: { decoder } }, async (engine) => {
    const work = ask(engine, about(film));
    await expect(work).rejects.toMatchObject({ code: "context_length_exceeded" });
    expect(between).not.toHaveBeenCalled();
  });
});
