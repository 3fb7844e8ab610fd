import type { ChatEvent, ChosenToken, NativeFinishReason, TokenLogprob } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { createDetokenizer } from "../text/detokenizer.ts";
import {
  type AnswerPiece,
  createReasoningSplitter,
  createThinkingBudget,
} from "../text/reasoning.ts";
import { createStopMatcher } from "../text/stops.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { createToolCallParser, type ToolPiece } from "../text/tool-calls.ts";
import type { Constraint } from "./constraint.ts";

export interface AnswerOptions {
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  readonly budgetTokens?: number;
  /** Stop strings of the text; ignored in reasoning and tool calls. */
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly eosIds: readonly number[];
  /** Tokens that end an answer even with ignoreEos. */
  readonly stopTokenIds?: readonly number[];
  /** Number of alternatives per token; undefined: no log probabilities. */
  readonly topLogprobs?: number;
  /**
   * offered: parse tool calls. hidden: no tool may be called, but earlier calls in the messages may
   * lead the model to write more; they become text without tags. Undefined: do not parse.
   */
  readonly tools?: "offered" | "hidden" | undefined;
  /** Applies to the answer after the reasoning. */
  readonly constraint?: Constraint;
}

/** Sampled columns of one token (see SAMPLE_COLUMNS); empty for a forced token. */
export type SampledRow = Float32Array;

/**
 * Converts a sequence's tokens to events and decides when the answer ends. Events hold whole
 * characters and separate reasoning, text and tool calls; text that may begin a stop string is held
 * back.
 *
 * A constraint starts after `</think>` and the line breaks that follow; missing line breaks are
 * forced. End tokens are forbidden before that. Afterwards the constraint overrides everything
 * else: biases cannot allow other tokens, an end token ends the answer even with ignoreEos, and a
 * complete answer ends even before minTokens.
 */
export class Answer {
  tokens = 0;
  reasoningTokens = 0;
  finish: NativeFinishReason | undefined;
  /** Ids to append next without sampling: the end of the thinking budget, line breaks. */
  readonly forced: number[] = [];
  private readonly tokenizer: Tokenizer;
  private readonly options: AnswerOptions;
  private readonly detokenizer;
  private readonly splitter;
  private readonly calls;
  private readonly stops;
  private readonly budget;
  private reasoning: boolean;
  /** The constraint has started. */
  private constrained = false;
  private mask: Int32Array | undefined;
  private callCount = 0;
  private reasoningText = "";
  /** Tokens that no event has carried yet. */
  private pendingTokens: ChosenToken[] = [];

  constructor(tokenizer: Tokenizer, options: AnswerOptions) {
    this.tokenizer = tokenizer;
    this.options = options;
    this.reasoning = options.reasoningOpen;
    this.detokenizer = createDetokenizer(tokenizer);
    this.splitter = createReasoningSplitter(options.reasoningOpen);
    this.calls = options.tools && createToolCallParser({ offered: options.tools === "offered" });
    this.stops = createStopMatcher(options.stop);
    const { budgetTokens } = options;
    this.budget =
      options.reasoningOpen && budgetTokens !== undefined
        ? createThinkingBudget(budgetTokens)
        : undefined;
    if (!options.reasoningOpen) this.startConstraint();
  }

  /** Ids that must not be sampled next. */
  get forbidden(): readonly number[] {
    const { minTokens, eosIds, constraint } = this.options;
    const beforeConstraint = constraint !== undefined && this.splitter.inReasoning;
    const ends =
      beforeConstraint || this.tokens < minTokens ? [...eosIds, ...this.stopTokenIds] : [];
    return beforeConstraint ? [...ends, ...constraint.forbiddenAfter(this.splitter.held)] : ends;
  }

  /** Bit mask of the only ids that may be sampled next (see SampleRow); undefined: all. */
  get allowed(): Int32Array | undefined {
    return this.mask;
  }

  /** Under a constraint, effective only where the grammar allows an end. */
  private get stopTokenIds(): readonly number[] {
    const { constraint, stopTokenIds = [] } = this.options;
    const mayEnd = constraint === undefined || (this.constrained && constraint.matcher.mayEnd);
    return mayEnd ? stopTokenIds : [];
  }

