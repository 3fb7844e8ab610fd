import { END_THINK, THINK } from "./reasoning.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { CLOSE_CALLS, OPEN_CALLS } from "./tool-calls.ts";

const TAGS: readonly string[] = [THINK, END_THINK, OPEN_CALLS, CLOSE_CALLS];

export interface Detokenizer {
  /** The text that has become certain: whole characters only. Often the empty string. */
  push(id: number): string;
  /** What is left; an unfinished character becomes U+FFFD. */
  flush(): string;
}

/**
 * Turns tokens into text one by one.
 *
 * A character may be spread over several tokens, so bytes are held back until it is whole. Special
 * tokens, as an end of turn, have no text; the tags that structure an answer have theirs, special
 * or not, because whoever reads the answer looks for them.
 */
export function createDetokenizer(tokenizer: Tokenizer): Detokenizer {
  const silent = tokenizer.addedTokens.filter((t) => t.special && !TAGS.includes(t.content));
  const special = new Set(silent.map((token) => token.id));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push(id) {
      if (special.has(id)) return "";
      return decoder.decode(tokenizer.bytesOf(id), { stream: true });
    },
    flush: () => decoder.decode(),
  };
}
