// Finds the visible characters of a page, and the share of its ink that is text. PDFium cannot
// report this, so the page is rendered with and without its text. If a character's area does not
// change, it is on a hidden layer, clipped, covered, or white on white.

import { LIMITS } from "../core/limits.ts";
import type { Character, CharacterBox, TextObject } from "./pdf-characters.ts";
import { allocate, type PdfiumCalls } from "./pdfium.ts";

export interface InkPage {
  readonly document: number;
  readonly page: number;
  /** Points. */
  readonly width: number;
  readonly height: number;
}

export interface Ink {
  readonly coverage: number;
  readonly undrawn: number;
}

/** A rendering in gray: luminance 0 to 255. */
interface Drawing {
  readonly gray: Uint8Array;
  readonly columns: number;
  readonly rows: number;
}

const PIXELS_PER_POINT = 1.5;
/** Minimum differences in luminance that are visible, and that make an edge. */
const VISIBLE = 10;
const EDGE = 48;
/** Maximum number of rounds in which overlapping text is rendered separately. */
const MAX_ROUNDS = 4;
const OBJECT_TEXT = 1;
const OBJECT_FORM = 5;
const MAX_FORM_DEPTH = 12;
const FORMAT_GRAY = 1;
const WHITE = 0xffffffff;

/**
 * Sets isDrawn of each character. Invisible text (modes 3 and 7), such as OCR over a scan, counts
 * as drawn where its area is visible.
 */
export function lookAtInk(
  pdfium: PdfiumCalls,
  inkPage: InkPage,
  characters: readonly Character[],
): Ink {
  for (const character of characters) character.isDrawn = isOnPage(character.box);
  const shown = characters.filter(({ isDrawn }) => isDrawn);
  if (shown.length === 0) return { coverage: 0, undrawn: 0 };
  const ink = new InkReader(pdfium, inkPage);
  const inked = shown.filter(({ object }) => !object.isInvisible && object.pointer !== 0);
  const undrawn = inked.length === 0 ? 0 : ink.decide(inked);
  const drawn = shown.filter(({ isDrawn }) => isDrawn);
  return { coverage: ink.coverage(drawn), undrawn };
}

/** Embedded fonts have their glyphs; substitute fonts have only Latin letters. */
export function mayLackGlyph({ object, text }: Character): boolean {
  return !object.isEmbedded && text.codePointAt(0)! > 0xff;
}

/** A character counts as on the page if at least half of it is. */
function isOnPage([left, top, right, bottom]: CharacterBox): boolean {
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  return x >= 0 && x <= 1 && y >= 0 && y <= 1;
}

class InkReader {
  private readonly pdfium: PdfiumCalls;
  private readonly ink: InkPage;
  private readonly columns: number;
  private readonly rows: number;
  private readonly texts: readonly number[];

  constructor(pdfium: PdfiumCalls, ink: InkPage) {
    this.pdfium = pdfium;
    this.ink = ink;
    const { width, height } = ink;
    const scale = Math.min(
      PIXELS_PER_POINT,
      Math.sqrt(LIMITS.page.inkPixels / (width * height)),
      LIMITS.page.sidePx / Math.max(width, height),
    );
    this.columns = Math.max(1, Math.round(width * scale));
    this.rows = Math.max(1, Math.round(height * scale));
    this.texts = this.textObjects();
  }

  /** Returns how many characters have no glyph. */
  decide(characters: readonly Character[]): number {
    this.activate([]);
    const without = this.draw();
    for (const round of this.rounds(characters)) {
      this.activate([...new Set(round.map(({ object }) => object.pointer))]);
      const changed = this.changes(without, this.draw());
      for (const character of round) character.isDrawn = this.isMarked(changed, character.box);
    }
    this.activate(this.texts);
    let undrawn = 0;
    for (const [object, own] of byObject(characters)) undrawn += this.settle(object, own);
    return undrawn;
  }

  /** Edges separate writing from filled areas: most of the ink of letters is edge. */
  coverage(characters: readonly Character[]): number {
    const { gray, columns, rows } = this.draw();
    const covered = new Uint8Array(columns * rows);
    for (const { box } of characters) {
      const [left, top, right, bottom] = this.pixels(box, 2);
      for (let y = top; y < bottom; y++) covered.fill(1, y * columns + left, y * columns + right);
    }
    let edges = 0;
    let ofText = 0;
    for (let y = 1; y < rows; y++) {
      for (let x = 1, at = y * columns + 1; x < columns; x++, at++) {
        const light = gray[at]!;
        const step = Math.max(
          Math.abs(light - gray[at - 1]!),
          Math.abs(light - gray[at - columns]!),
        );
        if (step < EDGE) continue;
        edges += 1;
        ofText += covered[at]!;
      }
    }
    return edges === 0 ? 1 : ofText / edges;
  }

  /**
   * If some characters of a run are visible, all are kept unless several in a row are invisible:
   * thin characters and marks may change no pixel of their own.
   */
  private settle(object: TextObject, characters: readonly Character[]): number {
    const isSeen = characters.some(({ isDrawn }) => isDrawn);
    const lost = characters.filter(({ isDrawn }) => !isDrawn);
    if (lost.length === 0) return 0;
    if (object.isEmbedded) {
      if (isSeen && (object.actualText !== undefined || longestLoss(characters) < 3)) {
        for (const character of lost) character.isDrawn = true;
      }
      return 0;
    }
    const lacksGlyphs = lost.every(mayLackGlyph) && (isSeen || !this.hasGlyphs(object));
    if (lacksGlyphs || (isSeen && longestLoss(characters) < 3)) {
      for (const character of lost) character.isDrawn = true;
    }
    return lacksGlyphs ? lost.length : 0;
  }

