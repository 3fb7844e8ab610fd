import type { Tokenizer } from "./tokenizer.ts";

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
 * tokens, as an end of turn, have no text.
 */
export function createDetokenizer(tokenizer: Tokenizer): Detokenizer {
  const special = new Set(tokenizer.addedTokens.filter((t) => t.special).map((token) => token.id));
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return {
    push(id) {
      if (special.has(id)) return "";
      return decoder.decode(tokenizer.bytesOf(id), { stream: true });
    },
    flush: () => decoder.decode(),
  };
}
