import { LIMITS } from "../core/limits.ts";
import type { Character, TextObject } from "./pdf-characters.ts";
import type { Scratch } from "./pdf-scratch.ts";
import { allocate, type PdfiumCalls, PdfRefusal } from "./pdfium.ts";

interface PdfPagePlace {
  readonly document: number;
  readonly form: number;
  /** Counts from 0. */
  readonly index: number;
  /** Points, after the page's rotation. */
  readonly width: number;
  readonly height: number;
}

const FORMAT_BGR = 2;
const DRAW_ANNOTATIONS = 1;
const WHITE = 0xffffffff;
const FLATTEN_FOR_SCREEN = 0;
const FLATTEN_FAILED = 0;
const SUBTYPE_WIDGET = 20;
const FIELD_CHECK_BOX = 2;
const FIELD_RADIO_BUTTON = 3;
/** Flags of annotations that stay hidden: invisible, hidden, no view. */
const NOT_SHOWN = 1 | 2 | 32;

/**
 * A loaded page with its form fields, notes and stamps flattened: PDFium generates their
 * appearances, like a viewer, and merges them into the page's contents. So the rendered page and
 * its text agree. No script or action of the document runs.
 */
export class PdfPage {
  readonly pointer: number;
  readonly width: number;
  readonly height: number;
  readonly hasFields: boolean;
  /** A tick for each checked box and each selected button. */
  readonly ticks: readonly Character[];
  private readonly pdfium: PdfiumCalls;
  private readonly flags: number;

  private constructor(
    pdfium: PdfiumCalls,
    pointer: number,
    { width, height }: PdfPagePlace,
    found: Fields & { readonly flags: number },
  ) {
    this.pdfium = pdfium;
    this.pointer = pointer;
    this.width = width;
    this.height = height;
    this.hasFields = found.hasFields;
    this.ticks = found.ticks;
    this.flags = found.flags;
  }

  /** Throws PdfRefusal for a page that does not exist. */
  static load(pdfium: PdfiumCalls, scratch: Scratch, place: PdfPagePlace): PdfPage {
    const load = (): number => {
      const page = pdfium._FPDF_LoadPage(place.document, place.index);
      if (page === 0) throw new PdfRefusal("broken");
      return page;
    };
    const page = load();
    if (pdfium._FPDFPage_GetAnnotCount(page) === 0) {
      return new PdfPage(pdfium, page, place, { hasFields: false, ticks: [], flags: 0 });
    }
    if (place.form !== 0) pdfium._FORM_OnAfterLoadPage(page, place.form);
    const fields = readFields(pdfium, scratch, place.form, page);
    // Flattening ignores inherited boxes: it would make the page a US Letter.
    scratch.fixPageBox(page);
    if (pdfium._FPDFPage_Flatten(page, FLATTEN_FOR_SCREEN) === FLATTEN_FAILED) {
      return new PdfPage(pdfium, page, place, { ...fields, flags: DRAW_ANNOTATIONS });
    }
    pdfium._FPDF_ClosePage(page);
    return new PdfPage(pdfium, load(), place, { ...fields, flags: 0 });
  }

  /** [height, width, 3] in RGB. */
  render(width: number, height: number): Uint8Array {
    const { pdfium } = this;
    const stride = width * 3;
    const at = allocate(pdfium, stride * height);
    const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, FORMAT_BGR, at, stride);
    if (bitmap === 0) throw new PdfRefusal("out_of_memory");
    pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    pdfium._FPDF_RenderPageBitmap(bitmap, this.pointer, 0, 0, width, height, 0, this.flags);
    pdfium._FPDFBitmap_Destroy(bitmap);
    const rgb = pdfium.HEAPU8.slice(at, at + stride * height);
    pdfium.wasmExports.free(at);
    for (let i = 0; i < rgb.length; i += 3) {
      const blue = rgb[i]!;
      rgb[i] = rgb[i + 2]!;
      rgb[i + 2] = blue;
    }
    return rgb;
  }

  close(): void {
    this.pdfium._FPDF_ClosePage(this.pointer);
  }
}

interface Fields {
  readonly hasFields: boolean;
  readonly ticks: readonly Character[];
}

function readFields(pdfium: PdfiumCalls, scratch: Scratch, form: number, page: number): Fields {
  const ticks: Character[] = [];
  let hasFields = false;
  const count = Math.min(pdfium._FPDFPage_GetAnnotCount(page), LIMITS.page.annotations);
  for (let index = 0; index < count; index++) {
    const annotation = pdfium._FPDFPage_GetAnnot(page, index);
    if (annotation === 0) continue;
    if (pdfium._FPDFAnnot_GetSubtype(annotation) === SUBTYPE_WIDGET) {
      hasFields = true;
      const tick = form === 0 ? undefined : tickOf(pdfium, scratch, { form, page, annotation });
      if (tick) ticks.push(tick);
    }
    pdfium._FPDFPage_CloseAnnot(annotation);
  }
  return { hasFields, ticks };
}

/** Ticks are lines or glyphs of a symbol font; PDFium extracts neither as text. */
function tickOf(
  pdfium: PdfiumCalls,
  scratch: Scratch,
  at: { readonly form: number; readonly page: number; readonly annotation: number },
): Character | undefined {
  const { form, page, annotation } = at;
  const type = pdfium._FPDFAnnot_GetFormFieldType(form, annotation);
  if (type !== FIELD_CHECK_BOX && type !== FIELD_RADIO_BUTTON) return undefined;
  if ((pdfium._FPDFAnnot_GetFlags(annotation) & NOT_SHOWN) !== 0) return undefined;
  if (pdfium._FPDFAnnot_IsChecked(form, annotation) !== 1) return undefined;
  const [left, top, right, bottom] = scratch.annotationRect(annotation);
  const object: TextObject = {
    pointer: 0,
    size: Math.abs(top - bottom) || 1,
    along: [1, 0],
    isInvisible: false,
    isEmbedded: true,
    actualText: undefined,
  };
  return {
    text: type === FIELD_CHECK_BOX ? "✔" : "●",
    object,
    origin: [left, Math.min(top, bottom)],
    extent: [left, right],
    box: scratch.seen(page, [left, top, right, bottom]),
    blank: " ",
    isDrawn: true,
  };
}
