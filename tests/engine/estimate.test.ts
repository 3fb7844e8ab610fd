// Needs: ffmpeg.
// Ranges of estimates without decoding, and predicted times.

import sharp from "sharp";
import { expect, test } from "vitest";
import type { ContentPart } from "../../src/core/chat.ts";
import type { PromptEstimate } from "../../src/core/estimate.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { ask, requestOf, usingTiny } from "./asking.ts";

const about = (content: readonly ContentPart[], changes = {}) => ({
  ...requestOf("", { maxTokens: 2 }),
  messages: [{ role: "user" as const, content: [...content] }],
  ...changes,
});
const whole = mp4("96x64", 30, 3, " -movflags +faststart -g 10");
const clip = (bytes: Uint8Array): ContentPart => ({ type: "video", bytes });
const frames = ({ videos }: PromptEstimate) => videos[0]!.frames;

test("tokens of each frame after EVS: a range, and exact once the frames are encoded", async () => {
  await usingTiny({}, async (engine) => {
    for (const videoPruningRate of [0.3, 0.75]) {
      const request = about([clip(whole)], { videoPruningRate });
      const before = await engine.estimate(request);
      await ask(engine, request);
      const after = await engine.estimate(request);
      const exact = frames(after).map(({ minTokens, maxTokens }) => {
        expect(minTokens).toBe(maxTokens);
        return minTokens;
      });
      expect(exact.reduce((sum, tokens) => sum + tokens)).toBe(before.videos[0]!.tokens);
      expect(frames(before).some(({ minTokens, maxTokens }) => minTokens < maxTokens)).toBe(true);
      frames(before).forEach(({ minTokens, maxTokens }, at) => {
        expect(exact[at]).toBeGreaterThanOrEqual(minTokens);
        expect(exact[at]).toBeLessThanOrEqual(maxTokens);
      });
    }
  });
});

test("without decoding: the exact count for valid files, a correct range otherwise", async () => {
  const damaged = Buffer.from(whole);
  const tenth = Math.floor(whole.length / 10);
  damaged.fill(0x55, 4 * tenth, 7 * tenth);
  await usingTiny({}, async (engine) => {
    for (const videoPruningRate of [0, 0.75]) {
      for (const bytes of [whole, damaged]) {
        const request = about([clip(bytes)], { videoPruningRate });
        const read = await engine.estimate(request, { decode: false });
        const decoded = await engine.estimate(request);
        const least = read.minPromptTokens ?? Number.NaN;
        expect(decoded.minPromptTokens).toBeUndefined();
        if (bytes === whole) expect(read.promptTokens).toBe(decoded.promptTokens);
        else expect(frames(decoded).length).toBeLessThan(frames(read).length);
        expect(decoded.promptTokens).toBeGreaterThanOrEqual(least);
        expect(decoded.promptTokens).toBeLessThanOrEqual(read.promptTokens);
      }
    }
  });
});

test("without decoding, a damaged picture is counted; with it, refused", async () => {
  const create = { width: 300, height: 200, channels: 3 as const, background: "teal" };
  const png = await sharp({ create }).png({ compressionLevel: 0 }).toBuffer();
  const cut: ContentPart = { type: "image", bytes: png.subarray(0, png.length / 2) };
  await usingTiny({}, async (engine) => {
    await expect(engine.estimate(about([cut]))).rejects.toMatchObject({
      code: "media_undecodable",
    });
    const read = await engine.estimate(about([cut]), { decode: false });
    const sound = await engine.estimate(about([{ type: "image", bytes: png }]));
    expect(read.promptTokens).toBe(sound.promptTokens);
    expect(read.minPromptTokens).toBeUndefined();
    const nothing: ContentPart = { type: "image", bytes: Buffer.from("nothing") };
    await expect(engine.estimate(about([nothing]), { decode: false })).rejects.toMatchObject({
      code: "unsupported_media_type",
    });
  });
});

test("time is predicted from earlier work, and grows with the request", async () => {
  const create = { width: 64, height: 64, channels: 3 as const, background: "teal" };
  const image: ContentPart = { type: "image", bytes: await sharp({ create }).png().toBuffer() };
  const text = (words: number): ContentPart => ({ type: "text", text: "word ".repeat(words) });
  await usingTiny({}, async (engine) => {
    expect((await engine.estimate(about([text(5)]))).predicted).toBeUndefined();
    await ask(engine, about([text(5)], { maxTokens: 6, ignoreEos: true }));
    const short = (await engine.estimate(about([text(5)]))).predicted!;
    const long = (await engine.estimate(about([text(500)]))).predicted!;
    expect(short.firstTokenMs).toBeGreaterThan(0);
    expect(short.tokenMs).toBeGreaterThan(0);
    expect(long.firstTokenMs).toBeGreaterThan(20 * short.firstTokenMs);
    expect((await engine.estimate(about([image]))).predicted).toBeUndefined();
    await ask(engine, about([image]));
    expect((await engine.estimate(about([image]))).predicted).toBeDefined();
  });
});
