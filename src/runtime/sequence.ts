import { PAGE_ROWS } from "../backends/backend.ts";
import type { ChatEvent, FinishReason, NativeFinishReason, Timings, Usage } from "../core/chat.ts";
import type { MediaEmbedding } from "../inputs/media/media-embedding.ts";
import { type PendingVideo, type Prompt, settleVideo, type VisualSpan } from "../inputs/prompt.ts";
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
});

export interface SequenceInput {
  readonly prompt: Prompt;
  /** Images, then videos. */
  readonly visuals: readonly MediaEmbedding[];
  /** Whose request it is. */
  readonly tenant: string;
  /** Names of the prompt's prefixes, by pages; empty where none is to be cached. */
  readonly prefixKeys: readonly string[];
  readonly sampler: Sampler;
  readonly answer: Answer;
  readonly events: EventQueue<ChatEvent>;
  readonly onUsage: ((usage: Usage) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds spent on the media before the sequence was queued. */
  readonly mediaMs: number;
  readonly now: () => number;
}

/** One request being answered: its tokens, where its state lives, and how far it has come. */
export class Sequence {
  readonly ids: number[];
  readonly promptTokens: number;
  readonly imageTokens: number;
  readonly videoTokens: number;
  readonly input: SequenceInput;
  /** Tokens whose effect is in the state. Set back to 0 when the state is given up. */
  position = 0;
  slot: number | undefined;
  readonly pages: number[] = [];
  /** Prompt lengths after which the state is worth keeping, ascending. */
  private readonly points: readonly number[];
  private spans: readonly VisualSpan[];
  /** Videos whose placeholders do not stand where they belong yet. */
  private pendingVideos: readonly PendingVideo[];
  private cachedTokens: number | undefined;
  private readonly queuedAt: number;
  private admittedAt: number | undefined;
  private firstTokenAt: number | undefined;
  private encodingMs: number;
  private settled = false;

  constructor(input: SequenceInput) {
    this.input = input;
    this.ids = [...input.prompt.ids];
    this.promptTokens = input.prompt.ids.length;
    this.points = input.prefixKeys.length > 0 ? reusePoints(input.prompt) : [];
    this.imageTokens = input.prompt.imageTokens;
    this.videoTokens = input.prompt.videoTokens;
    this.spans = input.prompt.spans;
    this.pendingVideos = input.prompt.pendingVideos;
    this.encodingMs = input.mediaMs;
    this.queuedAt = input.now();
  }

  get tokensPending(): number {
    return this.ids.length - this.position;
  }

  /**
   * Pending tokens before the first placeholder whose row is not known yet, and no more
   * than lead to the next point at which the state is kept.
   */
  get tokensReady(): number {
    const point = this.points.find((tokens) => tokens > this.position) ?? this.ids.length;
    return Math.min(this.tokensEncoded, point - this.position);
  }

  private get tokensEncoded(): number {
    const end = this.firstUnsettled?.start ?? this.ids.length;
    for (const { start, length, visual, row } of this.spans) {
      if (start + length <= this.position || start >= end) continue;
      const ready = Math.max(0, this.input.visuals[visual]!.rowsReady - row);
      if (ready < length) return Math.max(0, start + ready - this.position);
    }
    return Math.max(0, end - this.position);
  }

  /** The first visual that still has tiles to encode, and rows that are not in the state yet. */
  get visualToEncode(): MediaEmbedding | undefined {
    const { visuals } = this.input;
    const isWanted = ({ start, length, visual }: VisualSpan | PendingVideo): boolean =>
      start + length > this.position && !visuals[visual]!.done;
    // after a known beginning, what is left of a video may be behind all of its rows so far
    const pending = this.pendingVideos.find(isWanted);
    const span = this.spans.find(isWanted);
    const first = span && !(pending && pending.start < span.start) ? span : pending;
    return first && visuals[first.visual];
  }

  /** The first video that is not in the state and whose placeholders are to be moved. */
  private get firstUnsettled(): PendingVideo | undefined {
    return this.pendingVideos.find(({ start, length }) => start + length > this.position);
  }

  /** Shares the rows of pruned videos out among their frames, once it is known how. */
  finalizeVideoSpans(): void {
    this.pendingVideos = this.pendingVideos.filter((video) => {
      const shares = this.input.visuals[video.visual]!.tileTokens;
      if (shares === undefined) return true;
      this.spans = settleVideo(this.ids, this.spans, video, shares);
      return false;
    });
  }

  /** The key under which the state is worth keeping as it stands now. */
  get keyToKeep(): string | undefined {
    if (!this.points.includes(this.position)) return undefined;
    return this.input.prefixKeys[this.position / PAGE_ROWS - 1];
  }

  /** Begins after a prefix whose pages it holds from now on. */
  attachPrefix(prefix: CachedPrefix | undefined): void {
    this.cachedTokens ??= prefix?.tokens ?? 0;
    this.position = prefix?.tokens ?? 0;
    this.pages.push(...(prefix?.pages ?? []));
  }

  admitted(): void {
    this.admittedAt ??= this.input.now();
  }

  spentOnEncoding(ms: number): void {
    this.encodingMs += ms;
  }

  /** The next `tokens` pending tokens as a span of a step. */
  span(tokens: number): SpanInput {
    const { position, slot, pages } = this;
    const ids = this.ids.slice(position, position + tokens);
    return { ids, position, slot: slot ?? -1, pages, visual: this.visualRows(position, tokens) };
  }

  private visualRows(from: number, tokens: number): (readonly [number, Float32Array])[] {
    const rows: (readonly [number, Float32Array])[] = [];
    for (const { start, length, visual, row } of this.spans) {
      const begin = Math.max(from, start);
      const end = Math.min(from + tokens, start + length);
      if (begin >= end) continue;
      const pieces = this.input.visuals[visual]!.rows(row + begin - start, end - begin);
      for (const [before, values] of pieces) rows.push([begin - from + before, values]);
    }
    return rows;
  }

  /** Takes a drawn or forced token; says what it means to whoever listens. */
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

  /** Reports what was computed. Called in whatever way the sequence ends; the first call counts. */
  settle(): void {
    if (this.settled) return;
    this.settled = true;
    const begun = this.firstTokenAt === undefined ? this.position : this.promptTokens;
    this.input.onUsage?.({ ...this.usage(), promptTokens: begun });
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
