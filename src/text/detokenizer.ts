import { END_THINK, THINK } from "./reasoning.ts";
import type { Tokenizer } from "./tokenizer.ts";
import { CLOSE_CALLS, OPEN_CALLS } from "./tool-calls.ts";

const TAGS: readonly string[] = [THINK, END_THINK, OPEN_CALLS, CLOSE_CALLS];

export interface Detokenizer {
  /** Returns the text that is complete: whole characters only, often the empty string. */
  push(id: number): string;
  /** Returns the rest; an incomplete character becomes U+FFFD. */
  flush(): string;
}

/**
 * Turns tokens into text one by one.
 *
 * A character may span several tokens, so bytes are held back until it is complete. Special tokens,
 * such as the end of a turn, have no text. Tags that structure an answer keep their text, special
 * or not, because the parsers of the answer need them.
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
