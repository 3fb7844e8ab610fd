import { dropOldest } from "./drop-oldest.ts";

/** Something that may have the next turn. */
export interface Candidate<T extends object> {
  readonly tenant: string;
  readonly item: T;
}

/** Tenants that are remembered although they have no candidate. */
const MAX_IDLE_TENANTS = 1024;

/**
 * Chooses among candidates that change from turn to turn: the tenant whose last turn is longest
 * ago, and of its candidates the one whose last turn is longest ago. A tenant or candidate that had
 * none is first. So among n tenants each waits for n − 1 turns at most, and a new one for none.
 */
export class TurnOrder<T extends object> {
  private turns = 0;
  /** Number of each tenant's last turn, ascending. */
  private readonly tenants = new Map<string, number>();
  private readonly items = new WeakMap<T, number>();

  /** Number of the tenant's last turn, from 1; 0 without one. */
  lastTurnOf(tenant: string): number {
    return this.tenants.get(tenant) ?? 0;
  }

  lastTurnOfItem(item: T): number {
    return this.items.get(item) ?? 0;
  }

  /** Sorts by turn, the next first; equals keep their order. */
  sorted<C extends Candidate<T>>(candidates: readonly C[]): C[] {
    return [...candidates].sort((a, b) => {
      const tenants = this.lastTurnOf(a.tenant) - this.lastTurnOf(b.tenant);
      return tenants || this.lastTurnOfItem(a.item) - this.lastTurnOfItem(b.item);
    });
  }

  /** Records that the candidate has had a turn. */
  record({ tenant, item }: Candidate<T>): void {
    this.turns += 1;
    this.tenants.delete(tenant);
    this.tenants.set(tenant, this.turns);
    this.items.set(item, this.turns);
    dropOldest(this.tenants, MAX_IDLE_TENANTS);
  }
}
