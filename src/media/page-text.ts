/** A page's own text as people see it: only what is drawn, in reading order. */
export interface PageText {
  /**
   * Lines end with "\n"; "\t" stands for a gap that is wider than a word's, as between columns.
   * A hyphen at a line's end may be one of the word or not. There are no control characters.
   */
  readonly text: string;
  /** Of each UTF-16 unit of the text: left, top, right, bottom as shares of the page. */
  readonly boxes: Float32Array;
  /** 1 for each UTF-16 unit that stands above or below its line: note marks, exponents, indexes. */
  readonly raised: Uint8Array;
  /** Share of the page's ink, 0 to 1, that this text covers. The rest only the picture shows. */
  readonly coverage: number;
  /** Characters for which no font has a glyph: the picture of the page lacks them. */
  readonly undrawn: number;
}

export const NO_TEXT: PageText = Object.freeze({
  text: "",
  boxes: new Float32Array(0),
  raised: new Uint8Array(0),
  coverage: 0,
  undrawn: 0,
});
