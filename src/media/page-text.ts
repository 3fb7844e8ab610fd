/** The text layer of a page: only visible characters, in reading order. */
export interface PageText {
  /**
   * Lines end with "\n"; "\t" is a gap wider than a space, such as between columns. A hyphen at a
   * line's end may or may not belong to the word. There are no control characters.
   */
  readonly text: string;
  /** Four numbers per UTF-16 unit: left, top, right, bottom as shares of the page. */
  readonly boxes: Float32Array;
  /** 1 for each UTF-16 unit that is super- or subscript: note marks, exponents, indexes. */
  readonly raised: Uint8Array;
  /** Share of the page's ink, 0 to 1, that this text covers. The rest is only in the picture. */
  readonly coverage: number;
  /** Number of characters without a glyph in any font; the rendered page lacks them. */
  readonly undrawn: number;
}

export const NO_TEXT: PageText = Object.freeze({
  text: "",
  boxes: new Float32Array(0),
  raised: new Uint8Array(0),
  coverage: 0,
  undrawn: 0,
});
