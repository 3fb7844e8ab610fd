/**
 * The EXIF orientation of a JPEG file, 1 (upright) where it has none or is damaged.
 *
 * The model sees pixels as they are stored, people see them turned as the camera noted. Pictures
 * that are not upright are therefore turned before they are sent.
 */
export function jpegOrientation(file: Uint8Array): number {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  try {
    if (view.getUint16(0) !== 0xffd8) return 1;
    let at = 2;
    for (;;) {
      const marker = view.getUint16(at);
      if (marker >> 8 !== 0xff || marker === 0xffda) return 1;
      const length = view.getUint16(at + 2);
      const isExif = marker === 0xffe1 && view.getUint32(at + 4) === 0x45786966;
      if (isExif) return tiffOrientation(view, at + 10);
      at += 2 + length;
    }
  } catch {
    // A read beyond the end: cut off or no JPEG.
    return 1;
  }
}

const ORIENTATION_TAG = 0x0112;

function tiffOrientation(view: DataView, start: number): number {
  const little = view.getUint16(start) === 0x4949;
  const directory = start + view.getUint32(start + 4, little);
  const entries = view.getUint16(directory, little);
  for (let index = 0; index < entries; index++) {
    const entry = directory + 2 + index * 12;
    if (view.getUint16(entry, little) !== ORIENTATION_TAG) continue;
    const value = view.getUint16(entry + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}
