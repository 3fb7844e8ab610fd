// Loads PDFium as WebAssembly, with a memory limit and a growable function table for callbacks.
// Only the PDF process (`pdf-worker.ts`) loads it.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { PDFiumModule } from "@hyzyla/pdfium";
import { LIMITS } from "../core/limits.ts";

/** The PDFium functions that vireo calls; all numbers are 32-bit integers or pointers. */
export interface PdfiumCalls {
  readonly HEAPU8: Uint8Array;
  readonly wasmExports: {
    readonly __indirect_function_table: WebAssembly.Table;
    malloc(size: number): number;
    free(pointer: number): void;
  };
  _FPDF_InitLibrary(): void;
  _FPDF_SetSystemFontInfo(info: number): void;
  _FPDF_AddInstalledFont(mapper: number, name: number, charset: number): void;
  _FPDF_LoadMemDocument(file: number, size: number, password: number): number;
  _FPDF_GetLastError(): number;
  _FPDF_GetPageCount(document: number): number;
  _FPDF_GetFormType(document: number): number;
  _FPDF_GetPageSizeByIndexF(document: number, page: number, size: number): number;
  _FPDF_LoadPage(document: number, page: number): number;
  _FPDF_ClosePage(page: number): void;
  _FPDF_PageToDevice(page: number, ...rest: readonly number[]): number;
  _FPDFBitmap_CreateEx(w: number, h: number, format: number, at: number, stride: number): number;
  _FPDFBitmap_FillRect(bitmap: number, ...rest: readonly number[]): void;
  _FPDFBitmap_Destroy(bitmap: number): void;
  _FPDFBitmap_GetBuffer(bitmap: number): number;
  _FPDFBitmap_GetWidth(bitmap: number): number;
  _FPDFBitmap_GetHeight(bitmap: number): number;
  _FPDFBitmap_GetStride(bitmap: number): number;
  _FPDF_RenderPageBitmap(bitmap: number, page: number, ...rest: readonly number[]): void;
  _FPDFDOC_InitFormFillEnvironment(document: number, info: number): number;
  _FORM_OnAfterLoadPage(page: number, form: number): void;
  _FPDFPage_Flatten(page: number, flag: number): number;
  _FPDF_GetPageBoundingBox(page: number, rect: number): number;
  _FPDFPage_SetMediaBox(page: number, ...sides: readonly number[]): void;
  _FPDFPage_SetCropBox(page: number, ...sides: readonly number[]): void;
  _FPDFPage_GetAnnotCount(page: number): number;
  _FPDFPage_GetAnnot(page: number, index: number): number;
  _FPDFPage_CloseAnnot(annotation: number): void;
  _FPDFAnnot_GetSubtype(annotation: number): number;
  _FPDFAnnot_GetFlags(annotation: number): number;
  _FPDFAnnot_GetRect(annotation: number, rect: number): number;
  _FPDFAnnot_GetFormFieldType(form: number, annotation: number): number;
  _FPDFAnnot_IsChecked(form: number, annotation: number): number;
  _FPDFPage_CountObjects(page: number): number;
  _FPDFPage_GetObject(page: number, index: number): number;
  _FPDFFormObj_CountObjects(form: number): number;
  _FPDFFormObj_GetObject(form: number, index: number): number;
  _FPDFPageObj_GetType(object: number): number;
  _FPDFPageObj_GetBounds(object: number, ...sides: readonly number[]): number;
  _FPDFPageObj_SetIsActive(object: number, isActive: number): number;
  _FPDFPageObj_CountMarks(object: number): number;
  _FPDFPageObj_GetMark(object: number, index: number): number;
  _FPDFPageObjMark_GetParamStringValue(mark: number, key: number, ...rest: number[]): number;
  _FPDFTextObj_GetFont(object: number): number;
  _FPDFTextObj_GetTextRenderMode(object: number): number;
  _FPDFTextObj_GetRenderedBitmap(
    document: number,
    page: number,
    object: number,
    scale: number,
  ): number;
  _FPDFFont_GetIsEmbedded(font: number): number;
  _FPDFFont_GetBaseFontName(font: number, name: number, size: number): number;
  _FPDFText_LoadPage(page: number): number;
  _FPDFText_ClosePage(text: number): void;
  _FPDFText_CountChars(text: number): number;
  _FPDFText_GetUnicode(text: number, index: number): number;
  _FPDFText_GetTextObject(text: number, index: number): number;
  _FPDFText_IsGenerated(text: number, index: number): number;
  _FPDFText_HasUnicodeMapError(text: number, index: number): number;
  _FPDFText_GetFontSize(text: number, index: number): number;
  _FPDFText_GetMatrix(text: number, index: number, matrix: number): number;
  _FPDFText_GetCharOrigin(text: number, index: number, x: number, y: number): number;
  _FPDFText_GetCharBox(text: number, index: number, ...sides: readonly number[]): number;
}

