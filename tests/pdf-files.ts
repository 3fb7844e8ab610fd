// PDF files made by hand: a few objects, a table of where they are, and lies as wanted.

import { createHash } from "node:crypto";

export interface PdfPageText {
  /** Lines from the top, in 12 points. */
  readonly lines?: readonly string[];
  /** Points. */
  readonly box?: string;
  /** More entries of the page's dictionary. */
  readonly entries?: string;
}

export interface PdfChanges {
  /** What the tree of pages says, whatever is there. */
  readonly count?: number;
  /** More entries of the catalogue or the trailer. */
  readonly catalogue?: string;
  readonly trailer?: string;
  /** More objects; the first has the number `firstExtra`. */
  readonly objects?: readonly string[];
}

const escaped = (text: string): string => text.replace(/[\\()]/g, "\\$&");

/** Objects 1 to 3: catalogue, tree of pages, font; then pages, their contents, and more. */
export function pdf(pages: readonly PdfPageText[], changes: PdfChanges = {}): Buffer {
  const first = 4;
  const numbers = pages.map((_, index) => first + index * 2);
  const kids = numbers.map((number) => `${number} 0 R`).join(" ");
  const contents = pages.map(({ lines = [] }) => {
    const shown = lines.map((line) => `(${escaped(line)}) Tj T*`).join("\n");
    return `BT /F1 12 Tf 14 TL 20 170 Td\n${shown}\nET`;
  });
  return assemble(
    [
      `<< /Type /Catalog /Pages 2 0 R ${changes.catalogue ?? ""} >>`,
      `<< /Type /Pages /Kids [${kids}] /Count ${changes.count ?? pages.length} >>`,
      "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
      ...pages.flatMap(({ box = "0 0 200 200", entries = "" }, index) => [
        `<< /Type /Page /Parent 2 0 R /MediaBox [${box}] ` +
          (entries.includes("/Contents") ? "" : `/Contents ${first + index * 2 + 1} 0 R `) +
          (entries.includes("/Resources") ? "" : "/Resources << /Font << /F1 3 0 R >> >> ") +
          `${entries} >>`,
        `<< /Length ${contents[index]!.length} >>\nstream\n${contents[index]}\nendstream`,
      ]),
      ...(changes.objects ?? []),
    ],
    changes.trailer,
  );
}

/** Number of the first of `objects` in a file of so many pages. */
export const firstExtra = (pages: number): number => 4 + pages * 2;

/** An object that is a stream, with the entries of its dictionary. */
export function stream(entries: string, contents: string): string {
  return `<< ${entries} /Length ${contents.length} >>\nstream\n${contents}\nendstream`;
}

export function assemble(objects: readonly string[], trailer = ""): Buffer {
  let text = "%PDF-1.7\n";
  const offsets = objects.map((object, index) => {
    const offset = text.length;
    text += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const table = offsets.map((offset) => `${String(offset).padStart(10, "0")} 00000 n \n`);
  const start = text.length;
  const size = objects.length + 1;
  text += `xref\n0 ${size}\n0000000000 65535 f \n${table.join("")}`;
  text += `trailer\n<< /Size ${size} /Root 1 0 R ${trailer} >>\nstartxref\n${start}\n%%EOF\n`;
  return Buffer.from(text, "latin1");
}

/** Says that a password is needed, of which nobody knows any. */
export function encryptedPdf(): Buffer {
  const word = createHash("md5").update("vireo").digest("hex");
  const encrypt =
    `/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 /O <${word}${word}> /U <${word}${word}> >> ` +
    `/ID [<${word}> <${word}>]`;
  return pdf([{ lines: ["secret"] }], { trailer: encrypt });
}

/** TIFF with a gray frame of each size, uncompressed. */
export function tiff(frames: readonly { width: number; height: number; gray: number }[]): Buffer {
  const parts: Buffer[] = [Buffer.from("II*\0\0\0\0\0", "latin1")];
  let length = 8;
  let link: [Buffer, number] = [parts[0]!, 4];
  for (const { width, height, gray } of frames) {
    const pixels = Buffer.alloc((width * height + 1) & ~1, gray);
    const entries: [number, number, number][] = [
      [256, 3, width],
      [257, 3, height],
      [258, 3, 8],
      [259, 3, 1],
      [262, 3, 1],
      [273, 4, length],
      [277, 3, 1],
      [278, 3, height],
      [279, 4, width * height],
    ];
    const directory = Buffer.alloc(2 + entries.length * 12 + 4);
    directory.writeUInt16LE(entries.length);
    entries.forEach(([tag, type, value], index) => {
      const at = 2 + index * 12;
      directory.writeUInt16LE(tag, at);
      directory.writeUInt16LE(type, at + 2);
      directory.writeUInt32LE(1, at + 4);
      if (type === 3) directory.writeUInt16LE(value, at + 8);
      else directory.writeUInt32LE(value, at + 8);
    });
    link[0].writeUInt32LE(length + pixels.length, link[1]);
    link = [directory, directory.length - 4];
    parts.push(pixels, directory);
    length += pixels.length + directory.length;
  }
  return Buffer.concat(parts);
}
