// Reads the size of an AVIF or HEIC picture from its boxes (ISO/IEC 23008-12): the stored extent,
// cropped to the clean aperture ("clap") and rotated ("irot"), as decoders always do.

import type { StoredPicture } from "./picture-headers.ts";
import type { Size } from "./rgb-image.ts";

interface Box {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

const MAX_BOXES = 10_000;
const MAX_PROPERTIES = 1000;
const MAX_ITEMS = 10_000;

/** Throws RangeError if the boxes are truncated; undefined without a primary picture. */
export function heifHeader(view: DataView): StoredPicture | undefined {
  const meta = childOf(view, { type: "", start: 0, end: view.byteLength }, "meta");
  if (!meta) return undefined;
  const inside = { ...meta, start: meta.start + 4 };
  const primary = childOf(view, inside, "pitm");
  const properties = childOf(view, inside, "iprp");
  if (!primary || !properties) return undefined;
  const wide = view.getUint8(primary.start) > 0;
  const item = wide ? view.getUint32(primary.start + 4) : view.getUint16(primary.start + 4);
  const container = childOf(view, properties, "ipco");
  const listed = container ? boxesIn(view, container, MAX_PROPERTIES) : [];
  let size: Size | undefined;
  for (const index of associated(view, properties, item)) {
    const property = listed[index - 1];
    if (property) size = applied(view, property, size);
  }
  return size && { ...size, exif: 1 };
}

function applied(view: DataView, { type, start }: Box, size: Size | undefined): Size | undefined {
  if (type === "ispe") {
    return { width: view.getUint32(start + 4), height: view.getUint32(start + 8) };
  }
  if (size === undefined) return undefined;
  if (type === "irot" && (view.getUint8(start) & 1) === 1) {
    return { width: size.height, height: size.width };
  }
  if (type !== "clap") return size;
  const at = (index: number): number => view.getUint32(start + 4 * index);
  const signed = (index: number): number => view.getInt32(start + 4 * index);
  return {
    width: cut(size.width, at(0) / at(1), signed(4) / at(5)),
    height: cut(size.height, at(2) / at(3), signed(6) / at(7)),
  };
}

/** Length of a side after cropping to an aperture of given width and offset from the centre. */
function cut(side: number, aperture: number, offset: number): number {
  const first = Math.floor(offset + (side - 1) / 2 - (aperture - 1) / 2);
  const last = Math.min(first + Math.round(aperture) - 1, side - 1);
  return last - Math.max(first, 0) + 1;
}

/** Indices of an item's properties, in the order in which they apply. */
function associated(view: DataView, properties: Box, item: number): number[] {
  for (const box of boxesIn(view, properties, MAX_BOXES)) {
    if (box.type !== "ipma") continue;
    const found = associationsIn(view, box, item);
    if (found) return found;
  }
  return [];
}

function associationsIn(view: DataView, { start }: Box, item: number): number[] | undefined {
  const wideItem = view.getUint8(start) > 0;
  const wideIndex = (view.getUint8(start + 3) & 1) === 1;
  const entries = view.getUint32(start + 4);
  let at = start + 8;
  for (let entry = 0; entry < Math.min(entries, MAX_ITEMS); entry++) {
    const id = wideItem ? view.getUint32(at) : view.getUint16(at);
    at += wideItem ? 4 : 2;
    const count = view.getUint8(at);
    at += 1;
    const indices = Array.from({ length: count }, (_, index) => {
      if (wideIndex) return view.getUint16(at + index * 2) & 0x7fff;
      return view.getUint8(at + index) & 0x7f;
    });
    if (id === item) return indices;
    at += count * (wideIndex ? 2 : 1);
  }
  return undefined;
}

function childOf(view: DataView, parent: Box, type: string): Box | undefined {
  return boxesIn(view, parent, MAX_BOXES, type).at(-1);
}

/** The child boxes of a box, up to a maximum number or to the first of a type. */
function boxesIn(view: DataView, parent: Box, most: number, until?: string): Box[] {
  const boxes: Box[] = [];
  let at = parent.start;
  while (at + 8 <= parent.end && boxes.length < most) {
    const type = String.fromCharCode(...[4, 5, 6, 7].map((offset) => view.getUint8(at + offset)));
    const short = view.getUint32(at);
    const header = short === 1 ? 16 : 8;
    const long = short === 1 ? Number(view.getBigUint64(at + 8)) : short;
    const length = short === 0 ? parent.end - at : long;
    if (length < header) break;
    const box = { type, start: at + header, end: Math.min(at + length, parent.end) };
    at += length;
    if (until === undefined) boxes.push(box);
    else if (type === until) return [box];
  }
  return boxes;
}
