import { type MediaFile, newId, type Picture } from "../conversation/model.ts";
import { loadPicture, type StoredPicture } from "../storage/conversations.ts";
import { toBase64 } from "./base64.ts";

/** The server's limits for one image. */
const MAX_PICTURE_BYTES = 20 * 1024 * 1024;
const MAX_PIXELS = 50_000_000;
export const PICTURE_TYPES = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map(
  (type) => `image/${type}`,
);

/** Files that were attached since the page was opened; those of drafts are stored only here. */
const added = new Map<string, Blob>();

/** Stores a picture. Throws an Error whose message tells the user why it cannot be sent. */
export async function addPicture(file: File): Promise<Picture> {
  const name = file.name || "pasted picture";
  if (!PICTURE_TYPES.includes(file.type)) {
    throw new Error(
      `${name} is no PNG, JPEG, WebP, GIF, BMP or AVIF picture, no video and no PDF.`,
    );
  }
  let blob: Blob = file.slice(0, file.size, file.type);
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Error(`${name} is damaged: it cannot be opened.`);
  }
  const { width, height } = bitmap;
  if (await isWebpWithExif(file)) blob = await redraw(bitmap);
  bitmap.close();
  if (blob.size > MAX_PICTURE_BYTES) {
    throw new Error(`${name} is larger than 20 MB. Make it smaller and try again.`);
  }
  if (width * height > MAX_PIXELS) {
    throw new Error(`${name} has more than 50 megapixels. Make it smaller and try again.`);
  }
  const id = storeBlob(blob);
  return { id, name, type: blob.type, width, height, sizeBytes: blob.size };
}

const EXIF_FLAG = 8;

/**
 * The server turns pictures upright as EXIF says, and so do browsers, but Chromium leaves WebP as
 * it is stored. Its pixels are sent as they are shown.
 */
async function isWebpWithExif(file: Blob): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 21).arrayBuffer());
  const text = String.fromCharCode(...head.subarray(8, 16));
  return text === "WEBPVP8X" && ((head[20] ?? 0) & EXIF_FLAG) !== 0;
}

/** The picture's pixels without its metadata. */
async function redraw(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Stores bytes until they are saved with a conversation; returns their id. */
export function storeBlob(blob: Blob): string {
  const id = newId();
  added.set(id, blob);
  return id;
}

/** The bytes of a picture or file. Throws an Error when the browser no longer has them. */
export async function blobOf({ id, name }: Picture | MediaFile): Promise<Blob> {
  const blob = added.get(id) ?? (await loadPicture(id).catch(() => undefined));
  if (blob === undefined) throw new Error(`${name} is no longer stored in this browser.`);
  return blob;
}

/** The bytes of those files that were attached since the page was opened. */
export function addedBlobs(pictures: readonly (Picture | MediaFile)[]): readonly StoredPicture[] {
  return pictures.flatMap(({ id }) => {
    const blob = added.get(id);
    return blob === undefined ? [] : [{ id, blob }];
  });
}

/** The picture or file as a data: URL. Throws what `blobOf` throws. */
export async function dataUrlOf(picture: Picture | MediaFile): Promise<string> {
  const bytes = new Uint8Array(await (await blobOf(picture)).arrayBuffer());
  return `data:${picture.type};base64,${toBase64(bytes)}`;
}
