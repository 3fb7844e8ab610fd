import { describe, expect, test } from "vitest";
import { fileKind } from "./kind.ts";

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** A ZIP file of empty entries, without a directory. */
function zipOf(...entries: readonly (readonly [name: string, content?: string])[]): Uint8Array {
  const parts = entries.map(([name, content = ""]) => {
    const head = Buffer.alloc(30);
    head.write("PK\x03\x04");
    head.writeUInt16LE(name.length, 26);
    return Buffer.concat([head, Buffer.from(name), Buffer.from(content)]);
  });
  return Buffer.concat(parts);
}

const ole = (stream: string): Uint8Array =>
  Buffer.concat([
    latin1("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    Buffer.from(`${stream}\0`, "utf16le"),
  ]);

/** An old Targa file of 2 × 2 pixels of 24 bits, with so many bytes of pixels. */
function targa(pixelBytes: number): Uint8Array {
  const file = Buffer.alloc(18 + pixelBytes, 0xfe);
  file.set([0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 24, 0]);
  return file;
}

describe("the type of a file follows from its bytes", () => {
  const odf = (type: string) => zipOf(["mimetype", `application/vnd.oasis.opendocument.${type}`]);
  test.each([
    ["nothing", new Uint8Array(0), { is: "empty" }],
    ["a PNG", latin1("\x89PNG\r\n\x1a\n"), { is: "picture", type: "png" }],
    ["a BigTIFF", latin1("MM\0+\0\x08\0\0"), { is: "picture", type: "tiff" }],
    ["an AVIF sequence", latin1("\0\0\0\x14ftypavis\0\0\0\0"), { is: "picture", type: "avif" }],
    ["mif1 of AV1", latin1("\0\0\0\x18ftypmif1\0\0\0\0avifmiaf"), { is: "picture", type: "avif" }],
    ["mif1 of HEVC", latin1("\0\0\0\x18ftypmif1\0\0\0\0heicmiaf"), { is: "picture", type: "heic" }],
    ["a PDF", latin1("%PDF-1.7\n"), { is: "pdf" }],
    ["a PDF behind a mail's head", latin1("X: y\r\n\r\n%PDF-1.4\nstartxref\n"), { is: "pdf" }],
    ["a text about PDFs", latin1("they begin with %PDF-1.4"), { is: "text" }],
    ["a video", latin1("\0\0\0\x18ftypmp42\0\0\0\0"), { is: "video" }],
    ["DOCX", zipOf(["[Content_Types].xml"], ["word/a.xml"]), { is: "office", ending: "docx" }],
    ["XLSX", zipOf(["[Content_Types].xml"], ["xl/a.xml"]), { is: "office", ending: "xlsx" }],
    ["PPTX", zipOf(["[Content_Types].xml"], ["ppt/a.xml"]), { is: "office", ending: "pptx" }],
    ["a ZIP of texts", zipOf(["words.txt"]), { is: "other", name: "a ZIP archive" }],
    ["ODT", odf("text"), { is: "office", ending: "odt" }],
    ["ODS", odf("spreadsheet"), { is: "office", ending: "ods" }],
    ["EPUB", zipOf(["mimetype", "application/epub+zip"]), { is: "other", name: "an EPUB book" }],
    ["DOC", ole("WordDocument"), { is: "office", ending: "doc" }],
    ["XLS", ole("Workbook"), { is: "office", ending: "xls" }],
    ["MSG", ole("__properties_version1.0"), { is: "other", name: "an Outlook message (MSG)" }],
    ["with a password", ole("EncryptedPackage"), { is: "other", name: /password/ }],
    ["RTF", latin1("{\\rtf1 a}"), { is: "office", ending: "rtf" }],
    ["JSON", latin1('{"a": 1}'), { is: "text", encoding: "utf-8" }],
    ["a text that begins with BM", latin1("BMW sold 2,450 cars in May"), { is: "text" }],
    ["UTF-16", latin1("\xff\xfea\0b\0"), { is: "text", encoding: "utf-16le" }],
    ["a web page", latin1("<!doctype html><p>"), { is: "text", markup: "HTML" }],
    ["SVG", latin1('<?xml version="1.0"?>\n<!-- a --><svg>'), { is: "text", markup: "SVG" }],
    ["Latin-1", latin1("M\xfcller"), { is: "other", name: "text that is not UTF-8" }],
    ["PPM", latin1("P6\n2 2\n255\n\x00\xff"), { is: "other", name: /pixmap/ }],
    ["JPEG XL", latin1("\xff\x0a\xfa"), { is: "other", name: "JPEG XL" }],
    ["JPEG 2000", latin1("\0\0\0\x0cjP  \r\n\x87\n"), { is: "other", name: "JPEG 2000" }],
    ["PSD", latin1("8BPS\0\x01"), { is: "other", name: "Photoshop (PSD)" }],
    ["DICOM", latin1(`${"\0".repeat(128)}DICM`), { is: "other", name: "DICOM" }],
    ["FITS", latin1("SIMPLE  =                    T"), { is: "other", name: "FITS" }],
    ["PAM", latin1("P7\nWIDTH 2\nHEIGHT 2\n"), { is: "other", name: /PAM/ }],
    ["SGI", latin1("\x01\xda\0\x01\0\x03"), { is: "other", name: /SGI/ }],
    ["Sun raster", latin1("\x59\xa6\x6a\x95\0\0\0\x02"), { is: "other", name: "Sun raster" }],
    ["old Targa", targa(12), { is: "other", name: "Targa (TGA)" }],
    ["half a Targa", targa(11), { is: "unknown" }],
    ["GZIP", latin1("\x1f\x8b\x08\0"), { is: "other", name: "a GZIP archive" }],
    ["MP3", latin1("ID3\x04\0"), { is: "other", name: "sound (MP3)" }],
    ["noise", latin1("\x01\x02\0\x03"), { is: "unknown" }],
  ])("%s", (_, bytes, expected) => {
    const { name, ...rest } = expected as { name?: string | RegExp };
    const kind = fileKind(bytes);
    expect(kind).toMatchObject(rest);
    if (name !== undefined) expect("name" in kind ? kind.name : "").toMatch(name);
  });
});
