import { TurnOrder } from "../core/turn-order.ts";

/** A running sequence as the scheduler sees it. */
export interface Candidate {
  readonly tenant: string;
  /** Tokens that are not in the state yet: 1 while the sequence decodes. */
  readonly tokensPending: number;
  /** Pending tokens that may run now; the rest wait for an image to be encoded. */
  readonly tokensReady: number;
}

export interface Share {
  /** Index of the candidate. */
  readonly index: number;
  readonly tokens: number;
}

/** Minimum of rows per prompt in a step; matrix products of fewer rows waste time. */
const MIN_ROWS = 32;

/**
 * Chooses the rows of the next step.
 *
 * Decoding sequences come first with one row each, so that no stream waits for another's prompt.
 * Tenants share the remaining rows, at most `promptRows(streams)`, evenly, and each tenant's
 * prompts share its rows: a short question does not wait behind a hundred pages or requests. Rows
 * that one cannot use go to the others, oldest first. If there are too few rows for all, they take
 * turns, and one that comes new is next. Pure: equal arguments give equal shares.
 *
 * candidates: oldest first. maxRows: rows of a step. turns: earlier turns at prompt rows.
 */
export function shareStep<T extends Candidate>(
  candidates: readonly T[],
  maxRows: number,
  promptRows: (streams: number) => number = () => maxRows,
  turns: TurnOrder<T> = new TurnOrder(),
): Share[] {
  const shares: Share[] = [];
  for (const [index, { tokensPending, tokensReady }] of candidates.entries()) {
    if (tokensPending !== 1 || tokensReady !== 1 || shares.length === maxRows) continue;
    shares.push({ index, tokens: 1 });
  }
  const rows = Math.min(maxRows - shares.length, promptRows(shares.length));
  const prompts = [...candidates.entries()]
    .filter(([, { tokensPending, tokensReady }]) => tokensPending > 1 && tokensReady > 0)
    .map(([index, item]) => ({ index, item, tenant: item.tenant, wanted: item.tokensReady }));
  for (const { index, tokens } of sharePrompts(prompts, rows, turns)) {
    if (tokens > 0) shares.push({ index, tokens });
  }
  return shares;
}

interface Prompt<T extends object> {
  readonly index: number;
  readonly item: T;
  readonly tenant: string;
  /** Rows that it can use. */
  readonly wanted: number;
}

function sharePrompts<T extends object>(
  prompts: readonly Prompt<T>[],
  rows: number,
  turns: TurnOrder<T>,
): Share[] {
  const inTurn = (list: readonly Prompt<T>[]) => turns.sorted(list);
  const groups = new Map<string, Prompt<T>[]>();
  const areScarce = rows < new Set(prompts.map(({ tenant }) => tenant)).size * MIN_ROWS;
  for (const prompt of areScarce ? inTurn(prompts) : prompts) {
    groups.set(prompt.tenant, [...(groups.get(prompt.tenant) ?? []), prompt]);
  }
  const own = [...groups.values()];
  const wanted = own.map((group) => group.reduce((sum, one) => sum + one.wanted, 0));
  return divide(wanted, rows).flatMap((tenantRows, at) => {
    const group = own[at]!;
    const ordered = tenantRows < group.length * MIN_ROWS ? inTurn(group) : group;
    const tokens = divide(
      ordered.map((one) => one.wanted),
      tenantRows,
    );
    return ordered.map(({ index }, position) => ({ index, tokens: tokens[position]! }));
  });
}

/** Divides rows evenly, at least MIN_ROWS each; what one does not want goes to the first others. */
function divide(wanted: readonly number[], rows: number): number[] {
  const given = wanted.map(() => 0);
  const fair = Math.max(MIN_ROWS, Math.floor(rows / Math.max(1, wanted.length)));
  let left = rows;
  for (const limit of [fair, rows]) {
    for (const [at, total] of wanted.entries()) {
      const more = Math.min(total - given[at]!, limit, left);
      given[at]! += more;
      left -= more;
    }
  }
  return given;
}

/** A sequence that waits or runs. */
export interface Owned {
  readonly tenant: string;
}

/** Sums the sizes of each tenant's sequences; a tenant whose sum is 0 is in it too. */
export function sumByTenant<T extends Owned>(
  sequences: readonly T[],
  sizeOf: (sequence: T) => number,
): Map<string, number> {
  const sums = new Map<string, number>();
  for (const one of sequences) sums.set(one.tenant, (sums.get(one.tenant) ?? 0) + sizeOf(one));
  return sums;
}

/**
 * Chooses the next sequence to admit: of the tenants with the fewest running sequences, the one
 * whose last turn is longest ago, so that one tenant's hundred requests do not delay another
 * tenant's single one. Of its sequences the first.
 *
 * waiting, running: oldest first. Returns an index into `waiting`, which must not be empty.
 */
export function nextInTurn<T extends Owned>(
  waiting: readonly T[],
  running: readonly T[],
  turns: Pick<TurnOrder<T>, "lastTurnOf">,
): number {
  const counts = sumByTenant(running, () => 1);
  let best = 0;
  const isBefore = (a: string, b: string): boolean => {
    const fewer = (counts.get(a) ?? 0) - (counts.get(b) ?? 0);
    return fewer === 0 ? turns.lastTurnOf(a) < turns.lastTurnOf(b) : fewer < 0;
  };
  for (const [at, { tenant }] of waiting.entries()) {
    if (isBefore(tenant, waiting[best]!.tenant)) best = at;
  }
  return best;
}
