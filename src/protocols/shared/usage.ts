import type { ChatEvent, Timings, Usage } from "../../core/chat.ts";
import {
  addCosts,
  type Cost,
  costParts,
  type PicoUsd,
  type Prices,
  showPrice,
  totalOf,
} from "../../core/prices.ts";

export type EndEvent = Extract<ChatEvent, { type: "end" }>;

/** The native finish reason: `stop` for the end token, like other hosts of this model family. */
export function nativeFinish({ nativeReason }: EndEvent): string {
  return nativeReason === "eos" ? "stop" : nativeReason;
}

/** An event of one of several answers. choice: index of the answer; undefined: 0. */
export type ChoiceEvent = ChatEvent & { readonly choice?: number };

export interface UsageBody {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: Readonly<Record<string, number>>;
  readonly completion_tokens_details: Readonly<Record<string, number>>;
  /** US dollars; absent without prices. */
  readonly cost?: number;
  readonly cost_details?: Readonly<Record<string, number>>;
  readonly is_byok?: boolean;
  /** The provider reported no counts, so that they were counted here. Absent: it did. */
  readonly estimated?: true;
}

/**
 * Sums the usage of all answers to a request. A prompt's tokens count once: each group of
 * `answersPerPrompt` consecutive answers shares one prompt.
 */
export class UsageCounter {
  private readonly answersPerPrompt: number;
  private sum: Usage = {
    promptTokens: 0,
    imageTokens: 0,
    videoTokens: 0,
    cachedTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
  };
  private longest: Timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };

  constructor(answersPerPrompt = 1) {
    this.answersPerPrompt = answersPerPrompt;
  }

  /** The sum so far; complete when all answers have ended. */
  get usage(): Usage {
    return this.sum;
  }

  /** The longest time of each kind, since answers run concurrently. */
  get timings(): Timings {
    return this.longest;
  }

  /** Passes events through and adds the usage of each end. */
  async *track<E extends ChoiceEvent>(events: AsyncIterable<E>): AsyncGenerator<E> {
    for await (const event of events) {
      this.see(event);
      yield event;
    }
  }

  /** Adds the usage of an end; other events change nothing. */
  see(event: ChoiceEvent): void {
    if (event.type === "end") this.add(event, event.choice ?? 0);
  }

  add({ usage, timings }: EndEvent, choice: number): void {
    const { sum, longest: slowest } = this;
    const isFirst = choice % this.answersPerPrompt === 0;
    this.sum = {
      promptTokens: sum.promptTokens + (isFirst ? usage.promptTokens : 0),
      imageTokens: sum.imageTokens + (isFirst ? usage.imageTokens : 0),
      videoTokens: sum.videoTokens + (isFirst ? usage.videoTokens : 0),
      cachedTokens: sum.cachedTokens + (isFirst ? usage.cachedTokens : 0),
      completionTokens: sum.completionTokens + usage.completionTokens,
      reasoningTokens: sum.reasoningTokens + usage.reasoningTokens,
      ...(sum.estimated || usage.estimated ? { estimated: true } : {}),
      ...(sum.isByok || usage.isByok ? { isByok: true } : {}),
      ...addedCosts(sum, usage),
    };
    this.longest = {
      queueMs: Math.max(slowest.queueMs, timings.queueMs),
      mediaMs: Math.max(slowest.mediaMs, timings.mediaMs),
      prefillMs: Math.max(slowest.prefillMs, timings.prefillMs),
      decodeMs: Math.max(slowest.decodeMs, timings.decodeMs),
    };
  }
}

/** prices: undefined omits the cost. */
export function toUsage(usage: Usage, prices?: Prices): UsageBody {
  const { promptTokens, imageTokens, videoTokens } = usage;
  const { cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: {
      cached_tokens: cachedTokens,
      audio_tokens: 0,
      text_tokens: promptTokens - imageTokens - videoTokens,
      image_tokens: imageTokens,
      video_tokens: videoTokens,
      file_tokens: 0,
    },
    completion_tokens_details: {
      reasoning_tokens: reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
    ...(usage.estimated === true ? { estimated: true } : {}),
    ...toCost(usage, prices),
  };
}

/** Costs of answers by different providers add up; answers at the model's prices have none yet. */
function addedCosts(sum: Usage, usage: Usage): Pick<Usage, "cost" | "providerCost"> {
  const cost = addCosts(sum.cost, usage.cost);
  const providerCost = addCosts(sum.providerCost, usage.providerCost);
  return { ...(cost && { cost }), ...(providerCost && { providerCost }) };
}

export function hasPrice(prices: Prices): boolean {
  return prices.prompt > 0n || prices.completion > 0n;
}

/** The cost of a usage: as its provider charges, else at the model's prices. Undefined: free. */
export function costOfUsage(usage: Usage, prices?: Prices): Cost | undefined {
  if (usage.cost !== undefined) return usage.cost;
  return prices !== undefined && hasPrice(prices) ? costParts(prices, usage) : undefined;
}

function toCost(
  usage: Usage,
  prices?: Prices,
): Pick<UsageBody, "cost" | "cost_details" | "is_byok"> {
  const cost = costOfUsage(usage, prices);
  if (cost === undefined) return {};
  const { providerCost, isByok = false } = usage;
  return {
    cost: toNumber(totalOf(cost)),
    cost_details: {
      upstream_inference_cost: providerCost === undefined ? 0 : toNumber(totalOf(providerCost)),
      input: toNumber(cost.text),
      media: toNumber(cost.media),
      output: toNumber(cost.completion),
    },
    is_byok: isByok,
  };
}

/** The number nearest to an exact sum, for output only. */
function toNumber(sum: PicoUsd): number {
  return Number(showPrice(sum));
}
