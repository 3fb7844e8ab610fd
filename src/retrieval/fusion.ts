/** A channel's ranking of pages, best first, and its weight. */
export interface Ranking<Channel extends string> {
  readonly channel: Channel;
  readonly weight: number;
  readonly pages: readonly number[];
}

export interface Fused<Channel extends string> {
  readonly page: number;
  /** 0 to 1: the share of the best score that the channels could give together. */
  readonly score: number;
  /** Rank from 1 in each channel that found the page. */
  readonly ranks: Readonly<Partial<Record<Channel, number>>>;
}

const RANK_OFFSET = 60;

/**
 * Reciprocal rank fusion: the sum of weight / (60 + rank). Equal scores keep the order in which
 * the channels, in their order, found the pages.
 */
export function fuse<Channel extends string>(
  rankings: readonly Ranking<Channel>[],
): Fused<Channel>[] {
  const found = new Map<number, { sum: number; ranks: Partial<Record<Channel, number>> }>();
  let best = 0;
  for (const { channel, weight, pages } of rankings) {
    best += weight / (RANK_OFFSET + 1);
    for (const [at, page] of pages.entries()) {
      const entry = found.get(page) ?? { sum: 0, ranks: {} as Partial<Record<Channel, number>> };
      entry.sum += weight / (RANK_OFFSET + at + 1);
      entry.ranks[channel] = at + 1;
      found.set(page, entry);
    }
  }
  return [...found]
    .map(([page, { sum, ranks }]) => ({ page, score: sum / best, ranks }))
    .sort((a, b) => b.score - a.score);
}
