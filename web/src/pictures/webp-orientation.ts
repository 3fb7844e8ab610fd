/** The chunk "EXIF" and the marker "Exif". */
const CHUNK = 0x45584946;
const MARKER = 0x45786966;
const ORIENTATION = 0x0112;
const MAX_ENTRIES = 512;

/**
 * Reads the EXIF orientation of a WebP file, 1 to 8; 1 for files without one and damaged files.
 * Chromium applies the orientation of JPEG and PNG but not of WebP; the server applies all three.
 */
export function webpOrientation(file: Uint8Array): number {
  const exif = exifChunk(new DataView(file.buffer, file.byteOffset, file.byteLength));
  if (exif === undefined) return 1;
  try {
    return readOrientation(exif);
  } catch (thrown) {
    if (thrown instanceof RangeError) return 1;
    throw thrown;
  }
}

/** Finds the TIFF structure in the chunk EXIF. A chunk is a name, a size and padded data. */
function exifChunk(view: DataView): DataView | undefined {
  const isWebp = view.byteLength > 16 && view.getUint32(8) === 0x57454250; // "WEBP"
  for (let at = 12; isWebp && at + 8 <= view.byteLength; ) {
    const size = view.getUint32(at + 4, true);
    if (view.getUint32(at) === CHUNK) {
      const start = view.byteOffset + at + 8;
      const length = Math.min(size, view.byteLength - at - 8);
      return withoutMarker(new DataView(view.buffer, start, length));
    }
    at += 8 + size + (size % 2);
  }
  return undefined;
}

/** Some writers put the JPEG marker "Exif\0\0" in front. */
function withoutMarker(view: DataView): DataView {
  const isMarked = view.byteLength > 6 && view.getUint32(0) === MARKER;
  return isMarked ? new DataView(view.buffer, view.byteOffset + 6, view.byteLength - 6) : view;
}

/** Throws a RangeError if an offset points outside the chunk. */
function readOrientation(tiff: DataView): number {
  const little = tiff.getUint16(0) === 0x4949; // "II"
  const directory = tiff.getUint32(4, little);
  const entries = Math.min(MAX_ENTRIES, tiff.getUint16(directory, little));
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * 12;
    if (tiff.getUint16(at, little) !== ORIENTATION) continue;
    const value = tiff.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
