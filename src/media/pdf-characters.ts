/** Left, top, right, bottom as shares of the visible page. */
export type CharacterBox = readonly [number, number, number, number];

/** A run of characters from one text operator. */
export interface TextObject {
  readonly pointer: number;
  /** Height of the font in points, after scaling. */
  readonly size: number;
  /** Direction of its line on the page, a unit vector. */
  readonly along: readonly [number, number];
  /** Mode 3, for text behind a scan, and mode 7, which only clips: no ink of their own. */
  readonly isInvisible: boolean;
  readonly isEmbedded: boolean;
  /** The ActualText of this run, shared by all runs of the same piece of marked content. */
  readonly actualText: { readonly mark: number; readonly text: string } | undefined;
}

export interface Character {
  readonly text: string;
  readonly object: TextObject;
  /** Position of its baseline, in points of the page before rotation. */
  readonly origin: readonly [number, number];
  /** Left and right ends along the line, in the same points. */
  readonly extent: readonly [number, number];
  readonly box: CharacterBox;
  /** The blanks that PDFium reports before it, if any. */
  readonly blank: string | undefined;
  /** Whether it is visible on the page; `pdf-ink.ts` sets it. */
  isDrawn: boolean;
}

export interface PageCharacters {
  readonly characters: readonly Character[];
  /** Number of codes that no table maps to a character. */
  readonly unreadable: number;
}
