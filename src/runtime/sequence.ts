import { PAGE_ROWS } from "../backends/backend.ts";
import type { ChatEvent, FinishReason, NativeFinishReason, Timings, Usage } from "../core/chat.ts";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import {
  type MediaSpan,
  type PendingVideo,
  type Prompt,
  placeVideoRows,
} from "../inputs/prompt.ts";
import type { Answer } from "./answer.ts";
import type { EventQueue } from "./event-queue.ts";
import type { SpanInput } from "./forward.ts";
import type { CachedPrefix } from "./prefix-cache.ts";
import { reusePoints } from "./prefix-keys.ts";
import type { Sampler } from "./sampler.ts";

const REASONS: Readonly<Record<NativeFinishReason, FinishReason>> = Object.freeze({
  eos: "stop",
  stop_string: "stop",
  grammar_end: "stop",
  tool_call: "tool_calls",
  length: "length",
  context: "length",
  content_filter: "content_filter",
});

export interface SequenceInput {
  readonly prompt: Prompt;
  /** Embeddings of images, then of videos. */
  readonly embeddings: readonly MediaEmbedding[];
  /** Tenant that sent the request. */
  readonly tenant: string;
  /** Cache keys of the prompt's prefixes, by pages; empty if none may be cached. */
  readonly prefixKeys: readonly string[];
  readonly sampler: Sampler;
  readonly answer: Answer;
  readonly events: EventQueue<ChatEvent>;
  /** Called when it is admitted for the first time. */
  readonly onAdmitted?: (() => void) | undefined;
  readonly onUsage: ((usage: Usage) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds spent on the media before the sequence was queued. */
  readonly mediaMs: number;
  readonly now: () => number;
}

/** One running request: its tokens, its slot and pages, and its progress. */
export class Sequence {
  readonly ids: number[];
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly videoTokens: number;
  readonly input: SequenceInput;
  /** Number of tokens in the state; reset to 0 when the state is released. */
  position = 0;
  slot: number | undefined;
  readonly pages: number[] = [];
  /** Prompt lengths at which the state is cached, ascending. */
  private readonly reusePoints: readonly number[];
  private spans: readonly MediaSpan[];
  /** Pruned videos whose rows are not assigned to frames yet. */
  private pendingVideos: readonly PendingVideo[];
  private cachedTokens: number | undefined;
  private readonly queuedAt: number;
  private admittedAt: number | undefined;
  private firstTokenAt: number | undefined;
  private encodingMs: number;
  private reported = false;

  constructor(input: SequenceInput) {
    this.input = input;
    this.ids = [...input.prompt.ids];
    this.promptTokens = input.prompt.ids.length;
    this.reusePoints = input.prefixKeys.length > 0 ? reusePoints(input.prompt) : [];
    this.imageTokens = input.prompt.imageTokens;
    this.videoTokens = input.prompt.videoTokens;
    this.spans = input.prompt.spans;
    this.pendingVideos = input.prompt.pendingVideos;
    this.encodingMs = input.mediaMs;
    this.queuedAt = input.now();
  }

  get tenant(): string {
    return this.input.tenant;
  }

  get tokensPending(): number {
    return this.ids.length - this.position;
  }

  /**
   * Number of pending tokens before the first placeholder whose row is not encoded yet, and not
   * beyond the next reuse point.
   */
  get tokensReady(): number {
    const point = this.reusePoints.find((tokens) => tokens > this.position) ?? this.ids.length;
    return Math.min(this.tokensEncoded, point - this.position);
  }

  private get tokensEncoded(): number {
    const end = this.nextPendingVideo?.start ?? this.ids.length;
    for (const { start, length, mediaIndex, row } of this.spans) {
      if (start + length <= this.position || start >= end) continue;
      const ready = Math.max(0, this.input.embeddings[mediaIndex]!.rowsReady - row);
      if (ready < length) return Math.max(0, start + ready - this.position);
    }
    return Math.max(0, end - this.position);
  }

  /** The first embedding with tiles to encode and with rows that are not in the state yet. */
  get embeddingToEncode(): MediaEmbedding | undefined {
    const { embeddings } = this.input;
    const isNeeded = ({ start, length, mediaIndex }: MediaSpan | PendingVideo): boolean =>
      start + length > this.position && !embeddings[mediaIndex]!.done;
    // after a cached prefix, a pending video may extend beyond all spans of its rows
    const pending = this.pendingVideos.find(isNeeded);
    const span = this.spans.find(isNeeded);
    const first = span && !(pending && pending.start < span.start) ? span : pending;
    return first && embeddings[first.mediaIndex];
  }

