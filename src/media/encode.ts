import sharp from "sharp";
import type { RgbImage } from "./rgb-image.ts";

/** Quality of previews for people. */
const PREVIEW_QUALITY = 72;

/** Encodes the image as a JPEG; `sidePx` bounds its longer side. */
export async function encodeJpeg(
  image: RgbImage,
  sidePx: number,
  quality = PREVIEW_QUALITY,
): Promise<Buffer> {
  const { rgb, width, height } = image;
  return await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: sidePx, height: sidePx, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality })
    .toBuffer();
}

/** Encodes a frame, which is square by now, as a JPEG with the aspect ratio of `shape`. */
export async function encodeThumbnail(
  image: RgbImage,
  shape: { readonly width: number; readonly height: number },
  sidePx: number,
): Promise<Buffer> {
  const { rgb, width, height } = image;
  const scale = Math.min(1, sidePx / Math.max(shape.width, shape.height));
  const side = (pixels: number): number => Math.max(1, Math.round(pixels * scale));
  return await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: side(shape.width), height: side(shape.height), fit: "fill" })
    .jpeg({ quality: PREVIEW_QUALITY })
    .toBuffer();
}

/** Encodes a picture without loss, for another server. */
export async function encodePng({ rgb, width, height }: RgbImage): Promise<Buffer> {
  const raw = sharp(rgb, { raw: { width, height, channels: 3 } });
  return await raw.png({ compressionLevel: 4 }).toBuffer();
}
