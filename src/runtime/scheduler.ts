/** What the scheduler sees of a running sequence. */
export interface Candidate {
  /** Tokens of the sequence that are not in its state yet: 1 while it decodes. */
  readonly tokensPending: number;
  /** Of those, how many may run now; the rest wait for an image to be encoded. */
  readonly tokensReady: number;
}

export interface Share {
  /** Index of the candidate. */
  readonly index: number;
  readonly tokens: number;
}

/** A prompt gets at least so many rows of a step, so that products have something to bite on. */
const MIN_ROWS = 32;

/**
 * Chooses the rows of the next step.
 *
 * Sequences that decode come first, one row each, so that no stream waits for another's prompt.
 * Prompts divide what is left, and at most `promptRows(streams)`, evenly: a short question does not
 * wait behind a hundred pages. What one has no use for goes to the others, oldest first; where
 * there are too few rows for all of them, they take turns at being first. Pure: the same candidates
 * in the same turn give the same shares.
 *
 * candidates: oldest first. maxRows: rows of a step. turn: counts the steps.
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
 * The one of those who wait that is admitted next: the oldest of the tenant with the fewest running
 * sequences, so that nobody's hundred requests hold up another's one.
 *
 * waiting, running: tenants, oldest first. Returns an index of `waiting`.
 */
export function nextInTurn(waiting: readonly string[], running: readonly string[]): number {
  const counts = new Map<string, number>();
  for (const tenant of running) counts.set(tenant, (counts.get(tenant) ?? 0) + 1);
  const loads = waiting.map((tenant) => counts.get(tenant) ?? 0);
  return loads.indexOf(Math.min(...loads));
}
