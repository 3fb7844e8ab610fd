// Reads the characters of a page with their properties, and joins them to text. PDFium's order is
// kept; blanks and line ends are decided here, from the positions of the characters.

import { LIMITS } from "../core/limits.ts";
import type { PageText } from "./page-text.ts";
import { gatherActualText } from "./pdf-actual-text.ts";
import type { Character, CharacterBox, PageCharacters, TextObject } from "./pdf-characters.ts";
import type { Scratch } from "./pdf-scratch.ts";
import type { PdfiumCalls } from "./pdfium.ts";

/** Reads at most LIMITS.page.textCharacters. */
export function readCharacters(
  pdfium: PdfiumCalls,
  scratch: Scratch,
  page: number,
): PageCharacters {
  const layer = pdfium._FPDFText_LoadPage(page);
  if (layer === 0) return { characters: [], unreadable: 0 };
  const objects = new Map<number, TextObject>();
  const characters: Character[] = [];
  let unreadable = 0;
  let blank: string | undefined;
  const count = Math.min(pdfium._FPDFText_CountChars(layer), LIMITS.page.textCharacters);
  for (let index = 0; index < count; index++) {
    const code = pdfium._FPDFText_GetUnicode(layer, index) >>> 0;
    const isGenerated = pdfium._FPDFText_IsGenerated(layer, index) === 1;
    const plain = code <= 0x10ffff ? String.fromCodePoint(code) : "\uffff";
    const hasError = pdfium._FPDFText_HasUnicodeMapError(layer, index) === 1;
    if (isGenerated || (/^\s$/u.test(plain) && !hasError)) {
      blank = (blank ?? "") + (isGenerated ? GENERATED : plain);
      continue;
    }
    const pointer = pdfium._FPDFText_GetTextObject(layer, index);
    let object = objects.get(pointer);
    if (object === undefined) {
      object = readObject(pdfium, scratch, { layer, index, pointer });
      objects.set(pointer, object);
    }
    const text = readable(plain, hasError);
    if (text === undefined) {
      unreadable += 1;
      continue;
    }
    if (text === "") continue;
    const sides = scratch.characterBox(layer, index);
    const extent = extentOf(sides, object.along);
    const origin = scratch.origin(layer, index);
    const box = scratch.seen(page, sides);
    characters.push({ text, object, origin, extent, box, blank, isDrawn: true });
    blank = undefined;
  }
  pdfium._FPDFText_ClosePage(layer);
  return { characters: gatherActualText(pdfium, scratch, page, characters), unreadable };
}

function readObject(
  pdfium: PdfiumCalls,
  scratch: Scratch,
  at: { readonly layer: number; readonly index: number; readonly pointer: number },
): TextObject {
  const { pointer } = at;
  const [a, b] = scratch.matrix(at.layer, at.index);
  const scale = Math.hypot(a, b) || 1;
  const size = pdfium._FPDFText_GetFontSize(at.layer, at.index) * scale;
  const font = pointer === 0 ? 0 : pdfium._FPDFTextObj_GetFont(pointer);
  const mode = pointer === 0 ? 0 : pdfium._FPDFTextObj_GetTextRenderMode(pointer);
  return {
    pointer,
    size: size > 0 && Number.isFinite(size) ? size : 1,
    along: [a / scale, b / scale],
    isInvisible: mode === 3 || mode === 7,
    isEmbedded: font === 0 || pdfium._FPDFFont_GetIsEmbedded(font) !== 0,
    actualText: pointer === 0 ? undefined : scratch.actualText(pointer),
  };
}

/** Codes of TeX's fonts that bitmap fonts leave without a name: ligatures, quotes and dashes. */
const TEX_CODES: Readonly<Record<number, string>> = {
  ...{ 11: "ff", 12: "fi", 13: "fl", 14: "ffi", 15: "ffl" }, // OT1
  ...{ 27: "ff", 28: "fi", 29: "fl", 30: "ffi", 31: "ffl" }, // T1
  ...{ 16: "“", 17: "”", 18: "„", 19: "«", 20: "»", 21: "–", 22: "—", 255: "ß" }, // T1
};

const SOFT_HYPHEN = "\u00ad";
/** PDFium's mark for a generated blank or line end: it saw a gap in the file. */
const GENERATED = "\n";

/** PDFium reports a line-end hyphen as U+0002. Undefined: the code's meaning is unknown. */
function readable(plain: string, hasError: boolean): string | undefined {
  if (plain === "\u0002") return "-";
  if (plain === SOFT_HYPHEN) return plain;
  const code = plain.codePointAt(0)!;
  if (hasError && (code < 32 || code === 255)) return TEX_CODES[code];
  if (/^[\p{Cc}\p{Co}\p{Cn}\ufffd]$/u.test(plain)) return undefined;
  return /^\p{Cf}$/u.test(plain) ? "" : plain;
}

function extentOf(
  [left, top, right, bottom]: CharacterBox,
  [x, y]: readonly [number, number],
): readonly [number, number] {
  const ends = [left * x + top * y, right * x + bottom * y, left * x + bottom * y];
  ends.push(right * x + top * y);
  return [Math.min(...ends), Math.max(...ends)];
}

/** A gap wider than this share of the font's height separates columns, not words. */
const COLUMN_GAP = 0.9;
/** Characters closer than this are not separated, even if PDFium reports a blank. */
const WORD_GAP = 0.12;
/** Baselines that differ by more belong to different lines. */
const LINE_SHIFT = 0.5;

