// The one place that recognises file formats. It ignores names, extensions and declared types.

import { isUtf8 } from "node:buffer";
import { defined } from "../core/defined.ts";
import { archiveKind, compoundKind, type OfficeFile } from "./archive-kind.ts";
import { recogniseVideo, unreadVideo } from "./video-source.ts";

/** Picture formats that can be decoded. */
export type ImageType = "png" | "jpeg" | "webp" | "gif" | "bmp" | "tiff" | "avif" | "heic" | "ico";

export type Encoding = "utf-8" | "utf-16le" | "utf-16be";

export type FileKind =
  | { readonly is: "empty" }
  | { readonly is: "picture"; readonly type: ImageType }
  | { readonly is: "pdf" }
  | { readonly is: "video" }
  | ({ readonly is: "office" } & OfficeFile)
  /** markup: "HTML" or "SVG" if the text is a web page or a drawing. */
  | { readonly is: "text"; readonly encoding: Encoding; readonly markup?: string }
  /** Recognised, but not supported. */
  | { readonly is: "other"; readonly name: string; readonly advice: string }
  | { readonly is: "unknown" };

/** Every accepted picture format, as error messages name them. */
export const SEND_PICTURE = "send PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, HEIC or ICO";
export const SEND_DOCUMENT = `send a PDF, or ${SEND_PICTURE.slice("send ".length)}`;

/** Bytes at the start of a file that may hold a magic number. */
const HEAD_BYTES = 1024;

/**
 * Recognises the format of a file by its bytes.
 *
 * Reads the first KiB and the directory of a ZIP or OLE file; if nothing matches, checks whether
 * all bytes are UTF-8. Never throws.
 */
export function fileKind(bytes: Uint8Array): FileKind {
  if (bytes.length === 0) return { is: "empty" };
  const head = Buffer.from(bytes.subarray(0, HEAD_BYTES)).toString("latin1");
  const picture = pictureType(head, bytes);
  if (picture) return { is: "picture", type: picture };
  if (head.startsWith("PK\x03\x04")) return archiveKind(bytes);
  if (head.startsWith("\xd0\xcf\x11\xe0")) return compoundKind(bytes);
  if (head.startsWith("{\\rtf"))
    return { is: "office", name: "a rich text file (RTF)", ending: "rtf" };
  const boxed = boxedKind(head);
  if (boxed) return boxed;
  if (recogniseVideo(bytes)) return { is: "video" };
  const listed = OTHERS.find(([magic, , , at = 0]) => head.startsWith(magic, at));
  if (
    (/^P[1-6][ \t\r\n]/.test(head) && !isUtf8(bytes.subarray(0, HEAD_BYTES))) ||
    /^P[1-6]\s+(#.*\s+)*\d+\s+\d+\s/.test(head)
  ) {
    return { is: "other", name: "a portable pixmap (PBM, PGM or PPM)", advice: SEND_PICTURE };
  }
  if (listed) return { is: "other", name: listed[1], advice: listed[2] };
  if (isTarga(bytes)) return { is: "other", name: "Targa (TGA)", advice: SEND_PICTURE };
  const text = textKind(bytes, head);
  if (isPdfHead(head) && !(text && !hasPdfEnd(bytes))) return { is: "pdf" };
  return text ?? unreadKind(bytes);
}

function unreadKind(bytes: Uint8Array): FileKind {
  const name = unreadVideo(bytes);
  if (name === undefined) return { is: "unknown" };
  return { is: "other", name, advice: name === "sound" ? NO_SOUND : SEND_VIDEO };
}

/** The PDF header may follow up to a KiB of other data, such as headers of a mail or printer. */
function isPdfHead(head: string): boolean {
  return /%PDF-\d/.test(head) || head.startsWith("%PDF-");
}

/** A text may begin with the PDF header; only a PDF has a pointer to its cross-reference table. */
function hasPdfEnd(bytes: Uint8Array): boolean {
  if (Buffer.from(bytes.subarray(0, 5)).toString("latin1") === "%PDF-") return true;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes("startxref");
}

function pictureType(head: string, bytes: Uint8Array): ImageType | undefined {
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("RIFF") && head.startsWith("WEBP", 8)) return "webp";
  if (head.startsWith("GIF87a") || head.startsWith("GIF89a")) return "gif";
  if (head.startsWith("BM") && isBmp(bytes)) return "bmp";
  if (/^(II[*+]\0|MM\0[*+])/.test(head) && !isRawPhoto(head)) return "tiff";
  if ((head.startsWith(ICON) || head.startsWith(CURSOR)) && isIco(bytes)) return "ico";
  if (head.startsWith("ftyp", 4)) return boxedPicture(brandsOf(head));
  return undefined;
}