  /** The first pending video that is not in the state yet. */
  private get nextPendingVideo(): PendingVideo | undefined {
    return this.pendingVideos.find(({ start, length }) => start + length > this.position);
  }

  /** Assigns the rows of pruned videos to their frames once all frames are encoded. */
  finalizeVideoSpans(): void {
    this.pendingVideos = this.pendingVideos.filter((video) => {
      const tileTokens = this.input.embeddings[video.mediaIndex]!.tileTokens;
      if (tileTokens === undefined) return true;
      this.spans = placeVideoRows(this.ids, this.spans, video, tileTokens);
      return false;
    });
  }

  /** Cache key of the current state; undefined if it must not be cached. */
  get snapshotKey(): string | undefined {
    if (!this.reusePoints.includes(this.position)) return undefined;
    return this.input.prefixKeys[this.position / PAGE_ROWS - 1];
  }

  /** Starts after a cached prefix, whose pages it then holds, or at the first token. */
  attachPrefix(prefix: CachedPrefix | undefined): void {
    this.cachedTokens ??= prefix?.tokens ?? 0;
    this.position = prefix?.tokens ?? 0;
    this.pages.push(...(prefix?.pages ?? []));
  }

  markAdmitted(): void {
    if (this.admittedAt !== undefined) return; // it was preempted
    this.admittedAt = this.input.now();
    this.input.onAdmitted?.();
  }

  addEncodingTime(ms: number): void {
    this.encodingMs += ms;
  }

  /** The next `tokens` pending tokens as a span of a step. */
  span(tokens: number): SpanInput {
    const { position, slot, pages } = this;
    const ids = this.ids.slice(position, position + tokens);
    const mediaRows = this.mediaRows(position, tokens);
    return { ids, position, slot: slot ?? -1, pages, mediaRows };
  }

  private mediaRows(from: number, tokens: number): (readonly [number, Float32Array])[] {
    const rows: (readonly [number, Float32Array])[] = [];
    for (const { start, length, mediaIndex, row } of this.spans) {
      const begin = Math.max(from, start);
      const end = Math.min(from + tokens, start + length);
      if (begin >= end) continue;
      const pieces = this.input.embeddings[mediaIndex]!.rows(row + begin - start, end - begin);
      for (const [before, values] of pieces) rows.push([begin - from + before, values]);
    }
    return rows;
  }

  /** Appends a sampled or forced token and pushes the events that follow from it. */
  accept(id: number, sampled: Float32Array): void {
    const { answer, sampler, events, now } = this.input;
    this.firstTokenAt ??= now();
    this.ids.push(id);
    sampler.accept(id);
    for (const event of answer.push(id, sampled)) events.push(event);
  }

  finish(): Timings {
    const { answer, events } = this.input;
    const nativeReason = answer.finish ?? "length";
    const reason = REASONS[nativeReason];
    const timings = this.timings();
    events.push({ type: "end", reason, nativeReason, usage: this.usage(), timings });
    events.end();
    return timings;
  }

  /** Reports the computed tokens. Called at every kind of end; only the first call counts. */
  reportUsage(): void {
    if (this.reported) return;
    this.reported = true;
    // without a first token, part of the prompt may be uncomputed
    const promptTokens = this.firstTokenAt === undefined ? this.position : this.promptTokens;
    this.input.onUsage?.({ ...this.usage(), promptTokens });
  }

  private usage(): Usage {
    const { answer } = this.input;
    return {
      promptTokens: this.promptTokens,
      imageTokens: this.imageTokens,
      videoTokens: this.videoTokens,
      cachedTokens: this.cachedTokens ?? 0,
      completionTokens: answer.tokens,
      reasoningTokens: answer.reasoningTokens,
    };
  }

  private timings(): Timings {
    const end = this.input.now();
    const admitted = this.admittedAt ?? end;
    const first = this.firstTokenAt ?? end;
    return {
      queueMs: admitted - this.queuedAt,
      mediaMs: this.encodingMs,
      prefillMs: first - admitted,
      decodeMs: end - first,
    };
  }
}