/** Joins the drawn characters to text. */
export function composeText(
  { characters }: PageCharacters,
  coverage: number,
  undrawn: number,
): PageText {
  const parts: string[] = [];
  const boxes: number[] = [];
  const raised: number[] = [];
  const add = (part: string, box: CharacterBox, isRaised: boolean): void => {
    parts.push(part);
    for (let unit = 0; unit < part.length; unit++) {
      boxes.push(...box);
      raised.push(isRaised ? 1 : 0);
    }
  };
  const drawn = inLineOrder(withoutSoftHyphens(drawnOf(characters)));
  let line = drawn[0];
  for (const [at, character] of drawn.entries()) {
    const before = drawn[at - 1];
    const separator = before === undefined ? "" : parting(before, character);
    if (separator === "\n") line = character;
    const isRaised = line !== undefined && raisedFrom(line, character);
    if (!isRaised) line = character;
    add(separator, NO_BOX, false);
    add(character.text, character.box, isRaised);
  }
  return {
    text: parts.join("").replace(/\p{Cs}/gu, "\ufffd"),
    boxes: Float32Array.from(boxes),
    raised: Uint8Array.from(raised),
    coverage,
    undrawn,
  };
}

const NO_BOX: CharacterBox = [0, 0, 0, 0];

/** Moves a blank before an invisible character to the next visible one. */
function drawnOf(characters: readonly Character[]): Character[] {
  const drawn: Character[] = [];
  let blank: string | undefined;
  for (const character of characters) {
    blank = character.blank ?? blank;
    if (!character.isDrawn) continue;
    drawn.push(blank === character.blank ? character : { ...character, blank });
    blank = undefined;
  }
  return drawn;
}

/** Keeps a soft hyphen only at a line's end, where some programs draw another sign for it. */
function withoutSoftHyphens(characters: readonly Character[]): Character[] {
  return characters.flatMap((character, at) => {
    if (character.text !== SOFT_HYPHEN) return [character];
    const next = characters[at + 1];
    const isAtEnd = next !== undefined && Math.abs(shiftOf(character, next)) > LINE_SHIFT;
    return isAtEnd && !/[-\u2010]/.test(next.text) ? [{ ...character, text: "-" }] : [];
  });
}

/**
 * Files may draw the parts of a line in any order. If a line jumps back, its parts are sorted by
 * position; lines with right-to-left letters keep their order.
 */
function inLineOrder(characters: readonly Character[]): Character[] {
  const ordered: Character[] = [];
  let line: Character[][] = [];
  const finish = (): void => {
    const isForward = line.every((part, at) => {
      return at === 0 || part[0]!.extent[0] >= line[at - 1]![0]!.extent[0];
    });
    const isTurned = line.some((part) => part.some(({ text }) => RIGHT_TO_LEFT.test(text)));
    if (!isForward && !isTurned) {
      line.sort(([a], [b]) => a!.extent[0] - b!.extent[0]);
      // PDFium's blanks are for the old neighbours, so the gaps decide
      line = line.map(([first, ...rest]) => [{ ...first!, blank: GENERATED }, ...rest]);
    }
    ordered.push(...line.flat());
    line = [];
  };
  for (const character of characters) {
    const before = line.at(-1)?.at(-1);
    if (before === undefined) line = [[character]];
    else if (!isOnLine(before, character)) {
      finish();
      line = [[character]];
    } else if (character.extent[0] < before.extent[0]) line.push([character]);
    else line.at(-1)!.push(character);
  }
  finish();
  return ordered;
}

function isOnLine(before: Character, character: Character): boolean {
  const [x, y] = before.object.along;
  const [nextX, nextY] = character.object.along;
  if (x * nextX + y * nextY < 0.9) return false;
  const size = Math.max(before.object.size, character.object.size);
  return Math.abs(shiftOf(before, character)) * (before.object.size / size) <= LINE_SHIFT;
}

/** Distance of a character's baseline from another's, in the other's height; up is positive. */
function shiftOf(from: Character, to: Character): number {
  const [x, y] = from.object.along;
  const [dx, dy] = [to.origin[0] - from.origin[0], to.origin[1] - from.origin[1]];
  return (dy * x - dx * y) / from.object.size;
}

const RIGHT_TO_LEFT = /\p{Script=Arabic}|\p{Script=Hebrew}|\p{Script=Syriac}|\p{Script=Thaana}/u;

/** The separator between two characters: nothing, a blank, a tab or a line end. */
function parting(before: Character, character: Character): string {
  if (!isOnLine(before, character)) return "\n";
  const { blank } = character;
  const size = Math.max(before.object.size, character.object.size);
  const gap = (character.extent[0] - before.extent[1]) / size;
  if (RIGHT_TO_LEFT.test(before.text) || RIGHT_TO_LEFT.test(character.text)) {
    return blank === undefined ? "" : blankOf(blank);
  }
  if (gap > COLUMN_GAP) return "\t";
  if (gap < -2) return blank === undefined ? "\n" : "\t"; // back on the same line
  if (blank === undefined) return "";
  return gap < WORD_GAP && blank.includes(GENERATED) ? "" : blankOf(blank);
}

/** Keeps no-break blanks, which may group digits; other blanks become a plain space. */
function blankOf(blank: string): string {
  return /[\u00a0\u2007-\u200a\u202f]/.exec(blank)?.[0] ?? " ";
}

const RAISED_SIZE = 0.85;
const RAISED_SHIFT = 0.08;

function raisedFrom(line: Character, character: Character): boolean {
  if (line === character) return false;
  const isSmall = character.object.size < line.object.size * RAISED_SIZE;
  return isSmall && Math.abs(shiftOf(line, character)) > RAISED_SHIFT;
}
