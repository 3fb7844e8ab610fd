// Needs: ffmpeg.
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import type { ChatRequest, ContentPart, VideoPart } from "../../src/core/chat.ts";
import { retainedRows } from "../../src/inputs/media/evs.ts";
import { openTextFiles } from "../../src/inputs/text-files.ts";
import { frameLabel } from "../../src/media/frames.ts";
import { readModelConfig } from "../../src/model/config.ts";
import type { Engine } from "../../src/runtime/engine.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";
import { openCheckpointFiles } from "../../src/weights/safetensors.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { ask, requestOf, TINY, usingTiny } from "./asking.ts";

/** Rows of a frame in models/tiny. */
let perFrame: number;
let clip: VideoPart;
let other: VideoPart;
let picture: ContentPart;

beforeAll(async () => {
  const config = await readModelConfig(await openCheckpointFiles(TINY));
  perFrame = config.vision.tokensPerTile;
  clip = { type: "video", bytes: mp4("96x64", 30, 3) };
  other = { type: "video", bytes: mp4("64x64", 10, 2) };
  const create = { width: 90, height: 90, channels: 3, background: "red" } as const;
  picture = { type: "image", bytes: await sharp({ create }).png().toBuffer() };
});

const about = (
  parts: readonly ContentPart[],
  changes: Partial<ChatRequest> = {},
  text = "What happens?",
): ChatRequest =>
  requestOf("", {
    messages: [{ role: "user", content: [...parts, { type: "text", text }] }],
    ...changes,
  });

/** The text of the prompt, with a mark for each row. */
async function promptOf(engine: Engine, request: ChatRequest) {
  const estimate = await engine.estimate(request);
  const { usage } = await ask(engine, { ...request, maxTokens: 1 });
  expect(usage.promptTokens).toBe(estimate.promptTokens);
  expect(usage.imageTokens).toBe(estimate.imageTokens);
  expect(usage.videoTokens).toBe(estimate.videoTokens);
  return estimate;
}

/** Tokens of a prompt, each of its texts tokenised by itself. */
async function tokensOf(texts: readonly string[]): Promise<number> {
  const { tokenizer } = await openTextFiles(TINY);
  return texts.reduce((sum, text) => sum + tokenizer.encodeText(text).length, 0);
}

const SAMPLED = [0, 17, 35, 53, 71, 89];
const SHOWN = SAMPLED.map((index) => index / 30);
const TRUNCATED = SAMPLED.map((index) => (index * 33) / 1000);