/** Two letters are weak evidence, so the size of the second header must be a known one. */
function isBmp(bytes: Uint8Array): boolean {
  if (bytes.length < 18) return bytes.length === 2 || bytes[2] === 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [12, 16, 40, 52, 56, 64, 108, 124].includes(view.getUint32(14, true));
}

const ICON = "\0\0\x01\0";
const CURSOR = "\0\0\x02\0";

/** Checks that the first entry points behind the directory and is not empty. */
function isIco(bytes: Uint8Array): boolean {
  if (bytes.length < 22 || (bytes[4] === 0 && bytes[5] === 0)) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [size, at] = [view.getUint32(14, true), view.getUint32(18, true)];
  return at >= 6 + 16 * view.getUint16(4, true) && size > 16 && at < bytes.length;
}

/** Raw files of cameras begin like a TIFF. */
function isRawPhoto(head: string): boolean {
  return head.startsWith("CR", 8) || head.startsWith("II*\0\x08\0\0\0\x1c\0\xfe\0");
}

/** Old Targa files have no magic number, so the header's fields must match the file's length. */
function isTarga(bytes: Uint8Array): boolean {
  const end = Buffer.from(bytes.subarray(-18)).toString("latin1");
  if (end.startsWith("TRUEVISION-XFILE")) return true;
  if (bytes.length < 18) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [hasMap, type, bits] = [bytes[1]!, bytes[2]!, bytes[16]!];
  const pixels = view.getUint16(12, true) * view.getUint16(14, true);
  if (hasMap > 1 || ![1, 2, 3].includes(type) || ![8, 15, 16, 24, 32].includes(bits)) return false;
  const map = hasMap * Math.ceil(bytes[7]! / 8) * view.getUint16(5, true);
  return pixels > 0 && bytes.length === 18 + bytes[0]! + map + pixels * Math.ceil(bits / 8);
}

/** The major and the compatible brands of a file of the MP4 family. */
function brandsOf(head: string): string[] {
  const length = Buffer.from(head.slice(0, 4), "latin1").readUInt32BE(0);
  const box = head.slice(8, Math.min(length, HEAD_BYTES));
  return (box.match(/[\s\S]{4}/g) ?? [head.slice(8, 12)]).filter((_, index) => index !== 1);
}

const HEVC_PICTURE = /^(heic|heix|heim|heis|hevc|hevx|hevm|hevs)$/;

/** The brands "mif1" and "msf1" are for any codec; the others name the codec. */
function boxedPicture(brands: readonly string[]): ImageType | undefined {
  const [major = ""] = brands;
  if (major === "avif" || major === "avis") return "avif";
  if (HEVC_PICTURE.test(major)) return "heic";
  if (!/^(mif1|mif2|msf1|miaf|mia1)$/.test(major)) return undefined;
  return brands.some((brand) => /^avi[fs]$/.test(brand)) ? "avif" : "heic";
}

function boxedKind(head: string): FileKind | undefined {
  if (!head.startsWith("ftyp", 4)) return undefined;
  const major = head.slice(8, 12);
  if (major === "crx ") return { is: "other", name: "a raw photo (CR3)", advice: SEND_PICTURE };
  if (/^(M4A |M4B )$/.test(major)) return { is: "other", name: "sound (M4A)", advice: NO_SOUND };
  if (/^(jp2 |jpx |jph )$/.test(major)) return JPEG_2000;
  return undefined;
}

const SEND_VIDEO = "send the video as MP4 or WebM";
const NO_SOUND = "only pictures, documents and videos are looked at";
const UNPACK = "unpack it and send the files that are in it";
const JPEG_2000 = { is: "other", name: "JPEG 2000", advice: SEND_PICTURE } as const;

