import type { CharacterBox } from "./pdf-characters.ts";
import { allocate, type PdfiumCalls } from "./pdfium.ts";

const BYTES = 2048;
const TEXT_UNITS = 512;
/** Resolution of the device space in which positions on the page are queried. */
const SIDE = 16_384;

/** A small block of PDFium's memory for output parameters of its functions. */
export class Scratch {
  private readonly pdfium: PdfiumCalls;
  private readonly at: number;
  private readonly actualTextKey: number;
  private readonly actualTexts = new Map<number, string | undefined>();

  constructor(pdfium: PdfiumCalls) {
    this.pdfium = pdfium;
    this.at = allocate(pdfium, BYTES);
    const key = Buffer.from("ActualText\0", "latin1");
    this.actualTextKey = allocate(pdfium, key.length);
    pdfium.HEAPU8.set(key, this.actualTextKey);
  }

  /** Width and height in points, or zeros for a page that does not exist. */
  pageSize(document: number, page: number): readonly [number, number] {
    if (this.pdfium._FPDF_GetPageSizeByIndexF(document, page, this.at) === 0) return [0, 0];
    const [width = 0, height = 0] = new Float32Array(this.pdfium.HEAPU8.buffer, this.at, 2);
    return [width, height];
  }

  /** Writes the visible box into the page itself, which may have inherited it. */
  fixPageBox(page: number): void {
    const { at, pdfium } = this;
    if (pdfium._FPDF_GetPageBoundingBox(page, at) === 0) return;
    const [left = 0, top = 0, right = 0, bottom = 0] = new Float32Array(
      pdfium.HEAPU8.buffer,
      at,
      4,
    );
    pdfium._FPDFPage_SetMediaBox(page, left, bottom, right, top);
    pdfium._FPDFPage_SetCropBox(page, left, bottom, right, top);
  }

  /** Left, top, right, bottom in points of the page. */
  characterBox(layer: number, index: number): CharacterBox {
    const { at, pdfium } = this;
    const found = pdfium._FPDFText_GetCharBox(layer, index, at, at + 8, at + 16, at + 24);
    if (found === 0) return [0, 0, 0, 0];
    const [left = 0, right = 0, bottom = 0, top = 0] = this.doubles(4);
    return [left, top, right, bottom];
  }

  origin(layer: number, index: number): readonly [number, number] {
    const { at, pdfium } = this;
    if (pdfium._FPDFText_GetCharOrigin(layer, index, at, at + 8) === 0) return [0, 0];
    const [x = 0, y = 0] = this.doubles(2);
    return [x, y];
  }

  /** The first row of a character's matrix: the direction of its line, scaled. */
  matrix(layer: number, index: number): readonly [number, number] {
    const { at, pdfium } = this;
    if (pdfium._FPDFText_GetMatrix(layer, index, at) === 0) return [1, 0];
    const [a = 1, b = 0] = new Float32Array(pdfium.HEAPU8.buffer, at, 2);
    return [a, b];
  }

  /** A rectangle of the page as shares of the visible page, after rotation. */
  seen(page: number, [left, top, right, bottom]: CharacterBox): CharacterBox {
    const [x1, y1] = this.point(page, left, top);
    const [x2, y2] = this.point(page, right, bottom);
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }

  /** The innermost ActualText of a page object. */
  actualText(object: number): { readonly mark: number; readonly text: string } | undefined {
    const { pdfium } = this;
    for (let index = pdfium._FPDFPageObj_CountMarks(object) - 1; index >= 0; index--) {
      const mark = pdfium._FPDFPageObj_GetMark(object, index);
      if (!this.actualTexts.has(mark)) this.actualTexts.set(mark, this.actualTextOf(mark));
      const text = this.actualTexts.get(mark);
      if (text !== undefined) return { mark, text };
    }
    return undefined;
  }

  /** Marks belong to a loaded page. */
  forgetMarks(): void {
    this.actualTexts.clear();
  }

  /** Left, top, right, bottom of a page object in points of the page. */
  objectBounds(object: number): CharacterBox {
    const { at, pdfium } = this;
    if (pdfium._FPDFPageObj_GetBounds(object, at, at + 4, at + 8, at + 12) === 0)
      return [0, 0, 0, 0];
    const [left = 0, bottom = 0, right = 0, top = 0] = new Float32Array(
      pdfium.HEAPU8.buffer,
      at,
      4,
    );
    return [left, top, right, bottom];
  }

  annotationRect(annotation: number): CharacterBox {
    if (this.pdfium._FPDFAnnot_GetRect(annotation, this.at) === 0) return [0, 0, 0, 0];
    const [left = 0, top = 0, right = 0, bottom = 0] = new Float32Array(
      this.pdfium.HEAPU8.buffer,
      this.at,
      4,
    );
    return [left, top, right, bottom];
  }

  private actualTextOf(mark: number): string | undefined {
    const { pdfium, at, actualTextKey } = this;
    const to = at + 8;
    const found = pdfium._FPDFPageObjMark_GetParamStringValue(
      mark,
      actualTextKey,
      to,
      TEXT_UNITS * 2,
      at,
    );
    if (found === 0) return undefined;
    const bytes = new Uint32Array(pdfium.HEAPU8.buffer, at, 1)[0]!;
    if (bytes < 2 || bytes > TEXT_UNITS * 2) return undefined;
    return Buffer.from(pdfium.HEAPU8.subarray(to, to + bytes - 2)).toString("utf16le");
  }

  private point(page: number, x: number, y: number): readonly [number, number] {
    const at = this.at + 32;
    this.pdfium._FPDF_PageToDevice(page, 0, 0, SIDE, SIDE, 0, x, y, at, at + 4);
    const [column = 0, row = 0] = new Int32Array(this.pdfium.HEAPU8.buffer, at, 2);
    return [column / SIDE, row / SIDE];
  }

  private doubles(count: number): Float64Array {
    return new Float64Array(this.pdfium.HEAPU8.buffer, this.at, count);
  }
}
