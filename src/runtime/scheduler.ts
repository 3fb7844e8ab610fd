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

/**
 * Chooses the rows of the next step.
 *
 * Sequences that decode come first, one row each, so that no stream waits for another's prompt;
 * what the budget leaves goes to prompts, oldest first, in chunks. Pure: the same candidates give
 * the same shares.
 *
 * candidates: oldest first. rowsMax: rows of a step.
 */
export function shareStep(candidates: readonly Candidate[], rowsMax: number): Share[] {
  const shares: Share[] = [];
  let rowsLeft = rowsMax;
  candidates.forEach(({ tokensPending, tokensReady }, index) => {
    if (tokensPending !== 1 || tokensReady !== 1 || rowsLeft === 0) return;
    shares.push({ index, tokens: 1 });
    rowsLeft -= 1;
  });
  candidates.forEach(({ tokensPending, tokensReady }, index) => {
    const tokens = Math.min(tokensReady, rowsLeft);
    if (tokensPending <= 1 || tokens === 0) return;
    shares.push({ index, tokens });
    rowsLeft -= tokens;
  });
  return shares;
}
