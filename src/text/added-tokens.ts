/** A token that stands beside the BPE vocabulary, such as `<SPECIAL_12>` or `<image>`. */
export interface AddedToken {
  readonly id: number;
  readonly content: string;
  /** Left out of decoded text. `<think>` may be an added token that is not special. */
  readonly special: boolean;
}

/** A run of ordinary text, or an added token found in it. */
export type TextRun = string | AddedToken;

/** The added tokens of a tokenizer, all that a chat template needs of it. */
export interface AddedTokens {
  readonly addedTokens: readonly AddedToken[];
  /** Cuts trusted text at its added tokens, the longest first. */
  splitAdded(text: string): TextRun[];
}

/** Indexes added tokens by their text. */
export function openAddedTokens(addedTokens: readonly AddedToken[]): AddedTokens {
  const byContent = new Map(addedTokens.map((token) => [token.content, token]));
  const lengths = [...new Set([...byContent.keys()].map((key) => key.length))].sort(
    (a, b) => b - a,
  );
  const firstUnits = new Set([...byContent.keys()].map((key) => key.charCodeAt(0)));
  const tokenAt = (text: string, at: number): AddedToken | undefined => {
    if (!firstUnits.has(text.charCodeAt(at))) return undefined;
    for (const length of lengths) {
      const token = byContent.get(text.slice(at, at + length));
      if (token !== undefined) return token;
    }
    return undefined;
  };
  const splitAdded = (text: string): TextRun[] => {
    const runs: TextRun[] = [];
    let start = 0;
    for (let at = 0; at < text.length; ) {
      const token = tokenAt(text, at);
      if (token === undefined) {
        at += 1;
        continue;
      }
      if (at > start) runs.push(text.slice(start, at));
      runs.push(token);
      at += token.content.length;
      start = at;
    }
    if (start < text.length) runs.push(text.slice(start));
    return runs;
  };
  return { addedTokens, splitAdded };
}
