import type { Character, CharacterBox } from "./pdf-characters.ts";
import type { Scratch } from "./pdf-scratch.ts";
import type { PdfiumCalls } from "./pdfium.ts";

const OBJECT_TEXT = 1;

/**
 * Several runs may draw one piece of marked content with ActualText, such as clusters of Thai and
 * Hindi. PDFium repeats the text for each run; this keeps it once, over the area of all runs.
 */
export function gatherActualText(
  pdfium: PdfiumCalls,
  scratch: Scratch,
  page: number,
  characters: readonly Character[],
): Character[] {
  const pieces = new Map<number, Character[]>();
  const kept = characters.filter((character) => {
    const { object } = character;
    if (object.actualText === undefined) return true;
    const { mark } = object.actualText;
    const piece = pieces.get(mark);
    if (piece === undefined) pieces.set(mark, [character]);
    else if (piece[0]!.object === object) piece.push(character);
    else return false;
    return true;
  });
  if (pieces.size === 0) return kept;
  const places = placesOf(pdfium, scratch, page);
  const moved = new Map<Character, Character>();
  for (const [mark, piece] of pieces) {
    const place = places.get(mark);
    const isLevel = piece[0]!.object.along[0] > 0.99;
    if (place === undefined || !isLevel) continue;
    const [left, top, right, bottom] = place;
    const width = (right - left) / piece.length;
    for (const [at, character] of piece.entries()) {
      const extent = [left + at * width, left + (at + 1) * width] as const;
      const box = scratch.seen(page, [extent[0], top, extent[1], bottom]);
      moved.set(character, { ...character, extent, box });
    }
  }
  return kept.map((character) => moved.get(character) ?? character);
}

/** The area of each piece's runs by its mark: left, top, right, bottom in points. */
function placesOf(pdfium: PdfiumCalls, scratch: Scratch, page: number): Map<number, CharacterBox> {
  const places = new Map<number, CharacterBox>();
  const count = pdfium._FPDFPage_CountObjects(page);
  for (let index = 0; index < count; index++) {
    const object = pdfium._FPDFPage_GetObject(page, index);
    if (pdfium._FPDFPageObj_GetType(object) !== OBJECT_TEXT) continue;
    const mark = scratch.actualText(object)?.mark;
    if (mark === undefined) continue;
    const [left, top, right, bottom] = scratch.objectBounds(object);
    const known = places.get(mark) ?? [left, top, right, bottom];
    places.set(mark, [
      Math.min(left, known[0]),
      Math.max(top, known[1]),
      Math.max(right, known[2]),
      Math.min(bottom, known[3]),
    ]);
  }
  return places;
}
