import { PAGE_ROWS } from "../backends/backend.ts";
import type { ChatEvent, FinishReason, NativeFinishReason, Timings, Usage } from "../core/chat.ts";
import type { Answer } from "./answer.ts";
import type { EventQueue } from "./events.ts";
import type { SpanInput } from "./forward.ts";
import type { EncodedImage } from "./images.ts";
import type { CachedPrefix } from "./prefix-cache.ts";
import { reusePoints } from "./prefix-keys.ts";
import type { Prompt } from "./prompt.ts";
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
  readonly images: readonly EncodedImage[];
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
  readonly input: SequenceInput;
  /** Tokens whose effect is in the state. Set back to 0 when the state is given up. */
  position = 0;
  slot: number | undefined;
  readonly pages: number[] = [];
  /** Prompt lengths after which the state is worth keeping, ascending. */
  private readonly points: readonly number[];
  private cachedTokens: number | undefined;
  private readonly queuedAt: number;
  private admittedAt: number | undefined;
  private firstTokenAt: number | undefined;
  private imagesMs: number;
  private settled = false;

  constructor(input: SequenceInput) {
    this.input = input;
    this.ids = [...input.prompt.ids];
    this.promptTokens = input.prompt.ids.length;
    this.points = input.prefixKeys.length > 0 ? reusePoints(input.prompt) : [];
    this.imageTokens = input.prompt.imageSpans.reduce((sum, span) => sum + span.length, 0);
    this.imagesMs = input.mediaMs;
    this.queuedAt = input.now();
  }

  get tokensPending(): number {
    return this.ids.length - this.position;
  }

  /**
   * Pending tokens before the first placeholder whose image row is not encoded yet, and no more
   * than lead to the next point at which the state is kept.
   */
  get tokensReady(): number {
    const point = this.points.find((tokens) => tokens > this.position) ?? this.ids.length;
    return Math.min(this.tokensEncoded, point - this.position);
  }

  private get tokensEncoded(): number {
    for (const span of this.input.prompt.imageSpans) {
      if (span.start + span.length <= this.position) continue;
      const image = this.input.images[span.image]!;
      const encoded = image.tilesDone * (image.tokens / image.tileCount);
      if (encoded < span.length) return Math.max(0, span.start + encoded - this.position);
    }
    return this.tokensPending;
  }

  /** The first image that still has tiles to encode, and rows that are not in the state yet. */
  get imageToEncode(): EncodedImage | undefined {
    const { prompt, images } = this.input;
    const span = prompt.imageSpans.find(({ start, length, image }) => {
      return start + length > this.position && !images[image]!.done;
    });
    return span && images[span.image];
  }

  /** The key under which the state is worth keeping as it stands now. */
  get keyToKeep(): string | undefined {
    if (!this.points.includes(this.position)) return undefined;
    return this.input.prefixKeys[this.position / PAGE_ROWS - 1];
  }

  /** Begins after a prefix whose pages it holds from now on. */
  adopt(prefix: CachedPrefix | undefined): void {
    this.cachedTokens ??= prefix?.tokens ?? 0;
    this.position = prefix?.tokens ?? 0;
    this.pages.push(...(prefix?.pages ?? []));
  }

  admitted(): void {
    this.admittedAt ??= this.input.now();
  }

  spentOnImages(ms: number): void {
    this.imagesMs += ms;
  }

  /** The next `tokens` pending tokens as a span of a step. */
  span(tokens: number): SpanInput {
    const { position, slot, pages } = this;
    const ids = this.ids.slice(position, position + tokens);
    return { ids, position, slot: slot ?? -1, pages, visual: this.visualRows(position, tokens) };
  }

  private visualRows(from: number, tokens: number): (readonly [number, Float32Array])[] {
    const rows: (readonly [number, Float32Array])[] = [];
    for (const span of this.input.prompt.imageSpans) {
      const begin = Math.max(from, span.start);
      const end = Math.min(from + tokens, span.start + span.length);
      if (begin >= end) continue;
      const image = this.input.images[span.image]!;
      const width = image.rows.length / image.tokens;
      const values = image.rows.subarray((begin - span.start) * width, (end - span.start) * width);
      rows.push([begin - from, values]);
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
      mediaMs: this.imagesMs,
      prefillMs: first - admitted,
      decodeMs: end - first,
    };
  }
}
