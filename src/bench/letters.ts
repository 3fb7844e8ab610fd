import type { Tokenizer } from "../text/tokenizer.ts";

/** Every token is the letter a: text that costs nothing to make. */
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
