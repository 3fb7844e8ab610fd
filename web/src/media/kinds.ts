import { PICTURE_TYPES } from "../pictures/picture-store.ts";

export type Kind = "picture" | "video" | "document";

/** Media types by file extension: browsers do not know all of them. */
const VIDEOS: Readonly<Record<string, string>> = {
  mp4: "video/mp4",
  m4v: "video/mp4",
  mov: "video/quicktime",
  mkv: "video/x-matroska",
  webm: "video/webm",
  flv: "video/x-flv",
  "3gp": "video/3gpp",
  avi: "video/x-msvideo",
  ts: "video/mp2t",
  mpg: "video/mpeg",
  ogv: "video/ogg",
  wmv: "video/x-ms-wmv",
};
/** Documents that the server converts if it has LibreOffice. */
const OFFICE: Readonly<Record<string, string>> = {
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  pptx: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
  odt: "application/vnd.oasis.opendocument.text",
  ods: "application/vnd.oasis.opendocument.spreadsheet",
  odp: "application/vnd.oasis.opendocument.presentation",
  rtf: "application/rtf",
};
const DOCUMENTS: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  tif: "image/tiff",
  tiff: "image/tiff",
  ...OFFICE,
};

/** The types that the file dialog offers. */
export const ACCEPT = [
  ...PICTURE_TYPES,
  ...Object.entries({ ...VIDEOS, ...DOCUMENTS }).flatMap(([end, type]) => [`.${end}`, type]),
].join(",");

/** Returns the kind of part in which a file is sent, and its media type. */
export function kindOf(name: string, type: string): { readonly kind: Kind; readonly type: string } {
  const end = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? "";
  const known = type === "" || type === "application/octet-stream";
  const video = VIDEOS[end];
  if (type.startsWith("video/")) return { kind: "video", type };
  if (known && video !== undefined) return { kind: "video", type: video };
  const document = known ? DOCUMENTS[end] : type;
  if (document !== undefined && Object.values(DOCUMENTS).includes(document)) {
    return { kind: "document", type: document };
  }
  return { kind: "picture", type };
}

export function isOffice(type: string): boolean {
  return Object.values(OFFICE).includes(type);
}

/** Tells whether a GIF has more than one frame. Reads its blocks without decoding them. */
export function isMovingGif(file: Uint8Array): boolean {
  const tableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let at = 13 + tableBytes(file[10] ?? 0);
  let frames = 0;
  while (at < file.length) {
    const block = file[at];
    if (block === 0x2c) {
      frames += 1;
      if (frames > 1) return true;
      at += 11 + tableBytes(file[at + 9] ?? 0);
    } else if (block === 0x21) at += 2;
    else return false;
    while ((file[at] ?? 0) > 0) at += (file[at] ?? 0) + 1;
    at += 1;
  }
  return false;
}
