// The process in which PDFium runs: it may be ended at any time, and its memory is bounded. What it
// answers are pixels, text and one of a few words for what is wrong, never PDFium's own.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PDFiumModule } from "@hyzyla/pdfium";
import { LIMITS } from "../core/limits.ts";

/** What PDFium's module has besides what its types say. */
interface PdfiumCalls {
  readonly HEAPU8: Uint8Array;
  readonly wasmExports: {
    malloc(size: number): number;
    free(pointer: number): void;
  };
  _FPDF_InitLibrary(): void;
  _FPDF_LoadMemDocument(file: number, size: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_GetPageSizeByIndexF(document: number, page: number, size: number): number;
  _FPDF_LoadPage(document: number, page: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDF_PageToDevice(page: number, ...rest: readonly number[]): number;
  _FPDFBitmap_CreateEx(w: number, h: number, format: number, at: number, stride: number): number;
  _FPDFBitmap_FillRect(bitmap: number, ...rest: readonly number[]): void;
  _FPDFBitmap_Destroy(bitmap: number): void;
  _FPDF_RenderPageBitmap(bitmap: number, page: number, ...rest: readonly number[]): void;
  _FPDFText_LoadPage(page: number): number;
  _FPDFText_ClosePage(text: number): void;
  _FPDFText_CountChars(text: number): number;
  _FPDFText_GetUnicode(text: number, index: number): number;
  _FPDFText_GetCharBox(text: number, index: number, ...sides: readonly number[]): number;
}

export type PdfCommand =
  | { readonly kind: "open"; readonly file: Uint8Array }
  /** Sizes in points of pages, which count from 0. */
  | { readonly kind: "sizes"; readonly pages: readonly number[] }
  | {
      readonly kind: "render";
      readonly page: number;
      readonly width: number;
      readonly height: number;
    }
  | { readonly kind: "text"; readonly page: number; readonly charactersMost: number };

export type PdfReason = "encrypted" | "broken" | "out_of_memory";

export type PdfReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly reason: PdfReason };

export interface PdfText {
  readonly text: string;
  /** Of each UTF-16 unit of the text: left, top, right, bottom as shares of the page. */
  readonly boxes: Float32Array;
}

const FORMAT_BGR = 2;
const DRAW_ANNOTATIONS = 1;
const ERROR_PASSWORD = 4;
const ERROR_SECURITY = 5;
const WHITE = 0xffffffff;

const REASONS: readonly PdfReason[] = ["encrypted", "broken", "out_of_memory"];

/** To be told as it is; any other error means that the file is broken. */
function refusal(reason: PdfReason): Error {
  return new Error(reason);
}

async function start(module: WebAssembly.Module): Promise<PdfiumCalls> {
  const silent = (): void => {};
  const options = {
    print: silent,
    printErr: silent,
    instantiateWasm(imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) {
      WebAssembly.instantiate(module, imports).then(done, silent);
      return {};
    },
  };
  const load = PDFiumModule as unknown as (given: typeof options) => Promise<PdfiumCalls>;
  const calls = await load(options);
  calls._FPDF_InitLibrary();
  return calls;
}

/** One document; nothing is freed but what every page needs, since the process ends with it. */
class Reader {
  private readonly pdfium: PdfiumCalls;
  private document = 0;
  private readonly scratch: number;

  constructor(pdfium: PdfiumCalls) {
    this.pdfium = pdfium;
    this.scratch = this.allocate(64);
  }

  answer(command: PdfCommand): unknown {
    switch (command.kind) {
      case "open":
        return this.open(command.file);
      case "sizes":
        return command.pages.map((page) => this.size(page));
      case "render":
        return this.withPage(command.page, (page) => {
          return this.render(page, command.width, command.height);
        });
      case "text":
        return this.withPage(command.page, (page) => this.text(page, command));
    }
  }

  private allocate(bytes: number): number {
    const at = this.pdfium.wasmExports.malloc(bytes);
    if (at === 0) throw refusal("out_of_memory");
    return at;
  }

  private open(file: Uint8Array): number {
    const { pdfium } = this;
    const at = this.allocate(file.length);
    pdfium.HEAPU8.set(file, at);
    this.document = pdfium._FPDF_LoadMemDocument(at, file.length, 0);
    if (this.document !== 0) return pdfium._FPDF_GetPageCount(this.document);
    const error = pdfium._FPDF_GetLastError();
    const isLocked = error === ERROR_PASSWORD || error === ERROR_SECURITY;
    throw refusal(isLocked ? "encrypted" : "broken");
  }

  private size(page: number): readonly [number, number] {
    const { pdfium, scratch } = this;
    const found = pdfium._FPDF_GetPageSizeByIndexF(this.document, page, scratch);
    if (found === 0) return [0, 0];
    const [width = 0, height = 0] = new Float32Array(pdfium.HEAPU8.buffer, scratch, 2);
    return [width, height];
  }