  /**
   * Appends a token and returns the events that are complete now.
   *
   * Throws invalid_schema if the grammar turns out too ambiguous, and internal_error for a token
   * that the grammar forbids.
   */
  push(id: number, sampled: SampledRow): ChatEvent[] {
    const { eosIds, ignoreEos, maxTokens } = this.options;
    this.tokens += 1;
    if (this.reasoning) this.reasoningTokens += 1;
    const ends = eosIds.includes(id) && (!ignoreEos || this.constrained);
    if (ends || this.stopTokenIds.includes(id)) {
      this.finish = "eos";
      return this.flush();
    }
    const complete = this.constrained && this.advanceGrammar(id);
    if (this.options.topLogprobs !== undefined) this.pendingTokens.push(this.describe(id, sampled));
    const text = this.detokenizer.push(id);
    const events = this.emit(this.splitter.push(text));
    this.applyBudget(text);
    this.advanceGap();
    if (this.finish === undefined && complete) {
      this.finish = "grammar_end";
      events.push(...this.flush());
    }
    if (this.finish === undefined && this.tokens >= maxTokens) {
      this.finish = "length";
      events.push(...this.flush());
    }
    return events;
  }

  private applyBudget(text: string): void {
    const closing = this.budget?.observe(text);
    if (closing !== undefined) this.forced.push(...this.tokenizer.encodeWithAdded(closing));
  }

  /** Advances the grammar and computes the next mask. Returns true if the answer is complete. */
  private advanceGrammar(id: number): boolean {
    const matcher = this.options.constraint?.matcher;
    if (matcher?.accept(id) !== true) {
      throw new VireoError("internal_error", `the grammar does not allow token ${id}`);
    }
    this.mask = matcher.allowed;
    return matcher.finished;
  }

  private startConstraint(): void {
    const { constraint } = this.options;
    if (constraint === undefined) return;
    this.constrained = true;
    this.mask = constraint.matcher.allowed;
  }

  /** After the reasoning, waits for line breaks or forces them, then starts the constraint. */
  private advanceGap(): void {
    const { constraint } = this.options;
    const { splitter, forced } = this;
    if (!constraint || this.constrained || splitter.inReasoning || forced.length > 0) return;
    if (splitter.gap === "") {
      forced.push(...constraint.gapIds);
      return;
    }
    splitter.endGap();
    this.startConstraint();
  }

  /** Text that follows is not part of the answer. */
  private get textEnded(): boolean {
    return this.finish === "stop_string" || this.finish === "tool_call";
  }

  private flush(): ChatEvent[] {
    const pieces = this.splitter.push(this.detokenizer.flush());
    const events = this.emit([...pieces, ...this.splitter.flush()]);
    if (this.textEnded) return events;
    if (this.finish === "eos" && this.splitter.inReasoning)
      events.push(...this.emitReasoningAsText());
    if (this.textEnded) return events;
    const cutOff = this.finish === "length";
    events.push(...this.emitText(this.calls?.flush(cutOff) ?? []));
    if (this.textEnded) {
      // calls without a closing tag were cut off by the token limit
      if (cutOff && this.callCount > 0) this.finish = "length";
      return events;
    }
    const rest = this.stops.flush();
    if (rest !== "") events.push(this.event("text", rest));
    // tokens at the end that produced no text
    if (this.pendingTokens.length > 0)
      events.push(this.event(this.reasoning ? "reasoning" : "text", ""));
    return events;
  }

  /**
   * If the model ends its answer without `</think>`, the reasoning is the answer: its text is
   * emitted once more as text.
   */
  private emitReasoningAsText(): ChatEvent[] {
    this.reasoning = false;
    return this.pushText(this.reasoningText.replace(/^[\r\n]+/, ""));
  }

  private pushText(text: string): ChatEvent[] {
    return this.emitText(this.calls?.push(text) ?? [{ type: "text", text }]);
  }

  private emit(pieces: readonly AnswerPiece[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const { type, text } of pieces) {
      if (this.textEnded) return events;
      if (type === "reasoning") {
        this.reasoningText += text;
        events.push(this.event("reasoning", text));
        continue;
      }
      this.reasoning = false;
      events.push(...this.pushText(text));
    }
    return events;
  }

  private emitText(pieces: readonly ToolPiece[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const piece of pieces) {
      if (this.finish === "stop_string") return events;
      if (piece.type === "calls") {
        const rest = this.stops.flush();
        this.pendingTokens = []; // only text has log probabilities
        if (rest !== "") events.push(this.event("text", rest));
        for (const call of piece.calls) {
          events.push({ type: "tool_call", index: this.callCount++, ...call });
        }
        this.finish = "tool_call";
        return events;
      }
      const { text, stop } = this.stops.push(piece.text);
      if (text !== "") events.push(this.event("text", text));
      if (stop !== undefined) this.finish = "stop_string";
    }
    return events;
  }

  private event(type: "reasoning" | "text", text: string): ChatEvent {
    if (this.options.topLogprobs === undefined) return { type, text };
    const tokens = this.pendingTokens;
    this.pendingTokens = [];
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