/** Magic number, name, advice, and the offset of the number if it is not 0. */
const OTHERS: readonly (readonly [magic: string, name: string, advice: string, at?: number])[] = [
  ["\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL", SEND_PICTURE],
  ["\xff\x0a", "JPEG XL", SEND_PICTURE],
  ["\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000", SEND_PICTURE],
  ["\xff\x4f\xff\x51", "JPEG 2000", SEND_PICTURE],
  ["II\xbc\x01", "JPEG XR", SEND_PICTURE],
  ["8BPS", "Photoshop (PSD)", SEND_PICTURE],
  ["gimp xcf", "GIMP (XCF)", SEND_PICTURE],
  ["qoif", "QOI", SEND_PICTURE],
  ["BPG\xfb", "BPG", SEND_PICTURE],
  ["FLIF", "FLIF", SEND_PICTURE],
  ["v/1\x01", "OpenEXR", SEND_PICTURE],
  ["#?RADIANCE", "Radiance HDR", SEND_PICTURE],
  ["#?RGBE", "Radiance HDR", SEND_PICTURE],
  ["SIMPLE  =", "FITS", SEND_PICTURE],
  ["P7\nWIDTH", "a portable arbitrary map (PAM)", SEND_PICTURE],
  ["\x01\xda\0", "Silicon Graphics (SGI)", SEND_PICTURE],
  ["\x01\xda\x01", "Silicon Graphics (SGI)", SEND_PICTURE],
  ["\x59\xa6\x6a\x95", "Sun raster", SEND_PICTURE],
  ["DanM", "Microsoft Paint (MSP)", SEND_PICTURE],
  ["LinS", "Microsoft Paint (MSP)", SEND_PICTURE],
  ["icns", "an icon of macOS (ICNS)", SEND_PICTURE],
  ["DDS ", "DDS", SEND_PICTURE],
  ["\x8aMNG\r\n\x1a\n", "MNG", SEND_PICTURE],
  ["\x8bJNG\r\n\x1a\n", "JNG", SEND_PICTURE],
  ["\xd7\xcd\xc6\x9a", "a Windows metafile (WMF)", SEND_PICTURE],
  [" EMF", "a Windows metafile (EMF)", SEND_PICTURE, 40],
  ["AT&TFORM", "DjVu", "save it as PDF and send that"],
  ["%!PS", "PostScript", "save it as PDF and send that"],
  ["\xc5\xd0\xd3\xc6", "PostScript (EPS)", "save it as PDF and send that"],
  ["DICM", "DICOM", SEND_PICTURE, 128],
  ["II*\0\x10\0\0\0CR", "a raw photo (CR2)", SEND_PICTURE],
  ["II*\0\x08\0\0\0\x1c\0\xfe\0", "a raw photo", SEND_PICTURE],
  ["FUJIFILMCCD-RAW", "a raw photo (RAF)", SEND_PICTURE],
  ["IIRO", "a raw photo (ORF)", SEND_PICTURE],
  ["IIU\0", "a raw photo (RW2)", SEND_PICTURE],
  ["id=ImageMagick", "MIFF", SEND_PICTURE],
  ["\x0a\x05\x01", "PCX", SEND_PICTURE],
  ["\x1f\x8b", "a GZIP archive", UNPACK],
  ["7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK],
  ["Rar!\x1a\x07", "a RAR archive", UNPACK],
  ["BZh", "a BZIP2 archive", UNPACK],
  ["\xfd7zXZ\0", "an XZ archive", UNPACK],
  ["\x28\xb5\x2f\xfd", "a Zstandard archive", UNPACK],
  ["ustar", "a TAR archive", UNPACK, 257],
  ["PK\x05\x06", "an empty ZIP archive", UNPACK],
  ["PK\x07\x08", "a ZIP archive in several files", UNPACK],
  ["ID3", "sound (MP3)", NO_SOUND],
  ["\xff\xfb", "sound (MP3)", NO_SOUND],
  ["fLaC", "sound (FLAC)", NO_SOUND],
  ["WAVE", "sound (WAV)", NO_SOUND, 8],
  ["SQLite format 3\0", "an SQLite database", NO_SOUND],
  ["\x7fELF", "a program", NO_SOUND],
  ["MZ\x90\0", "a program", NO_SOUND],
];

function textKind(bytes: Uint8Array, head: string): FileKind | undefined {
  if (head.startsWith("\xff\xfe") && bytes.length % 2 === 0)
    return { is: "text", encoding: "utf-16le" };
  if (head.startsWith("\xfe\xff") && bytes.length % 2 === 0)
    return { is: "text", encoding: "utf-16be" };
  if (!isUtf8(bytes) || bytes.includes(0)) return legacyText(bytes);
  const start = head.replace(/^\xef\xbb\xbf/, "").trimStart();
  const markup = markupOf(start);
  return { is: "text", encoding: "utf-8", ...defined({ markup }) };
}

function markupOf(start: string): string | undefined {
  if (/^(<\?xml[^>]*>\s*)?(<!--[\s\S]*?-->\s*)*(<!doctype svg|<svg[\s>/])/i.test(start))
    return "SVG";
  if (/^(<!doctype html|<html[\s>])/i.test(start)) return "HTML";
  return undefined;
}

/** Recognises text of an old code page: it has no byte that occurs only in binary files. */
function legacyText(bytes: Uint8Array): FileKind | undefined {
  const sample = bytes.subarray(0, 65_536);
  const isBinary = sample.some((byte) => byte < 32 && !(byte >= 8 && byte <= 13) && byte !== 27);
  if (isBinary || bytes.includes(0)) return undefined;
  return { is: "other", name: "text that is not UTF-8", advice: "save it as UTF-8" };
}

/** The text of a file whose kind is text, without its byte order mark. */
export function decodeText(bytes: Uint8Array, encoding: Encoding): string {
  return new TextDecoder(encoding).decode(bytes);
}
