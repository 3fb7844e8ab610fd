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
  /** Strings that end the text; they do not apply to reasoning and inside tool calls. */
  readonly stop: readonly string[];
  readonly maxTokens: number;
  readonly minTokens: number;
  readonly ignoreEos: boolean;
  readonly eosIds: readonly number[];
  /** Tokens that end an answer, ignoreEos or not. */
  readonly stopTokenIds?: readonly number[];
  /** Alternatives per token; undefined for no log probabilities. */
  readonly topLogprobs?: number;
  /**
   * offered: look for tool calls. hidden: there are none to be made, but the model has seen some
   * and may write more; they are shown as text without tags. Undefined: do not look.
   */
  readonly tools?: "offered" | "hidden" | undefined;
  /** Holds for what comes after the reasoning. */
  readonly constraint?: Constraint;
}

/** Sampled columns of one token: see SAMPLE_COLUMNS. Empty for a token that was forced. */
export type SampledRow = Float32Array;

/**
 * Turns a sequence's tokens into what is said of it: whole characters, reasoning apart from text,
 * tool calls apart from both, nothing that could be the beginning of a stop string; and knows when
 * it is over.
 *
 * A constraint begins with the first token after `</think>` and the line breaks that follow it; if
 * the model gives none, they are put there; an end token cannot come before. From then on it has
 * the last word: no bias lifts it, an end token ends the answer even with ignoreEos, and an answer
 * to which nothing can be added ends even before minTokens.
 */
export class Answer {
  tokens = 0;
  reasoningTokens = 0;
  finish: NativeFinishReason | undefined;
  /** Ids that are put into the answer next: the end of a thinking budget, a line break. */
  readonly forced: number[] = [];
  private readonly tokenizer: Tokenizer;
  private readonly options: AnswerOptions;
  private readonly detokenizer;
  private readonly splitter;
  private readonly calls;
  private readonly stops;
  private readonly budget;
  private reasoning: boolean;
  private constrained = false;
  private mask: Int32Array | undefined;
  private callsMade = 0;
  private thought = "";
  private waiting: ChosenToken[] = [];

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
    if (!options.reasoningOpen) this.constrain();
  }

  /** Ids that may not come next. */
  get forbidden(): readonly number[] {
    const { minTokens, eosIds, constraint } = this.options;
    const thinks = constraint !== undefined && this.splitter.inReasoning;
    const ends = thinks || this.tokens < minTokens ? [...eosIds, ...this.stopTokenIds] : [];
    return thinks ? [...ends, ...constraint.overrunning(this.splitter.held)] : ends;
  }

  /** The only tokens that may come next, as SampleRow has it; undefined for all. */
  get allowed(): Int32Array | undefined {
    return this.mask;
  }

  /** Under a constraint they end an answer only where it may end. */
  private get stopTokenIds(): readonly number[] {
    const { constraint, stopTokenIds = [] } = this.options;
    const mayEnd = constraint === undefined || (this.constrained && constraint.matcher.mayEnd);
    return mayEnd ? stopTokenIds : [];
  }

  /**
   * Takes the next token and returns what can be said now.
   *
   * Throws a VireoError if the constraint cannot be kept to any longer.
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
    const complete = this.constrained && this.follow(id);
    if (this.options.topLogprobs !== undefined) this.waiting.push(this.describe(id, sampled));
    const text = this.detokenizer.push(id);
    const events = this.say(this.splitter.push(text));
    this.force(text);
    this.beginConstraint();
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

  private force(text: string): void {
    const closing = this.budget?.observe(text);
    if (closing !== undefined) this.forced.push(...this.tokenizer.encodeWithAdded(closing));
  }

  /** Goes on in the grammar; true if nothing can come any more. The next mask is made now. */
  private follow(id: number): boolean {
    const matcher = this.options.constraint?.matcher;
    if (matcher?.accept(id) !== true) {
      throw new VireoError("internal_error", `token ${id} is not what the grammar allows`);
    }
    this.mask = matcher.allowed;
    return matcher.finished;
  }

  private constrain(): void {
    const { constraint } = this.options;
    if (constraint === undefined) return;
    this.constrained = true;
    this.mask = constraint.matcher.allowed;
  }

  private beginConstraint(): void {
    const { constraint } = this.options;
    const { splitter, forced } = this;
    if (!constraint || this.constrained || splitter.inReasoning || forced.length > 0) return;
    if (splitter.gap === "") {
      forced.push(...constraint.gapIds);
      return;
    }
    splitter.endGap();
    this.constrain();
  }

  /** Whatever else was generated is no part of the answer. */
  private get saidAll(): boolean {
    return this.finish === "stop_string" || this.finish === "tool_call";
  }

  private flush(): ChatEvent[] {
    const pieces = this.splitter.push(this.detokenizer.flush());
    const events = this.say([...pieces, ...this.splitter.flush()]);
    if (this.saidAll) return events;
    if (this.finish === "eos" && this.splitter.inReasoning) events.push(...this.sayThought());
    if (this.saidAll) return events;
    const cutOff = this.finish === "length";
    events.push(...this.sayText(this.calls?.flush(cutOff) ?? []));
    if (this.saidAll) {
      // calls whose tag was not closed do not hide that more was to come
      if (cutOff && this.callsMade > 0) this.finish = "length";
      return events;
    }
    const rest = this.stops.flush();
    if (rest !== "") events.push(this.event("text", rest));
    // tokens at the end that no text came from
    if (this.waiting.length > 0) events.push(this.event(this.reasoning ? "reasoning" : "text", ""));
    return events;
  }

  /**
   * A model that ends its answer by itself without `</think>` has answered, if in the wrong place:
   * what was said as reasoning is said once more, as the answer.
   */
  private sayThought(): ChatEvent[] {
    this.reasoning = false;
    return this.pushText(this.thought.replace(/^[\r\n]+/, ""));
  }

  private pushText(text: string): ChatEvent[] {
    return this.sayText(this.calls?.push(text) ?? [{ type: "text", text }]);
  }

  private say(pieces: readonly AnswerPiece[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const { type, text } of pieces) {
      if (this.saidAll) return events;
      if (type === "reasoning") {
        this.thought += text;
        events.push(this.event("reasoning", text));
        continue;
      }
      this.reasoning = false;
      events.push(...this.pushText(text));
    }
    return events;
  }

  private sayText(pieces: readonly ToolPiece[]): ChatEvent[] {
    const events: ChatEvent[] = [];
    for (const piece of pieces) {
      if (this.finish === "stop_string") return events;
      if (piece.type === "calls") {
        const rest = this.stops.flush();
        this.waiting = []; // log probabilities are those of text
        if (rest !== "") events.push(this.event("text", rest));
        for (const call of piece.calls) {
          events.push({ type: "tool_call", index: this.callsMade++, ...call });
        }
        this.finish = "tool_call";
        return events;
      }
      const said = this.stops.push(piece.text);
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
