// The settings of a run, and the request that they make of an item.

import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { type ChatRequest, type ContentPart, GREEDY } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { promptOf } from "../prompts.ts";
import type { BenchmarkId, Item, Media, Profile } from "../types.ts";

/** Everything that can change an answer. Undefined fields: the model's own defaults. */
export interface RunSettings {
  readonly benchmark: BenchmarkId;
  readonly profile: Profile;
  /** Name of the model, and what tells its weights and format apart. */
  readonly model: string;
  readonly fingerprint: string;
  readonly reasoning: boolean;
  readonly maxTokens: number;
  readonly maxTiles?: number;
  readonly frames?: number;
  readonly fps?: number;
  readonly evs?: number;
  /** Number of a repeated run, which samples other tokens. */
  readonly repeat?: number;
}

/** New tokens as the published runs allowed them; tables and pages need many. */
export function defaultMaxTokens(benchmark: BenchmarkId, reasoning: boolean): number {
  return reasoning || benchmark === "ocrbench-v2" ? 16_384 : 1024;
}

/** An item as it is asked: its request, and the key under which its answer is kept. */
export interface Question {
  readonly key: string;
  readonly promptHash: string;
  readonly request: ChatRequest;
}

/**
 * Reads the media of an item and makes its request: media first, then the prompt. The bytes of
 * pictures and videos are those of the data set. Deterministic: the seed follows from the key.
 */
export async function questionOf(item: Item, settings: RunSettings): Promise<Question> {
  const prompt = promptOf(item, settings.profile);
  const media = await Promise.all(item.media.map(readMedia));
  const key = keyOf(item, settings, prompt, media);
  const text: ContentPart = { type: "text", text: prompt };
  return {
    key,
    promptHash: sha256(prompt).slice(0, 16),
    request: {
      model: settings.model,
      messages: [{ role: "user", content: [...media.map(({ part }) => part), text] }],
      sampling: {
        ...GREEDY,
        ...(settings.reasoning ? { temperature: 0.6, topP: 0.95 } : {}),
        seed: BigInt.asIntN(64, BigInt(`0x${key.slice(0, 16)}`)),
      },
      maxTokens: settings.maxTokens,
      stop: [],
      reasoning: { enabled: settings.reasoning },
      ...defined({ maxTiles: settings.maxTiles, videoPruningRate: settings.evs }),
      // the references convert pictures without applying their EXIF orientation
      exifOrientation: "ignore",
    },
  };

  async function readMedia(one: Media): Promise<ReadMedia> {
    if (one.type === "image") {
      const bytes = await one.read();
      return { part: { type: "image", bytes }, hash: sha256(bytes) };
    }
    const bytes = new Uint8Array(await readFile(one.path));
    const { startSeconds, endSeconds } = one;
    const { fps, frames: maxFrames } = settings;
    const sampling = defined({ fps, maxFrames, startSeconds, endSeconds });
    return { part: { type: "video", bytes, sampling }, hash: sha256(bytes) };
  }
}

interface ReadMedia {
  readonly part: ContentPart;
  readonly hash: string;
}

/** A change of any part gives another key, so that a resumed run never mixes settings. */
function keyOf(
  item: Item,
  settings: RunSettings,
  prompt: string,
  media: readonly ReadMedia[],
): string {
  const { profile: _, ...asked } = settings;
  const parts = [item.id, prompt, media.map(({ hash }) => hash), sorted(asked)];
  return sha256(JSON.stringify(parts));
}

function sorted(settings: object): (readonly [string, unknown])[] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
}

export function sha256(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
