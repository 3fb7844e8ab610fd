// Substitute fonts for text whose font is not embedded: three open families with the metrics of
// Arial, Times New Roman and Courier New. They make pages equal on every machine.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { addCallback, allocate, type PdfiumCalls } from "./pdfium.ts";

type Family = "arimo" | "tinos" | "cousine";

/** Character sets (as Windows numbers them) that the fonts have: Latin, Greek, Cyrillic, … */
const CHARSETS: readonly number[] = [0, 1, 161, 162, 163, 177, 186, 204, 238];

/** Fonts that office programs often do not embed; PDFium requests only names that are listed. */
const KNOWN_NAMES: readonly string[] = [
  ..."Arial,ArialMT,Arial Narrow,Arial Black,Arial Unicode MS,Calibri,Candara,Carlito".split(","),
  ..."Corbel,Segoe UI,Tahoma,Trebuchet MS,Verdana,Geneva,Lucida Sans,Century Gothic".split(","),
  ..."Microsoft Sans Serif,MS Sans Serif,Open Sans,Roboto,DejaVu Sans,Liberation Sans".split(","),
  ..."Noto Sans,Franklin Gothic Medium,Myriad Pro,Helvetica Neue,Univers,Futura".split(","),
  ..."Times New Roman,TimesNewRomanPSMT,Cambria,Caladea,Constantia,Georgia,Garamond".split(","),
  ..."Book Antiqua,Bookman Old Style,Century,Century Schoolbook,Palatino Linotype".split(","),
  ..."DejaVu Serif,Liberation Serif,Noto Serif,Minion Pro,Sylfaen".split(","),
  ..."Courier New,CourierNewPSMT,Consolas,Lucida Console,DejaVu Sans Mono".split(","),
  ..."Liberation Mono,Menlo,Monaco,Andale Mono".split(","),
];

const FIXED_PITCH = 1;
const ROMAN = 16;
const BOLD_WEIGHT = 600;

/** Registers the fonts with PDFium. Each file is read on its first use. */
export function installFonts(pdfium: PdfiumCalls): void {
  const fonts: Buffer[] = [];
  const indexes = new Map<string, number>();
  const open = (family: Family, isBold: boolean, isItalic: boolean): number => {
    const path = pathOf(family, isBold, isItalic);
    const known = indexes.get(path);
    if (known !== undefined) return known;
    fonts.push(readFileSync(fileURLToPath(import.meta.resolve(path))));
    indexes.set(path, fonts.length);
    return fonts.length;
  };
  const procedure = (parameters: number, work: (...values: number[]) => undefined): number => {
    return addCallback(pdfium, { parameters, hasResult: false }, work);
  };
  const answer = (parameters: number, work: (...values: number[]) => number): number => {
    return addCallback(pdfium, { parameters, hasResult: true }, work);
  };
  const callbacks = [
    procedure(1, () => undefined), // Release
    procedure(2, (_info, mapper = 0) => nameFonts(pdfium, mapper)), // EnumFonts
    answer(7, (_info, weight = 0, isItalic = 0, charset = 0, pitch = 0, face = 0) => {
      if (!CHARSETS.includes(charset)) return 0;
      const family = familyOf(textAt(pdfium, face), pitch);
      return open(family, weight >= BOLD_WEIGHT, isItalic !== 0);
    }), // MapFont
    answer(2, () => 0), // GetFont
    answer(5, (_info, font = 0, table = 0, to = 0, size = 0) => {
      const data = tableOf(fonts[font - 1], table);
      if (to !== 0 && size >= data.length) pdfium.HEAPU8.set(data, to);
      return data.length;
    }), // GetFontData
    answer(4, () => 0), // GetFaceName
    answer(2, () => 0), // GetFontCharset
    procedure(2, () => undefined), // DeleteFont
  ];
  const info = allocate(pdfium, 4 * (callbacks.length + 1));
  new Int32Array(pdfium.HEAPU8.buffer, info, callbacks.length + 1).set([1, ...callbacks]);
  pdfium._FPDF_SetSystemFontInfo(info);
}

function pathOf(family: Family, isBold: boolean, isItalic: boolean): string {
  const style = `${isBold ? "700Bold" : "400Regular"}${isItalic ? "_Italic" : ""}`;
  const file = `${family[0]!.toUpperCase()}${family.slice(1)}_${style}.ttf`;
  return `@expo-google-fonts/${family}/${style}/${file}`;
}

function familyOf(name: string, pitch: number): Family {
  if ((pitch & FIXED_PITCH) !== 0 || /cour|mono|consol|menlo|typewriter/i.test(name)) {
    return "cousine";
  }
  const isSerif = /times|roman|serif|georgia|cambria|garamond|palat|century|book/i.test(name);
  const isSans = /sans|gothic/i.test(name);
  return (pitch & ROMAN) !== 0 || (isSerif && !isSans) ? "tinos" : "arimo";
}

function nameFonts(pdfium: PdfiumCalls, mapper: number): undefined {
  for (const name of KNOWN_NAMES) {
    const bytes = Buffer.from(`${name}\0`, "latin1");
    const at = allocate(pdfium, bytes.length);
    pdfium.HEAPU8.set(bytes, at);
    pdfium._FPDF_AddInstalledFont(mapper, at, 0);
    pdfium.wasmExports.free(at);
  }
  return undefined;
}

/** A table of a TrueType file by its tag; the whole file for 0, nothing for one that is absent. */
function tableOf(file: Buffer | undefined, tag: number): Uint8Array {
  if (file === undefined) return new Uint8Array(0);
  if (tag === 0) return file;
  const count = file.readUInt16BE(4);
  for (let entry = 12; entry < 12 + 16 * count; entry += 16) {
    if (file.readUInt32BE(entry) !== tag >>> 0) continue;
    const start = file.readUInt32BE(entry + 8);
    return file.subarray(start, start + file.readUInt32BE(entry + 12));
  }
  return new Uint8Array(0);
}

function textAt(pdfium: PdfiumCalls, at: number): string {
  if (at === 0) return "";
  const end = pdfium.HEAPU8.indexOf(0, at);
  return Buffer.from(pdfium.HEAPU8.subarray(at, Math.min(end, at + 256))).toString("latin1");
}