  private withPage<T>(index: number, work: (page: number) => T): T {
    const page = this.pdfium._FPDF_LoadPage(this.document, index);
    if (page === 0) throw refusal("broken");
    try {
      return work(page);
    } finally {
      this.pdfium._FPDF_ClosePage(page);
    }
  }

  private render(page: number, width: number, height: number): Uint8Array {
    const { pdfium } = this;
    const stride = width * 3;
    const at = this.allocate(stride * height);
    const bitmap = pdfium._FPDFBitmap_CreateEx(width, height, FORMAT_BGR, at, stride);
    if (bitmap === 0) throw refusal("out_of_memory");
    pdfium._FPDFBitmap_FillRect(bitmap, 0, 0, width, height, WHITE);
    pdfium._FPDF_RenderPageBitmap(bitmap, page, 0, 0, width, height, 0, DRAW_ANNOTATIONS);
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

  private text(page: number, { charactersMost }: { readonly charactersMost: number }): PdfText {
    const { pdfium } = this;
    const layer = pdfium._FPDFText_LoadPage(page);
    if (layer === 0) return { text: "", boxes: new Float32Array(0) };
    const count = Math.min(pdfium._FPDFText_CountChars(layer), charactersMost);
    let text = "";
    const boxes: number[] = [];
    for (let index = 0; index < count; index++) {
      const code = pdfium._FPDFText_GetUnicode(layer, index);
      // a soft hyphen at a line's end is told as U+0002
      const character = code > 2 && code <= 0x10ffff ? String.fromCodePoint(code) : "";
      const box = this.box(page, layer, index);
      for (let unit = 0; unit < character.length; unit++) boxes.push(...box);
      text += character;
    }
    pdfium._FPDFText_ClosePage(layer);
    return { text, boxes: Float32Array.from(boxes) };
  }

  /** The page's own coordinates become shares of what is seen, with all rotation. */
  private box(page: number, layer: number, index: number): readonly number[] {
    const { pdfium, scratch } = this;
    const sides = [0, 8, 16, 24].map((offset) => scratch + offset);
    const found = pdfium._FPDFText_GetCharBox(layer, index, ...sides);
    if (found === 0) return [0, 0, 0, 0];
    const [left = 0, right = 0, bottom = 0, top = 0] = new Float64Array(
      pdfium.HEAPU8.buffer,
      scratch,
      4,
    );
    const [x1, y1] = this.seen(page, left, top);
    const [x2, y2] = this.seen(page, right, bottom);
    return [Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2), Math.max(y1, y2)];
  }

  private seen(page: number, x: number, y: number): readonly [number, number] {
    const side = 16_384;
    const at = this.scratch + 32;
    this.pdfium._FPDF_PageToDevice(page, 0, 0, side, side, 0, x, y, at, at + 4);
    const [column = 0, row = 0] = new Int32Array(this.pdfium.HEAPU8.buffer, at, 2);
    return [column / side, row / side];
  }
}

const WASM_PAGE_BYTES = 65_536;
const MEMORY_SECTION = 5;

/**
 * PDFium with another upper bound of its memory, which is 2 GiB as it comes: the last number of the
 * module's memory section.
 */
function withMemoryLimit(wasm: Uint8Array, bytes: number): Uint8Array<ArrayBuffer> {
  const bounded = Uint8Array.from(wasm);
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bounded[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < bounded.length) {
    const section = bounded[at++]!;
    const end = number() + at;
    if (section === MEMORY_SECTION) {
      at += 2; // one memory, which has a maximum
      number(); // the least
      let pages = Math.floor(bytes / WASM_PAGE_BYTES);
      for (; at < end; at++, pages = Math.floor(pages / 128)) {
        bounded[at] = (pages & 127) | (at === end - 1 ? 0 : 128);
      }
    }
    at = end;
  }
  return bounded;
}

async function compile(): Promise<WebAssembly.Module> {
  const name = fileURLToPath(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"));
  return WebAssembly.compile(withMemoryLimit(await readFile(name), LIMITS.documentMemoryBytes));
}

const ready = (async () => new Reader(await start(await compile())))();
ready.catch(() => {}); // told with the first answer

process.on("message", async (command: PdfCommand) => {
  let reply: PdfReply;
  try {
    const reader = await ready;
    reply = { ok: true, value: reader.answer(command) };
  } catch (error) {
    const told = REASONS.find((reason) => error instanceof Error && error.message === reason);
    reply = { ok: false, reason: told ?? "broken" };
  }
  process.send?.(reply);
});
process.on("disconnect", () => process.exit());
