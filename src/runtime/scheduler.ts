/** A running sequence as the scheduler sees it. */
export interface Candidate {
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
 * Prompts share the remaining rows, at most `promptRows(streams)`, evenly: a short question does
 * not wait behind a hundred pages. Rows that one prompt cannot use go to the others, oldest first.
 * If there are too few rows for all prompts, they take turns at being first. Pure: equal arguments
 * give equal shares.
 *
 * candidates: oldest first. maxRows: rows of a step. turn: number of the step.
 */
export function shareStep(
  candidates: readonly Candidate[],
  maxRows: number,
  promptRows: (streams: number) => number = () => maxRows,
  turn = 0,
): Share[] {
  const shares: Share[] = [];
  for (const [index, { tokensPending, tokensReady }] of candidates.entries()) {
    if (tokensPending !== 1 || tokensReady !== 1 || shares.length === maxRows) continue;
    shares.push({ index, tokens: 1 });
  }
  let rowsLeft = Math.min(maxRows - shares.length, promptRows(shares.length));
  const waiting = [...candidates.entries()]
    .filter(([, { tokensPending, tokensReady }]) => tokensPending > 1 && tokensReady > 0)
    .map(([index, { tokensReady }]) => ({ index, tokensReady, tokens: 0 }));
  const count = Math.max(1, waiting.length);
  const first = rowsLeft < count * MIN_ROWS ? turn % count : 0;
  const prompts = [...waiting.slice(first), ...waiting.slice(0, first)];
  const fair = Math.max(MIN_ROWS, Math.floor(rowsLeft / count));
  for (const limit of [fair, maxRows]) {
    for (const prompt of prompts) {
      const more = Math.min(prompt.tokensReady - prompt.tokens, limit, rowsLeft);
      prompt.tokens += more;
      rowsLeft -= more;
    }
  }
  const given = prompts.filter(({ tokens }) => tokens > 0);
  return [...shares, ...given.map(({ index, tokens }) => ({ index, tokens }))];
}

/**
 * Chooses the next sequence to admit: the oldest one of the tenant with the fewest running
 * sequences, so that one tenant's hundred requests do not delay another tenant's single one.
 *
 * waiting, running: tenant of each sequence, oldest first. Returns an index into `waiting`.
 */
export function nextInTurn(waiting: readonly string[], running: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const tenant of running) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const loads = waiting.map((tenant) => counts.get(tenant) ?? 0);
  return loads.indexOf(Math.min(...loads));
}
