import type { ChatEvent, ChosenToken, NativeFinishReason, TokenLogprob } from "../core/chat.ts";
import { createDetokenizer } from "../text/detokenizer.ts";
import {
  type AnswerPiece,
  createReasoningSplitter,
  createThinkingBudget,
} from "../text/reasoning.ts";
import { createStopMatcher } from "../text/stops.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

export interface AnswerOptions {
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  readonly budgetTokens?: number;
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly eosIds: readonly number[];
  /** Alternatives per token; undefined for no log probabilities. */
  readonly topLogprobs?: number;
}

/** Sampled columns of one token: see SAMPLE_COLUMNS. Empty for a token that was forced. */
export type SampledRow = Float32Array;

/**
 * Turns a sequence's tokens into what is said of it: whole characters, reasoning apart from text,
 * nothing that could be the beginning of a stop string; and knows when it is over.
 */
export class Answer {
  tokens = 0;
  reasoningTokens = 0;
  finish: NativeFinishReason | undefined;
  /** Ids that the thinking budget puts into the answer next. */
  readonly forced: number[] = [];
  private readonly tokenizer: Tokenizer;
  private readonly options: AnswerOptions;
  private readonly detokenizer;
  private readonly splitter;
  private readonly stops;
  private readonly budget;
  private reasoning: boolean;
  private waiting: ChosenToken[] = [];

  constructor(tokenizer: Tokenizer, options: AnswerOptions) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.reasoning = options.reasoningOpen;
    this.detokenizer = createDetokenizer(tokenizer);
    this.splitter = createReasoningSplitter(options.reasoningOpen);
    this.stops = createStopMatcher(options.stop);
    const { budgetTokens } = options;
    this.budget =
      options.reasoningOpen && budgetTokens !== undefined
        ? createThinkingBudget(budgetTokens)
        : undefined;
  }

  /** Ids that may not come next. */
  get forbidden(): readonly number[] {
    return this.tokens < this.options.minTokens ? this.options.eosIds : [];
  }

  /** Takes the next token and returns what can be said now. */
  push(id: number, sampled: SampledRow): ChatEvent[] {
    this.tokens += 1;
    if (this.reasoning) this.reasoningTokens += 1;
    if (this.options.eosIds.includes(id) && !this.options.ignoreEos) {
      this.finish = "eos";
      return this.flush();
    }
    if (this.options.topLogprobs !== undefined) this.waiting.push(this.describe(id, sampled));
    const text = this.detokenizer.push(id);
    const events = this.say(this.splitter.push(text));
    this.force(text);
    if (this.finish === undefined && this.tokens >= this.options.maxTokens) {
      this.finish = "length";
      events.push(...this.flush());
    }
    return events;
  }

  private force(text: string): void {
    const closing = this.budget?.observe(text);
    if (closing !== undefined) this.forced.push(...this.tokenizer.encodeWithAdded(closing));
  }

  private flush(): ChatEvent[] {
    const pieces = this.splitter.push(this.detokenizer.flush());
    const events = this.say([...pieces, ...this.splitter.flush()]);
    if (this.finish === "stop_string") return events;
    const rest = this.stops.flush();
    if (rest !== "") events.push(this.event("text", rest));
    // tokens at the end that no text came from
    if (this.waiting.length > 0) events.push(this.event(this.reasoning ? "reasoning" : "text", ""));
    return events;
  }

  private say(pieces: readonly AnswerPiece[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const { type, text } of pieces) {
      if (this.finish === "stop_string") return events;
      if (type === "reasoning") {
        events.push(this.event("reasoning", text));
        continue;
      }
      this.reasoning = false;
      const said = this.stops.push(text);
      if (said.text !== "") events.push(this.event("text", said.text));
      if (said.stop !== undefined) this.finish = "stop_string";
    }
    return events;
  }

  private event(type: "reasoning" | "text", text: string): ChatEvent {
    if (this.options.topLogprobs === undefined) return { type, text };
    const tokens = this.waiting;
    this.waiting = [];
    return { type, text, tokens };
  }

  private describe(id: number, sampled: SampledRow): ChosenToken {
    const top: TokenLogprob[] = [];
    const end = Math.min(sampled.length, 2 + 2 * (this.options.topLogprobs ?? 0));
    for (let at = 2; at < end; at += 2) {
      top.push(this.logprob(sampled[at]!, sampled[at + 1]!));
    }
    return { ...this.logprob(id, sampled[1] ?? 0), top };
  }

  private logprob(id: number, logprob: number): TokenLogprob {
    const bytes = this.tokenizer.bytesOf(id);
    return { id, text: new TextDecoder().decode(bytes), bytes, logprob };
  }
}
