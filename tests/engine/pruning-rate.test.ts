// Needs: ffmpeg.
// The rate of EVS: the request's, else the option's, else the checkpoint's.

import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLog } from "../../src/core/log.ts";
import type { VideoOptions } from "../../src/inputs/media/video-settings.ts";
import { toModelBody } from "../../src/protocols/openai/models.ts";
import { open } from "../../src/runtime/engine.ts";
import { mp4 } from "../fixtures/video-files.ts";
import { inFolder, requestOf, TINY } from "./asking.ts";

const CLIP = mp4("96x64", 30, 3, " -movflags +faststart -g 10");
const PRICES = { prompt: 0n, completion: 0n };

/** Opens an engine on a copy of models/tiny whose config.json states a pruning rate. */
async function ratesWith(stated: number | undefined, video: VideoOptions, asked?: number) {
  return inFolder(async (dir) => {
    await cp(TINY, dir, { recursive: true });
    const config = JSON.parse(
      (await readFile(join(dir, "config.json"), "utf8")).replaceAll("Infinity", "1e30"),
    );
    delete config.video_pruning_rate;
    if (stated !== undefined) config.video_pruning_rate = stated;
    await writeFile(join(dir, "config.json"), JSON.stringify(config));
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line), "info");
    const engine = await open(dir, {
      cacheDir: false,
      threads: 1,
      contextTokens: 4096,
      video,
      log,
    });
    try {
      const content = [{ type: "video" as const, bytes: CLIP }];
      const { videos } = await engine.estimate({
        ...requestOf("", { maxTokens: 2 }),
        messages: [{ role: "user", content }],
        ...(asked === undefined ? {} : { videoPruningRate: asked }),
      });
      const [model] = engine.models;
      const told = JSON.parse(lines.find((line) => line.includes("video_pruning")) ?? "{}");
      return {
        used: videos[0]?.pruningRate,
        listed: toModelBody(model!, PRICES).video_pruning_rate,
        logged: told.rate,
      };
    } finally {
      await engine.close();
    }
  });
}

test("the rate of config.json is followed, logged and listed with the model", async () => {
  expect(await ratesWith(0.7, {})).toEqual({ used: 0.7, listed: 0.7, logged: 0.7 });
  expect(await ratesWith(undefined, {})).toEqual({ used: 0, listed: 0, logged: 0 });
});

test("the option overrides the checkpoint, and the request overrides the option", async () => {
  expect(await ratesWith(0.7, { pruningRate: 0 })).toEqual({ used: 0, listed: 0, logged: 0 });
  expect(await ratesWith(0.7, {}, 0)).toEqual({ used: 0, listed: 0.7, logged: 0.7 });
  const both = await ratesWith(0.7, { pruningRate: 0.5 }, 0.9);
  expect(both).toEqual({ used: 0.9, listed: 0.5, logged: 0.5 });
});
