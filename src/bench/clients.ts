// Clients of measurements: they send a batcher prompts that share no prefix with earlier ones.

import type { CpuBackend } from "../backends/cpu/cpu.ts";
import { type ChatEvent, GREEDY } from "../core/chat.ts";
import { silentLog } from "../core/log.ts";
import { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import { type Prompt, textPrompt } from "../inputs/prompt.ts";
import type { Model } from "../model/load.ts";
import { createState } from "../model/state.ts";
import { Answer } from "../runtime/answer.ts";
import { Batcher } from "../runtime/batcher.ts";
import { EventQueue } from "../runtime/event-queue.ts";
import { PrefixKeys } from "../runtime/prefix-keys.ts";
import { Sampler } from "../runtime/sampler.ts";
import { Sequence } from "../runtime/sequence.ts";
import { LETTERS } from "./letters.ts";
import { WRITTEN_IDS } from "./synthetic.ts";

const PLACEHOLDER = WRITTEN_IDS - 1;
const TEXT_AROUND = 64;
const MAX_ROWS = 256;

interface Room {
  readonly slots: number;
  readonly pages: number;
  readonly snapshots: number;
}

export function openClients(backend: CpuBackend, model: Model, room: Room): Clients {
  const { slots, pages, snapshots } = room;
  const sizes = { slots: slots + snapshots, pages, kvDtype: "bf16" } as const;
  const batcher = new Batcher({
    backend,
    model,
    state: createState(backend, model.config, sizes),
    slots,
    snapshots,
    pages,
    maxRows: MAX_ROWS,
    log: silentLog,
    now: () => performance.now(),
  });
  return new Clients(model, batcher);
}

/** Sends requests to a batcher and records the times of tokens. */
export class Clients {
  private readonly model: Model;
  private readonly batcher: Batcher;
  private readonly keys = new PrefixKeys();
  private prompts = 0;

  constructor(model: Model, batcher: Batcher) {
    this.model = model;
    this.batcher = batcher;
  }

  /** A prompt that shares no prefix with earlier ones. */
  prompt(tokens: number): Prompt {
    this.prompts += 1;
    const ids = Array.from({ length: tokens }, (_, at) => (this.prompts * 31 + at * 7919) % 200);
    ids.splice(0, 2, this.prompts % 200, Math.floor(this.prompts / 200) % 200);
    return textPrompt(ids);
  }

  /** Such a prompt with images of one tile each before its last tokens. */
  promptWithImages(tokens: number, count: number): { prompt: Prompt; images: MediaEmbedding[] } {
    const { ids } = this.prompt(tokens);
    const { tilePx, tokensPerTile } = this.model.config.vision;
    const spans = Array.from({ length: count }, (_, mediaIndex) => {
      const start = 64 + mediaIndex * (tokensPerTile + 8);
      ids.fill(PLACEHOLDER, start, start + tokensPerTile);
      return { start, length: tokensPerTile, mediaIndex, row: 0 };
    });
    const rgb = new Uint8Array(tilePx * tilePx * 3).fill(100);
    const places = [{ image: { rgb, width: tilePx, height: tilePx }, left: 0, top: 0 }];
    const images = spans.map(({ mediaIndex }) => {
      const key = `${this.prompts} ${mediaIndex}`;
      return MediaEmbedding.of(this.model.config, { key, places });
    });
    const boundaries = [64, ids.length - 16];
    const imageTokens = count * tokensPerTile;
    return { prompt: { ...textPrompt(ids), spans, boundaries, imageTokens }, images };
  }

  /** A prompt with all remaining rows of a video between short texts. */
  promptWithVideo(video: MediaEmbedding): Prompt {
    const { ids } = this.prompt(TEXT_AROUND + video.tokens);
    const start = TEXT_AROUND / 2;
    ids.fill(PLACEHOLDER, start, start + video.tokens);
    const spans = [{ start, length: video.tokens, mediaIndex: 0, row: 0 }];
    return { ...textPrompt(ids), spans, videoTokens: video.tokens };
  }

  /** Returns the time of each token of an answer, in milliseconds. */
  async ask(
    prompt: Prompt,
    maxTokens: number,
    images: readonly MediaEmbedding[] = [],
  ): Promise<number[]> {
    const events = new EventQueue<ChatEvent>();
    const now = () => performance.now();
    const options = { reasoningOpen: false, stop: [], minTokens: 0, ignoreEos: true, eosIds: [] };
    this.batcher.add(
      new Sequence({
        prompt,
        embeddings: images,
        tenant: "",
        prefixKeys: this.keys.keysOf("", prompt, images),
        sampler: new Sampler(GREEDY, prompt.ids, undefined),
        answer: new Answer(LETTERS, { ...options, maxTokens }),
        events,
        onUsage: undefined,
        signal: undefined,
        mediaMs: 0,
        now,
      }),
    );
    const times: number[] = [];
    for await (const event of events) if (event.type === "text") times.push(now());
    return times;
  }
}
