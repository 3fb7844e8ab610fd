/** A piece of text, and the page that it names, if any. */
export interface PagePiece {
  readonly text: string;
  readonly page?: number;
}

const CITATION = /\b(?:pages?|pp?\.)\s*(\d{1,5})\b/gi;

/** Splits a text at citations such as "page 3" and "p. 12". */
export function splitAtPages(text: string): readonly PagePiece[] {
  const pieces: PagePiece[] = [];
  let end = 0;
  for (const match of text.matchAll(CITATION)) {
    if (match.index > end) pieces.push({ text: text.slice(end, match.index) });
    pieces.push({ text: match[0], page: Number(match[1]) });
    end = match.index + match[0].length;
  }
  if (end < text.length || pieces.length === 0) pieces.push({ text: text.slice(end) });
  return pieces;
}

/** Returns the first page that the text names and the document has, otherwise 1. */
export function firstPage(text: string, pages: number | undefined): number {
  const named = splitAtPages(text).map(({ page }) => page ?? 0);
  return named.find((page) => page >= 1 && page <= (pages ?? 0)) ?? 1;
}
