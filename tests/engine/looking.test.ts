// Needs: ffmpeg.
// An inspection of videos and documents shows exactly what the model sees.

import sharp from "sharp";
import { beforeAll, expect, test, vi } from "vitest";
import { openBackend } from "../../src/backends/open.ts";
import type { ChatRequest, ContentPart, DocumentPart, VideoPart } from "../../src/core/chat.ts";
import { LIMITS } from "../../src/core/limits.ts";
import { dissimilarity, retainedRows } from "../../src/inputs/media/evs.ts";
import { MediaEmbedding } from "../../src/inputs/media/media-embedding.ts";
import { TileEncoder } from "../../src/inputs/media/tile-encoder.ts";
import { readModelConfig } from "../../src/model/config.ts";
import { openCheckpointFiles } from "../../src/weights/safetensors.ts";
import { pdf, tiff } from "../fixtures/pdf-files.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { ask, requestOf, TINY, usingTiny } from "./asking.ts";

const RATES = [0, 0.25, 0.5, 0.75, 0.9];
let clip: VideoPart;
beforeAll(() => {
  clip = { type: "video", bytes: mp4("96x64", 30, 3) };
});

const about = (parts: readonly ContentPart[], changes: Partial<ChatRequest> = {}): ChatRequest =>
  requestOf("", {
    messages: [{ role: "user", content: [...parts, { type: "text", text: "What happens?" }] }],
    maxTokens: 3,
    ...changes,
  });

test("a video has a thumbnail and a time for each frame, and ranks for each token", async () => {
  await usingTiny({}, async (engine) => {
    const look = await engine.inspector.video(about([clip], { videoSampling: { maxFrames: 4 } }));
    expect(look).toMatchObject({ width: 96, height: 64, fps: 30, totalFrames: 90 });
    const [estimate] = (await engine.estimate(about([clip], { videoSampling: { maxFrames: 4 } })))
      .videos;
    expect(look.frames.map(({ jpeg: _, ...frame }) => frame)).toEqual(
      estimate?.frames.map(({ index, seconds }) => ({ index, seconds })),
    );
    const { width, height, format } = await sharp(look.frames[1]?.jpeg).metadata();
    expect({ width, height, format }).toEqual({ width: 96, height: 64, format: "jpeg" });
    const perFrame = look.columns * look.rows;
    expect(look.ranks.length).toBe(4 * perFrame);
    expect([...look.ranks].sort((a, b) => a - b)).toEqual([...look.ranks.keys()]);
    expect(Math.max(...look.ranks.subarray(0, perFrame))).toBe(perFrame - 1);
  });
});

test("ranks give the rows that an embedding keeps at that rate", async () => {
  const config = await readModelConfig(await openCheckpointFiles(TINY));
  const { tokensPerTile } = config.vision;
  const { hidden } = config.text;
  let state = 1;
  const random = () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  const places = Array.from({ length: 5 }, () => {
    return { image: { rgb: new Uint8Array(0), width: 0, height: 0 }, left: 0, top: 0 };
  });
  const frames = places.map(() => {
    // few values, so that there are ties and frames that stand still
    return Float32Array.from({ length: tokensPerTile * hidden }, (_, at) => {
      return at % 3 === 0 ? Math.round(random()) : 1;
    });
  });
  frames[3] = frames[2]!;
  const backend = await openBackend("reference");
  const all = Float32Array.from(frames.flatMap((rows) => [...rows]));
  const differences = await dissimilarity(backend, {
    rows: all,
    frames: frames.length,
    tokens: tokensPerTile,
  });
  await backend.close();
  const encoded = (pruningRate: number): MediaEmbedding => {
    const embedding = MediaEmbedding.of(config, { key: `${pruningRate}`, places, pruningRate });
    frames.forEach((rows, at) => {
      embedding.accept(rows, differences.subarray(at * tokensPerTile, (at + 1) * tokensPerTile));
    });
    return embedding;
  };
  const whole = encoded(0);
  const ranks = whole.ranks();
  for (const rate of RATES) {
    const count = retainedRows(5, tokensPerTile, rate);
    const byRank = frames.flatMap((rows, frame) =>
      Array.from({ length: tokensPerTile }, (_, row) => row)
        .filter((row) => ranks[frame * tokensPerTile + row]! < count)
        .flatMap((row) => [...rows.subarray(row * hidden, (row + 1) * hidden)]),
    );
    const copied = MediaEmbedding.pruned(whole, { key: "c", pruningRate: rate });
    for (const embedding of [encoded(rate), copied]) {
      expect(embedding.tokens).toBe(count);
      expect(embedding.done).toBe(true);
      const kept = embedding.rows(0, count).flatMap(([, values]) => [...values]);
      expect(kept).toEqual(byRank);
      expect(embedding.tileTokens?.reduce((sum, tokens) => sum + tokens, 0)).toBe(count);
      expect(embedding.ranks()).toEqual(ranks);
    }
  }
});