  /** Whether a run leaves ink if it is rendered alone, without the page's clips and layers. */
  private hasGlyphs({ pointer }: TextObject): boolean {
    const { pdfium } = this;
    const { document, page } = this.ink;
    const bitmap = pdfium._FPDFTextObj_GetRenderedBitmap(document, page, pointer, 1);
    if (bitmap === 0) return false;
    const at = pdfium._FPDFBitmap_GetBuffer(bitmap);
    const bytes = pdfium._FPDFBitmap_GetStride(bitmap) * pdfium._FPDFBitmap_GetHeight(bitmap);
    const hasInk = pdfium.HEAPU8.subarray(at, at + bytes).some((byte) => byte !== 0);
    pdfium._FPDFBitmap_Destroy(bitmap);
    return hasInk;
  }

  /** Separates overlapping runs, such as text in two languages on two layers. */
  private rounds(characters: readonly Character[]): Character[][] {
    const taken = Array.from(
      { length: MAX_ROUNDS },
      () => new Uint8Array(this.columns * this.rows),
    );
    const rounds: Character[][] = taken.map(() => []);
    for (const own of byObject(characters).values()) {
      const centers = own.map(({ box }) => this.pixels(box, -1));
      const isFree = (round: Uint8Array): boolean => {
        const met = centers.filter((place) => this.isTaken(round, place)).length;
        return met * 4 <= own.length;
      };
      const found = taken.findIndex(isFree);
      const index = found < 0 ? MAX_ROUNDS - 1 : found;
      rounds[index]!.push(...own);
      for (const place of centers) this.take(taken[index]!, place);
    }
    return rounds.filter((round) => round.length > 0);
  }

  private isTaken(round: Uint8Array, [left, top, right, bottom]: CharacterBox): boolean {
    let count = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) count += round[y * this.columns + x]!;
    }
    return count * 3 > (right - left) * (bottom - top);
  }

  private take(round: Uint8Array, [left, top, right, bottom]: CharacterBox): void {
    for (let y = top; y < bottom; y++)
      round.fill(1, y * this.columns + left, y * this.columns + right);
  }

  private isMarked(marks: Uint8Array, box: CharacterBox): boolean {
    const [left, top, right, bottom] = this.pixels(box, 0);
    for (let y = top; y < bottom; y++) {
      const row = y * this.columns;
      for (let at = row + left; at < row + right; at++) if (marks[at] === 1) return true;
    }
    return false;
  }

  private changes(without: Drawing, drawing: Drawing): Uint8Array {
    return without.gray.map((light, at) => {
      return Math.abs(light - drawing.gray[at]!) >= VISIBLE ? 1 : 0;
    });
  }

  /** A box in pixels of the rendering, enlarged by a margin; at least one pixel. */
  private pixels([left, top, right, bottom]: CharacterBox, margin: number): CharacterBox {
    const within = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
    const x = within(Math.floor(left * this.columns) - margin, this.columns - 1);
    const y = within(Math.floor(top * this.rows) - margin, this.rows - 1);
    const endX = within(Math.ceil(right * this.columns) + margin, this.columns);
    const endY = within(Math.ceil(bottom * this.rows) + margin, this.rows);
    return [x, y, Math.max(endX, x + 1), Math.max(endY, y + 1)];
  }

  private activate(objects: readonly number[]): void {
    const active = new Set(objects);
    for (const object of this.texts) {
      this.pdfium._FPDFPageObj_SetIsActive(object, active.has(object) ? 1 : 0);
    }
  }

  private draw(): Drawing {
    const { pdfium, columns, rows } = this;
    const bytes = columns * rows;
    const at = allocate(pdfium, bytes);
    const bitmap = pdfium._FPDFBitmap_CreateEx(columns, rows, FORMAT_GRAY, at, columns);
    pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, columns, rows, WHITE);
    pdfium._FPDF_RenderPageBitmap(bitmap, this.ink.page, 0, 0, columns, rows, 0, 0);
    pdfium._FPDFBitmap_Destroy(bitmap);
    const gray = pdfium.HEAPU8.slice(at, at + bytes);
    pdfium.wasmExports.free(at);
    return { gray, columns, rows };
  }

  /** All runs of text of the page and its forms, up to LIMITS.page.objects. */
  private textObjects(): number[] {
    const { pdfium } = this;
    const found: number[] = [];
    const visit = (count: number, get: (index: number) => number, depth: number): void => {
      for (let index = 0; index < count && found.length < LIMITS.page.objects; index++) {
        const object = get(index);
        const type = pdfium._FPDFPageObj_GetType(object);
        if (type === OBJECT_TEXT) found.push(object);
        if (type !== OBJECT_FORM || depth === MAX_FORM_DEPTH) continue;
        const inside = (at: number): number => pdfium._FPDFFormObj_GetObject(object, at);
        visit(pdfium._FPDFFormObj_CountObjects(object), inside, depth + 1);
      }
    };
    const { page } = this.ink;
    const top = (index: number): number => pdfium._FPDFPage_GetObject(page, index);
    visit(pdfium._FPDFPage_CountObjects(page), top, 0);
    return found;
  }
}

function byObject(characters: readonly Character[]): Map<TextObject, Character[]> {
  const found = new Map<TextObject, Character[]>();
  for (const character of characters) {
    const own = found.get(character.object);
    if (own === undefined) found.set(character.object, [character]);
    else own.push(character);
  }
  return found;
}

/** Length of the longest sequence of characters that are not drawn. */
function longestLoss(characters: readonly Character[]): number {
  let [longest, current] = [0, 0];
  for (const { isDrawn } of characters) {
    current = isDrawn ? 0 : current + 1;
    longest = Math.max(longest, current);
  }
  return longest;
}
