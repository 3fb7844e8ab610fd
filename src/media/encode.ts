import sharp from "sharp";
import type { RgbImage } from "./image.ts";

/** A JPEG of the image, at most so many pixels on its longer side, for people to look at. */
export async function encodeJpeg(image: RgbImage, sidePx: number): Promise<Buffer> {
  const { rgb, width, height } = image;
  return await sharp(rgb, { raw: { width, height, channels: 3 } })
    .resize({ width: sidePx, height: sidePx, fit: "inside", withoutEnlargement: true })
    .jpeg({ quality: 72 })
    .toBuffer();
}
