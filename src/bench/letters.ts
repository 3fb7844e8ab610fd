import type { Tokenizer } from "../text/tokenizer.ts";

/** A tokenizer whose every token is the letter a, so that text costs nothing. */
export const LETTERS: Tokenizer = {
  addedTokens: [],
  vocabularySize: 132096,
  encodeText: () => [],
  encodeWithAdded: () => [],
  splitAdded: (text) => [text],
  idOf: () => undefined,
  bytesOf: () => Uint8Array.of(97),
  decode: (ids) => "a".repeat(ids.length),
};