describe("a prompt with a video", () => {
  test.each([
    ["training", ["This is a video:\n", ...Array(5).fill("\n")]],
    ["tensorrt", ["This is a video:\n"]],
    ["vllm", Array(5).fill("\n")],
    ["sglang", []],
  ] as const)("glued as in %s", async (glue, texts) => {
    await usingTiny({ video: { glue } }, async (engine) => {
      const bare = await engine.estimate(about([]));
      const { promptTokens, videoTokens, videos } = await promptOf(engine, about([clip]));
      expect(videoTokens).toBe(6 * perFrame);
      // without a video the turn is one text; with it, the template's "\n" begins the second
      const turn = await tokensOf(["User\nWhat happens?\n"]);
      const divided = await tokensOf(["User\n", "\nWhat happens?\n"]);
      const told = glue === "training" ? SHOWN : TRUNCATED;
      const labels = told.map((seconds, frame) => frameLabel(frame, seconds));
      const said = await tokensOf([...texts, ...labels]);
      const frames = said + 6 * (perFrame + 2);
      expect(promptTokens).toBe(bare.promptTokens - turn + divided + frames);
      const file = { width: 96, height: 64, fps: 30, totalFrames: 90, durationSeconds: 3 };
      expect(videos[0]).toMatchObject(file);
      expect(videos[0]?.frames.map(({ seconds }) => seconds)).toEqual(SHOWN);
    });
  });

  test("of frames without times", async () => {
    const frames = await Promise.all(
      ["red", "green", "blue"].map((background) =>
        sharp({ create: { width: 40, height: 30, channels: 3, background } })
          .jpeg()
          .toBuffer(),
      ),
    );
    const listed: VideoPart = { type: "video", bytes: new Uint8Array(), frames };
    const damaged = { ...listed, frames: [frames[0]!, Buffer.from("x"), frames[2]!] };
    const nothing = { ...listed, frames: [Buffer.from("x")] };
    const kept = { minTokens: perFrame, maxTokens: perFrame };
    await usingTiny({}, async (engine) => {
      const whole = await promptOf(engine, about([listed]));
      expect(whole.videos[0]).toEqual({
        width: 40,
        height: 30,
        totalFrames: 3,
        frames: [0, 1, 2].map((index) => ({ index, ...kept })),
        tokensUnpruned: 3 * perFrame,
        tokens: 3 * perFrame,
        pruningRate: 0,
        repeats: 0,
      });
      const rest = await promptOf(engine, about([damaged]));
      expect(rest.videos[0]?.frames).toEqual([
        { index: 0, ...kept },
        { index: 2, ...kept },
      ]);
      const wrong = engine.estimate(about([nothing]));
      await expect(wrong).rejects.toMatchObject({ code: "unsupported_media_type" });
      const few = await engine.estimate(about([listed], { videoSampling: { maxFrames: 2 } }));
      expect(few.videos[0]?.frames.map(({ index }) => index)).toEqual([0, 2]);
    });
  });

  test("requests ask for less than the engine allows, never for more", async () => {
    await usingTiny({ video: { fps: 2, maxFrames: 5 } }, async (engine) => {
      const framesOf = async (videoSampling: ChatRequest["videoSampling"], part = clip) => {
        const changes = videoSampling === undefined ? {} : { videoSampling };
        const { videos } = await engine.estimate(about([part], changes));
        return videos[0]?.frames.map(({ index }) => index);
      };
      const most = [0, 22, 44, 66, 89];
      expect(await framesOf(undefined)).toEqual(most);
      expect(await framesOf({ fps: 30, maxFrames: 1000 })).toEqual(most);
      expect(await framesOf({ fps: 1 })).toEqual([0, 44, 89]);
      expect(await framesOf({ maxFrames: 2 })).toEqual([0, 89]);
      expect(await framesOf({ startSeconds: 1, endSeconds: 2 })).toEqual([30, 60]);
      const ofPart = { ...clip, sampling: { maxFrames: 3 } };
      expect(await framesOf({ maxFrames: 2, fps: 1 }, ofPart)).toEqual([0, 44, 89]);
    });
  });

  test.each([
    [{ fps: -1 }, /video fps is -1/],
    [{ maxFrames: 0 }, /video maxFrames is 0/],
    [{ maxFrames: 5000 }, /from 1 to 1024/],
    [{ pruningRate: 1 }, /below 1/],
    [{ glue: "none" as never }, /one of training, tensorrt/],
  ])("an engine is not opened with %j", async (video, message) => {
    const opened = usingTiny({ video }, async () => {});
    await expect(opened).rejects.toMatchObject({ code: "invalid_option", message });
  });

  test("reasons only on request", async () => {
    await usingTiny({}, async (engine) => {
      for (const enabled of [true, false]) {
        const changes = { reasoning: { enabled }, maxTokens: 4 };
        const { reasoning, usage } = await ask(engine, about([clip], changes));
        expect([reasoning !== "", usage.reasoningTokens > 0]).toEqual([enabled, enabled]);
      }
    });
  });
});

describe.each([0.3, 0.5, 0.75, 0.9])("pruned at %f", (videoPruningRate) => {
  const kept = (frames: number) => retainedRows(frames, perFrame, videoPruningRate);

  test("is answered with as many tokens as estimated", async () => {
    await usingTiny({}, async (engine) => {
      const whole = await engine.estimate(about([clip]));
      const pruned = await promptOf(engine, about([clip], { videoPruningRate }));
      expect(pruned.videoTokens).toBe(kept(6));
      expect(pruned.promptTokens).toBe(whole.promptTokens - 6 * perFrame + kept(6));
      const both = about([clip, picture, other], { videoPruningRate });
      const { videoTokens, videos, imageTokens } = await promptOf(engine, both);
      expect(videos.map(({ tokens }) => tokens)).toEqual([kept(6), kept(4)]);
      expect(videoTokens).toBe(kept(6) + kept(4));
      expect(imageTokens).toBeGreaterThan(0);
    });
  });
});