export type PdfReason = "encrypted" | "xfa" | "broken" | "out_of_memory";

/** An error with a reason for callers; any other error means that the file is broken. */
export class PdfRefusal extends Error {
  readonly reason: PdfReason;

  constructor(reason: PdfReason) {
    super(reason);
    this.reason = reason;
  }
}

/** Throws PdfRefusal out_of_memory. */
export function allocate(pdfium: PdfiumCalls, bytes: number): number {
  const at = pdfium.wasmExports.malloc(bytes);
  if (at === 0) throw new PdfRefusal("out_of_memory");
  return at;
}

/** Compiles and starts PDFium; its output is discarded. */
export async function startPdfium(): Promise<PdfiumCalls> {
  const name = fileURLToPath(import.meta.resolve("@hyzyla/pdfium/pdfium.wasm"));
  const module = await WebAssembly.compile(
    withBounds(await readFile(name), LIMITS.document.memoryBytes),
  );
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

/**
 * Puts a JavaScript function into PDFium's function table. Returns its index, which PDFium uses as
 * a C function pointer. Parameters and the optional result are 32-bit integers.
 */
export function addCallback(
  pdfium: PdfiumCalls,
  signature: { readonly parameters: number; readonly hasResult: boolean },
  work: (...values: number[]) => number | undefined,
): number {
  const i32 = 0x7f;
  const { parameters, hasResult } = signature;
  const result = hasResult ? [1, i32] : [0];
  const type = [0x60, parameters, ...Array<number>(parameters).fill(i32), ...result];
  const wasm = Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // magic number and version
    ...[1, 1 + type.length, 1, ...type], // one type
    ...[2, 7, 1, 1, 0x65, 1, 0x66, 0, 0], // import function "e" "f" of that type
    ...[7, 5, 1, 1, 0x66, 0, 0], // export it as "f"
  ]);
  const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm), { e: { f: work } });
  const table = pdfium.wasmExports.__indirect_function_table;
  const index = table.grow(1);
  table.set(index, instance.exports.f as never);
  return index;
}

const WASM_PAGE_BYTES = 65_536;
const TABLE_SECTION = 4;
const MEMORY_SECTION = 5;

/**
 * Patches the module's maximum memory, 2 GiB by default, and the maximum of its function table,
 * which is fixed by default. Each maximum is the last number of its section.
 */
function withBounds(wasm: Uint8Array, memoryBytes: number): Uint8Array<ArrayBuffer> {
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
      number(); // the minimum
      writeNumber(bounded, at, end, Math.floor(memoryBytes / WASM_PAGE_BYTES));
    } else if (section === TABLE_SECTION) {
      at += 3; // one table, of functions, which has a maximum
      number(); // the minimum
      writeNumber(bounded, at, end, 2 ** (7 * (end - at)) - 1);
    }
    at = end;
  }
  return bounded;
}

/** Writes a LEB128 number that fills the bytes from `at` to `end`. */
function writeNumber(bytes: Uint8Array, at: number, end: number, value: number): void {
  for (let byte = at, rest = value; byte < end; byte++, rest = Math.floor(rest / 128)) {
    bytes[byte] = (rest & 127) | (byte === end - 1 ? 0 : 128);
  }
}
