// Reads the directories of TIFF and BigTIFF files (TIFF 6.0; libtiff's BigTIFF design), and of EXIF
// blocks, which are TIFF files without pixels.

/** A frame's tags. */
export interface TiffDirectory {
  readonly tags: ReadonlyMap<number, readonly number[]>;
}

export interface TiffOptions {
  /** Maximum number of directories to read. */
  readonly maxFrames: number;
}

/** Limit on entries per directory; the format allows 65,535. */
const MAX_ENTRIES = 4096;
/** Limit on values per entry; no tag that is used has more. */
const MAX_VALUES = 16;

/** Bytes of a value by its type; only types of whole numbers are listed. */
const TYPE_BYTES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8 };

export function tagValue({ tags }: TiffDirectory, tag: number): number | undefined {
  return tags.get(tag)?.[0];
}

/**
 * Reads the chain of directories. A loop, or a later directory outside of the file, ends it.
 *
 * Throws RangeError if the first directory lies outside of the file.
 */
export function readTiff(view: DataView, { maxFrames }: TiffOptions): TiffDirectory[] {
  const little = view.getUint16(0) === 0x4949;
  const layout = layoutOf(view, little);
  const found: TiffDirectory[] = [];
  const seen = new Set<number>();
  let at = offsetAt(view, layout.firstAt, layout);
  while (at !== 0 && !seen.has(at) && found.length < maxFrames) {
    seen.add(at);
    try {
      const { directory, next } = readDirectory(view, at, layout);
      found.push(directory);
      at = next;
    } catch (error) {
      if (!(error instanceof RangeError) || found.length === 0) throw error;
      break;
    }
  }
  return found;
}

interface Layout {
  readonly little: boolean;
  readonly big: boolean;
  /** Offset of the pointer to the first directory. */
  readonly firstAt: number;
}

function layoutOf(view: DataView, little: boolean): Layout {
  const big = view.getUint16(2, little) === 43;
  return { little, big, firstAt: big ? 8 : 4 };
}

function offsetAt(view: DataView, at: number, { little, big }: Layout): number {
  return big ? Number(view.getBigUint64(at, little)) : view.getUint32(at, little);
}

function readDirectory(view: DataView, at: number, layout: Layout) {
  const { little, big } = layout;
  const entries = big ? Number(view.getBigUint64(at, little)) : view.getUint16(at, little);
  const [first, entryBytes] = big ? [at + 8, 20] : [at + 2, 12];
  const tags = new Map<number, readonly number[]>();
  for (let entry = 0; entry < Math.min(entries, MAX_ENTRIES); entry++) {
    const place = first + entry * entryBytes;
    if (place + entryBytes > view.byteLength) break;
    const tag = view.getUint16(place, little);
    if (!tags.has(tag)) tags.set(tag, valuesAt(view, place, layout));
  }
  const nextAt = first + entries * entryBytes;
  const hasNext = nextAt + (big ? 8 : 4) <= view.byteLength;
  return { directory: { tags }, next: hasNext ? offsetAt(view, nextAt, layout) : 0 };
}

function valuesAt(view: DataView, place: number, layout: Layout): number[] {
  const { little, big } = layout;
  const bytes = TYPE_BYTES[view.getUint16(place + 2, little)];
  if (bytes === undefined) return [];
  const count = big
    ? Number(view.getBigUint64(place + 4, little))
    : view.getUint32(place + 4, little);
  const inPlace = place + (big ? 12 : 8);
  const fits = count * bytes <= (big ? 8 : 4);
  const start = fits ? inPlace : offsetAt(view, inPlace, layout);
  const values: number[] = [];
  for (let index = 0; index < Math.min(count, MAX_VALUES); index++) {
    const at = start + index * bytes;
    if (at + bytes > view.byteLength) break;
    values.push(numberAt(view, at, bytes, little));
  }
  return values;
}

function numberAt(view: DataView, at: number, bytes: number, little: boolean): number {
  if (bytes === 1) return view.getUint8(at);
  if (bytes === 2) return view.getUint16(at, little);
  if (bytes === 4) return view.getUint32(at, little);
  return Number(view.getBigUint64(at, little));
}