describe("the same tokens beside any other work", () => {
  const long = "How the river came to run uphill, and what the miller said. ".repeat(4);
  const requests = (): ChatRequest[] => [
    ...[0, 0.5, 0.75].map((videoPruningRate) =>
      about([clip], { videoPruningRate }, `What happens at ${videoPruningRate}?`),
    ),
    about([other, picture, clip], { videoPruningRate: 0.6 }, long),
    about([picture, other], { videoPruningRate: 0 }, long),
  ];
  let expected: (readonly number[])[];

  beforeAll(async () => {
    expected = [];
    for (const request of requests()) {
      const answer = await usingTiny({ threads: 1, maxPrefixes: 0 }, (e) => ask(e, request));
      expected.push(answer.ids);
    }
  });

  test("most answers differ from each other", () => {
    for (const ids of expected) expect(ids).toHaveLength(24);
    expect(new Set(expected.map(String)).size).toBeGreaterThan(expected.length / 2);
  });

  test.each<EngineOptions>([
    {},
    { maxRows: 7 },
    { maxRows: 33, threads: 2 },
    { maxSequences: 2, maxRows: 64 },
    { maxPrefixes: 0, threads: 2 },
  ])("%j", async (options) => {
    await usingTiny(options, async (engine) => {
      const all = requests();
      const texts = ["One", long].map((text) => ask(engine, requestOf(text)));
      const together = await Promise.all(all.map((request) => ask(engine, request)));
      expect(together.map(({ ids }) => ids)).toEqual(expected);
      await Promise.all(texts);
      for (const [index, request] of all.entries()) {
        const again = await ask(engine, request); // from the prefix cache, if there is one
        expect(again.ids).toEqual(expected[index]);
        expect(again.usage.promptTokens).toBe(together[index]!.usage.promptTokens);
        if (options.maxPrefixes === 0) expect(again.usage.cachedTokens).toBe(0);
      }
    });
  });

  test("a known beginning is found again, but not at another rate", async () => {
    await usingTiny({}, async (engine) => {
      const of = (videoPruningRate: number, text: string) =>
        ask(engine, about([clip], { videoPruningRate }, text));
      await of(0.5, "What happens?");
      const followed = await of(0.5, "And then?");
      expect(followed.usage.cachedTokens).toBeGreaterThan(0);
      const cold = await usingTiny({ maxPrefixes: 0 }, (one) =>
        ask(one, about([clip], { videoPruningRate: 0.5 }, "And then?")),
      );
      expect(followed.tokens).toEqual(cold.tokens);
      expect((await of(0.6, "What happens?")).usage.cachedTokens).toBe(0);
      expect((await of(0, "What happens?")).usage.cachedTokens).toBe(0);
    });
  });
});

describe("when it is not to go on", () => {
  test("a client that leaves during decoding does not affect others", async () => {
    await usingTiny({}, async (engine) => {
      const gone = new AbortController();
      const long: VideoPart = { type: "video", bytes: mp4("320x180", 30, 30) };
      const leaving = ask(engine, about([long]), gone.signal);
      const staying = ask(engine, about([clip]));
      setTimeout(() => gone.abort(new Error("gone")), 30);
      await expect(leaving).rejects.toThrow("gone");
      expect((await staying).ids).toHaveLength(24);
    });
  });

  test("closing the engine ends decoding", async () => {
    const long: VideoPart = { type: "video", bytes: mp4("320x180", 30, 30) };
    let asked: Promise<unknown> | undefined;
    await usingTiny({}, async (engine) => {
      asked = ask(engine, about([long])).catch((error) => error.code);
      await new Promise((resolve) => setTimeout(resolve, 30));
    });
    expect(await asked).toBe("engine_closed");
  });

  test("more tokens than the context allows are an error", async () => {
    await usingTiny({ contextTokens: 128 }, async (engine) => {
      await expect(ask(engine, about([clip]))).rejects.toMatchObject({
        code: "context_length_exceeded",
        message: expect.stringMatching(/from videos/),
      });
    });
  });
});