test("after an inspection, questions encode nothing and have the same answers", async () => {
  const slices = vi.spyOn(TileEncoder.prototype, "advance");
  const answers = (rates: readonly number[], looks: boolean) =>
    usingTiny({ maxPrefixes: 0 }, async (engine) => {
      if (looks) await engine.inspector.video(about([clip]));
      slices.mockClear();
      const said: unknown[] = [];
      for (const rate of rates) {
        const { ids, usage } = await ask(engine, about([clip], { videoPruningRate: rate }));
        said.push([ids, usage.videoTokens]);
      }
      if (looks) expect(slices).not.toHaveBeenCalled();
      return said;
    });
  const apart = [];
  for (const rate of RATES) apart.push(...(await answers([rate], false)));
  expect(await answers(RATES, true)).toEqual(apart);
  await usingTiny({}, async (engine) => {
    await ask(engine, about([clip], { videoPruningRate: 0.75 }));
    slices.mockClear();
    await engine.inspector.video(about([clip]));
    expect(slices).not.toHaveBeenCalled();
  });
  slices.mockRestore();
});

test("an inspection beside a question does not change its answer", async () => {
  await usingTiny({ maxPrefixes: 0 }, async (engine) => {
    const alone = await ask(engine, about([clip]));
    const other: VideoPart = { type: "video", bytes: mp4("64x64", 10, 2) };
    const [beside, look] = await Promise.all([
      ask(engine, about([clip], { videoPruningRate: 0.5 })),
      engine.inspector.video(about([other])),
      engine.inspector.video(about([other])),
    ]);
    expect(beside.usage.videoTokens).toBeLessThan(alone.usage.videoTokens);
    expect(look.frames.length).toBeGreaterThan(1);
  });
});

test("an aborted inspection ends, and the engine can close during one", async () => {
  const controller = new AbortController();
  const reason = new Error("gone");
  await usingTiny({}, async (engine) => {
    const look = engine.inspector.video(about([clip]), controller.signal);
    controller.abort(reason);
    await expect(look).rejects.toBe(reason);
    expect((await ask(engine, about([clip]))).usage.completionTokens).toBe(3);
    const late = engine.inspector.video(about([{ type: "video", bytes: mp4("64x64", 10, 2) }]));
    await Promise.all([expect(late).rejects.toThrow(/clos/), engine.close()]);
  });
});

test("one video and one document at a time", async () => {
  await usingTiny({}, async (engine) => {
    const none = engine.inspector.video(about([]));
    await expect(none).rejects.toMatchObject({ code: "missing_required", param: "messages" });
    const two = engine.inspector.video(about([clip, clip]));
    await expect(two).rejects.toMatchObject({ code: "too_many_videos" });
    await expect(engine.inspector.document(about([clip]))).rejects.toThrow(/hold 0 documents/);
  });
});

test("pages of a document come in a bounded size, with the words of the file", async () => {
  const bytes = pdf([{ lines: ["first words"] }, { lines: ["second"], box: "0 0 600 200" }]);
  const part: DocumentPart = { type: "document", bytes };
  await usingTiny({}, async (engine) => {
    const first = await engine.inspector.document(about([part]));
    expect(first.totalPages).toBe(2);
    expect(first.pages.map(({ number }) => number)).toEqual([1]);
    expect(first.pages[0]?.words.map(({ text }) => text)).toEqual(["first", "words"]);
    const both = await engine.inspector.document(about([{ ...part, pages: "2,1", dpi: 600 }]));
    expect(both.pages.map(({ number }) => number)).toEqual([2, 1]);
    for (const { jpeg } of both.pages) {
      const { width, height } = await sharp(jpeg).metadata();
      expect(Math.max(width, height)).toBe(LIMITS.inspection.pagePx);
    }
    const frames = tiff(Array(9).fill({ width: 40, height: 30, gray: 90 }));
    const pictures: DocumentPart = { type: "document", bytes: frames, pages: "2-3" };
    const drawn = await engine.inspector.document(about([pictures]));
    expect(drawn.totalPages).toBe(9);
    expect(await sharp(drawn.pages[1]?.jpeg).metadata()).toMatchObject({ width: 40, height: 30 });
    const all = engine.inspector.document(about([{ ...pictures, pages: "1-9" }]));
    await expect(all).rejects.toMatchObject({ code: "too_many_pages" });
  });
});
