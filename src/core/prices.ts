import { VireoError } from "./errors.ts";

/** Trillionths (10⁻¹²) of a US dollar, so that no amount of money is a float. */
export type PicoUsd = bigint;

/** The operator's prices per token. */
export interface Prices {
  readonly prompt: PicoUsd;
  readonly completion: PicoUsd;
}

export const FREE: Prices = Object.freeze({ prompt: 0n, completion: 0n });

const DIGITS = 12;

/** Parses "0.0000002" to 200000. Throws invalid_option for text that is not a price. */
export function parsePrice(text: string, name: string): PicoUsd {
  const match = /^(\d{1,6})(?:\.(\d{1,12}))?$/.exec(text.trim());
  if (!match) {
    const message = `${name} is ${JSON.stringify(text)}; send US dollars per token, as 0.0000002`;
    throw new VireoError("invalid_option", message, { param: name });
  }
  return BigInt(match[1]! + (match[2] ?? "").padEnd(DIGITS, "0"));
}

/** Formats 200000 as "0.0000002", exactly. */
export function showPrice(price: PicoUsd): string {
  const digits = price.toString().padStart(DIGITS + 1, "0");
  const fraction = digits.slice(-DIGITS).replace(/0+$/, "");
  const whole = digits.slice(0, -DIGITS);
  return fraction === "" ? whole : `${whole}.${fraction}`;
}

export function costOf(
  { prompt, completion }: Prices,
  tokens: { readonly promptTokens: number; readonly completionTokens: number },
): PicoUsd {
  return prompt * BigInt(tokens.promptTokens) + completion * BigInt(tokens.completionTokens);
}

/** The cost of a request, by part. */
export interface Cost {
  readonly text: PicoUsd;
  /** Rows of pictures and videos in the prompt. */
  readonly media: PicoUsd;
  readonly completion: PicoUsd;
}

export function costParts(
  { prompt, completion }: Prices,
  tokens: {
    readonly promptTokens: number;
    readonly imageTokens: number;
    readonly videoTokens: number;
    readonly completionTokens: number;
  },
): Cost {
  const mediaTokens = tokens.imageTokens + tokens.videoTokens;
  return {
    text: prompt * BigInt(tokens.promptTokens - mediaTokens),
    media: prompt * BigInt(mediaTokens),
    completion: completion * BigInt(tokens.completionTokens),
  };
}

export function totalOf({ text, media, completion }: Cost): PicoUsd {
  return text + media + completion;
}

/** Undefined counts as nothing. */
export function addCosts(one: Cost | undefined, other: Cost | undefined): Cost | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return {
    text: one.text + other.text,
    media: one.media + other.media,
    completion: one.completion + other.completion,
  };
}
