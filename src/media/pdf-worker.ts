// The child process in which PDFium runs. It may be killed at any time, and its memory is bounded.
// It replies with pixels, text or one of a few error codes, never with PDFium's messages.

import type { PageText } from "./page-text.ts";
import { installFonts } from "./pdf-fonts.ts";
import { lookAtInk, mayLackGlyph } from "./pdf-ink.ts";
import { PdfPage } from "./pdf-page.ts";
import { Scratch } from "./pdf-scratch.ts";
import { composeText, readCharacters } from "./pdf-text.ts";
import { allocate, type PdfiumCalls, type PdfReason, PdfRefusal, startPdfium } from "./pdfium.ts";

export type PdfCommand =
  | { readonly kind: "open"; readonly file: Uint8Array }
  /** Sizes of pages in points; pages count from 0. */
  | { readonly kind: "sizes"; readonly pages: readonly number[] }
  | {
      readonly kind: "render";
      readonly page: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: "text" | "undrawn"; readonly page: number };

export type PdfReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: PdfReason };

const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;
/** PDFium's type of a form that only XFA describes. */
const FORM_XFA_FULL = 2;
/** Size of FPDF_FORMFILLINFO, rounded up. All callbacks stay null, so no action can run. */
const FORM_INFO_BYTES = 512;
/** A page's text is discarded if a larger share of its codes has no known meaning. */
const UNREADABLE_SHARE = 0.02;

/** One document. Only resources of pages are freed, because the process ends with the document. */
class Reader {
  private readonly pdfium: PdfiumCalls;
  private readonly scratch: Scratch;
  private document = 0;
  private form = 0;
  /** The last page stays loaded, because callers often need both its picture and its text. */
  private loaded: { readonly index: number; readonly page: PdfPage } | undefined;

  constructor(pdfium: PdfiumCalls) {
    this.pdfium = pdfium;
    this.scratch = new Scratch(pdfium);
    installFonts(pdfium);
  }

  answer(command: PdfCommand): unknown {
    switch (command.kind) {
      case "open":
        return this.open(command.file);
      case "sizes":
        return command.pages.map((page) => this.size(page));
      case "render":
        return this.page(command.page).render(command.width, command.height);
      case "text":
        return this.text(command.page);
      case "undrawn":
        return this.undrawn(command.page);
    }
  }

  private open(file: Uint8Array): number {
    const { pdfium } = this;
    const at = allocate(pdfium, file.length);
    pdfium.HEAPU8.set(file, at);
    this.document = pdfium._FPDF_LoadMemDocument(at, file.length, 0);
    if (this.document === 0) {
      const error = pdfium._FPDF_GetLastError();
      const isLocked = error === ERROR_PASSWORD || error === ERROR_SECURITY;
      throw new PdfRefusal(isLocked ? "encrypted" : "broken");
    }
    const info = allocate(pdfium, FORM_INFO_BYTES);
    pdfium.HEAPU8.fill(0, info, info + FORM_INFO_BYTES);
    pdfium.HEAPU8[info] = 1; // version
    this.form = pdfium._FPDFDOC_InitFormFillEnvironment(this.document, info);
    const count = pdfium._FPDF_GetPageCount(this.document);
    if (pdfium._FPDF_GetFormType(this.document) === FORM_XFA_FULL && count === 1) {
      if (!this.page(0).hasFields) throw new PdfRefusal("xfa");
    }
    return count;
  }

  /** Uses the MediaBox if the CropBox does not intersect it. */
  private size(page: number): readonly [number, number] {
    const { pdfium, scratch, document } = this;
    const size = scratch.pageSize(document, page);
    if (size[0] > 0 && size[1] > 0) return size;
    const loaded = pdfium._FPDF_LoadPage(document, page);
    if (loaded === 0) return [0, 0];
    const far = 1e5;
    pdfium._FPDFPage_SetCropBox(loaded, -far, -far, far, far);
    pdfium._FPDF_ClosePage(loaded);
    return scratch.pageSize(document, page);
  }

  private page(index: number): PdfPage {
    if (this.loaded?.index === index) return this.loaded.page;
    this.loaded?.page.close();
    this.loaded = undefined;
    const [width, height] = this.size(index);
    const place = { document: this.document, form: this.form, index, width, height };
    const page = PdfPage.load(this.pdfium, this.scratch, place);
    this.loaded = { index, page };
    return page;
  }

  /** Renders the page to find out, but only if some text could lack its glyphs. */
  private undrawn(index: number): number {
    const { pointer } = this.page(index);
    this.scratch.forgetMarks();
    const { characters } = readCharacters(this.pdfium, this.scratch, pointer);
    return characters.some(mayLackGlyph) ? this.text(index).undrawn : 0;
  }

  private text(index: number): PageText {
    const { pdfium, scratch, document } = this;
    const page = this.page(index);
    scratch.forgetMarks();
    const found = readCharacters(pdfium, scratch, page.pointer);
    const { width, height, pointer } = page;
    const place = { document, page: pointer, width, height };
    const { coverage, undrawn } = lookAtInk(pdfium, place, found.characters);
    const all = found.characters.length + found.unreadable;
    const isReadable = found.unreadable <= all * UNREADABLE_SHARE;
    const characters = [...found.characters, ...page.ticks];
    return composeText({ ...found, characters }, isReadable ? coverage : 0, undrawn);
  }
}

const ready = (async () => new Reader(await startPdfium()))();
ready.catch(() => {}); // the first reply reports it

process.on("message", async (command: PdfCommand) => {
  let reply: PdfReply;
  try {
    const reader = await ready;
    reply = { ok: true, value: reader.answer(command) };
  } catch (error) {
    reply = { ok: false, reason: error instanceof PdfRefusal ? error.reason : "broken" };
  }
  process.send?.(reply);
});
process.on("disconnect", () => process.exit());
