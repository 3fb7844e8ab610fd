import type { ExifOrientation, ImagePart } from "../../core/chat.ts";
import { encodeJpeg, encodePng } from "../../media/encode.ts";
import { decodeImage } from "../../media/image.ts";
import type { ImageType } from "../../media/kind.ts";
import { inspectImage } from "../../media/source.ts";
import type { Dialect } from "./dialect.ts";
import type { JsonObject } from "./json-values.ts";

/** Formats that every server reads. */
const COMMON_TYPES: readonly ImageType[] = ["png", "jpeg", "webp", "gif"];
/** Formats of photographs, which PNG would make several times larger. */
const PHOTO_TYPES: readonly ImageType[] = ["jpeg", "avif", "heic"];
const PHOTO_QUALITY = 95;

/**
 * The part for a picture, as a data: URL. A format that not every server reads is converted, and a
 * picture that EXIF turns is turned here, because servers differ in whether they do it.
 *
 * Throws what decodeImage throws.
 */
export async function toPicturePart(
  part: ImagePart,
  dialect: Dialect,
  exifOrientation: ExifOrientation = "apply",
): Promise<JsonObject> {
  const url = await toPictureUrl(part, dialect, part.exifOrientation ?? exifOrientation);
  const detail = dialect.rendersLikeVireo && part.maxTiles === 1 ? { detail: "low" } : {};
  return pictureUrlPart(url, detail);
}

export function pictureUrlPart(url: string, more: JsonObject = {}): JsonObject {
  return { type: "image_url", image_url: { url, ...more } };
}

/** The base64 data: URL of a file. */
export function dataUrl(type: string, file: Uint8Array): string {
  return `data:${type};base64,${toBase64(file)}`;
}

export function toBase64(file: Uint8Array): string {
  return Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("base64");
}

async function toPictureUrl(
  { bytes, pixels }: ImagePart,
  dialect: Dialect,
  exifOrientation: ExifOrientation,
): Promise<string> {
  if (pixels !== undefined) return dataUrl("image/png", await encodePng(pixels));
  // it looks at the bytes itself, not at the type
  if (dialect.rendersLikeVireo) return dataUrl("image/png", bytes);
  const { type, turn } = inspectImage(bytes);
  if (COMMON_TYPES.includes(type) && turn === 1) return dataUrl(`image/${type}`, bytes);
  const image = await decodeImage(bytes, { exifOrientation });
  if (!PHOTO_TYPES.includes(type)) return dataUrl("image/png", await encodePng(image));
  const side = Math.max(image.width, image.height);
  return dataUrl("image/jpeg", await encodeJpeg(image, side, PHOTO_QUALITY));
}
