/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

const BYTES_PER_TOKEN = 4;

/** The usual rule of thumb, where no tokenizer is at hand: four bytes of UTF-8 are a token. */
export const roughCount: CountTokens = (text) => {
  return Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN);
};
