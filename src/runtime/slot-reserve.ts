// Selects the sequence to preempt when a tenant lacks a slot, or a sequence lacks pages.

import { type Owned, sumByTenant } from "./scheduler.ts";

/** Time for which a slot stays free for tenants without one, after a sequence was preempted. */
const LINGER_MS = 2000;

/**
 * Gives every tenant that waits one slot: if none is free, the tenant with the most running
 * sequences loses its youngest. So nobody waits for another tenant's long answers to end.
 *
 * The slot then stays free for a while for tenants without a running sequence. Otherwise the
 * preempted sequence would be computed again between any two requests of a tenant that sends one
 * after the other.
 */
export class SlotReserve {
  private keptUntilMs = Number.NEGATIVE_INFINITY;

  /**
   * The sequence to preempt. waiting, running: oldest first. hasRoom: a slot and a page are free.
   */
  choose<T extends Owned>(
    waiting: readonly Owned[],
    running: readonly T[],
    hasRoom: boolean,
    nowMs: number,
  ): T | undefined {
    const counts = sumByTenant(running, () => 1);
    if (hasRoom || waiting.every(({ tenant }) => counts.has(tenant))) return undefined;
    const [tenant, count] = largest(counts);
    if (count < 2) return undefined;
    this.keptUntilMs = nowMs + LINGER_MS;
    return running.findLast((one) => one.tenant === tenant);
  }

  /** Whether the last free slot is kept from a waiting sequence of a tenant that has others. */
  keeps(next: Owned, running: readonly Owned[], slotsFree: number, nowMs: number): boolean {
    if (slotsFree > 1 || nowMs >= this.keptUntilMs) return false;
    return running.some(({ tenant }) => tenant === next.tenant);
  }
}

/**
 * The sequence that gives up its pages: the youngest of the tenant that holds the most, but never
 * the oldest of all, so that one always goes on and the others after it.
 *
 * running: at least one sequence, oldest first.
 */
export function pagesFrom<T extends Owned & { readonly pages: readonly number[] }>(
  running: readonly T[],
): T {
  const counts = sumByTenant(running, ({ pages }) => pages.length);
  const [oldest, ...younger] = running;
  const candidates = new Set(younger.map(({ tenant }) => tenant));
  const [tenant] = largest(new Map([...counts].filter(([name]) => candidates.has(name))));
  return younger.findLast((one) => one.tenant === tenant) ?? oldest!;
}

/** The last of the largest, since its tenant came last. */
function largest(counts: ReadonlyMap<string, number>): readonly [tenant: string, count: number] {
  let found: readonly [string, number] = ["", 0];
  for (const entry of counts) if (entry[1] >= found[1]) found = entry;
  return found;
}
