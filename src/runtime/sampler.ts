import { randomBytes } from "node:crypto";
import type { SampleRow } from "../backends/backend.ts";
import type { SamplingOptions } from "../core/chat.ts";

const MASK = (1n << 64n) - 1n;

/** SplitMix64's output function: a well-mixed 64-bit number for each input. */
function mixed(value: bigint): bigint {
  let z = (value + 0x9e3779b97f4a7c15n) & MASK;
  z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return z ^ (z >> 31n);
}

/**
 * The random number in [0, 1) for a sequence's token number `index`. It depends on the seed and the
 * index alone, so neither batching nor preemption changes the sampled token.
 */
export function uniformAt(seed: bigint, index: number): number {
  const bits = mixed(mixed(seed & MASK) ^ BigInt(index));
  return Number(bits >> 40n) / 2 ** 24;
}

/** Sampling state of one sequence: its options, random numbers and token counts. */
export class Sampler {
  private readonly options: SamplingOptions;
  private readonly seed: bigint;
  private readonly alternatives: number;
  /** Token id → times generated, 0 for prompt tokens; empty while no penalty needs it. */
  private readonly counts = new Map<number, number>();
  private readonly penalised: boolean;
  private readonly banned: readonly (readonly number[])[];
  /** The latest tokens, one fewer than the longest banned sequence has. */
  private readonly latest: number[] = [];

  /** banned: token sequences; the last token is forbidden right after the others. */
  constructor(
    options: SamplingOptions,
    promptIds: readonly number[],
    topLogprobs: number | undefined,
    banned: readonly (readonly number[])[] = [],
  ) {
    this.banned = banned;
    this.options = options;
    this.seed = options.seed ?? randomBytes(8).readBigUInt64LE();
    this.alternatives = topLogprobs ?? -1;
    const { repetitionPenalty, frequencyPenalty, presencePenalty } = options;
    this.penalised = repetitionPenalty !== 1 || frequencyPenalty !== 0 || presencePenalty !== 0;
    if (repetitionPenalty !== 1) for (const id of promptIds) this.counts.set(id, 0);
  }

  accept(id: number): void {
    if (this.penalised) this.counts.set(id, (this.counts.get(id) ?? 0) + 1);
    if (this.banned.length === 0) return;
    this.latest.push(id);
    const maxLatest = this.banned.reduce((longest, ids) => Math.max(longest, ids.length - 1), 0);
    if (this.latest.length > maxLatest) this.latest.shift();
  }

  /**
   * index: number of tokens generated before this one. forbidden: ids that must not be sampled.
   * allowed: bit mask of the only ids that may be sampled (see SampleRow).
   */
  row(index: number, forbidden: readonly number[], allowed?: Int32Array): SampleRow {
    const { logitBias, seed: _, badWords: __, ...sampling } = this.options;
    const ids = [...forbidden, ...this.bannedNow()];
    const ban = ids.map((id) => [id, Number.NEGATIVE_INFINITY] as const);
    return {
      ...sampling,
      uniform: sampling.temperature > 0 ? uniformAt(this.seed, index) : 0,
      alternatives: this.alternatives,
      history: this.history(),
      bias: ban.length === 0 ? logitBias : [...logitBias, ...ban],
      ...(allowed === undefined ? {} : { allowed }),
    };
  }

  private bannedNow(): number[] {
    const { banned, latest } = this;
    const next = banned.filter((ids) => {
      const before = latest.length - (ids.length - 1);
      return before >= 0 && ids.slice(0, -1).every((id, at) => latest[before + at] === id);
    });
    return next.flatMap((ids) => ids.slice(-1));
  }

  private history(): Int32Array {
    const words = new Int32Array(this.counts.size * 2);
    let at = 0;
    for (const [id, count] of this.counts) {
      words[at++] = id;
      words[at++] = count;
    }
    return words;
  }
}
