import { type MediaFile, newId, type Picture } from "../conversation/model.ts";
import { loadPicture, type StoredPicture } from "../storage/conversations.ts";
import { toBase64 } from "./base64.ts";
import { webpOrientation } from "./webp-orientation.ts";

/** The server's limits for one image. */
const MAX_PICTURE_BYTES = 20 * 1024 * 1024;
const MAX_PIXELS = 50_000_000;
export const PICTURE_TYPES = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map(
  (type) => `image/${type}`,
);

/** Attached files that are not saved: those of the draft, and all if the browser saves nothing. */
const added = new Map<string, Blob>();

/** Stores a picture. Throws an Error with a message for the user if it cannot be sent. */
export async function addPicture(file: File): Promise<Picture> {
  const name = file.name || "pasted picture";
  if (!PICTURE_TYPES.includes(file.type)) {
    throw new Error(
      `${name} is no PNG, JPEG, WebP, GIF, BMP or AVIF picture, no video and no PDF.`,
    );
  }
  let blob: Blob;
  let bitmap: ImageBitmap;
  try {
    blob = (await turnedWebp(file)) ?? file.slice(0, file.size, file.type);
    bitmap = await createImageBitmap(blob);
  } catch {
    throw new Error(`${name} is damaged: it cannot be opened.`);
  }
  const { width, height } = bitmap;
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

/**
 * Rotates a WebP file by its EXIF orientation. Chromium ignores the orientation of WebP, while the
 * server applies it; the rotated pixels look the same in both. Returns undefined if the orientation
 * is upright.
 */
async function turnedWebp(file: Blob): Promise<Blob | undefined> {
  if (file.type !== "image/webp") return undefined;
  const orientation = webpOrientation(new Uint8Array(await file.arrayBuffer()));
  if (orientation === 1) return undefined;
  const bitmap = await createImageBitmap(file, { imageOrientation: "none" });
  const { width, height } = bitmap;
  const isSideways = orientation >= 5;
  const canvas = new OffscreenCanvas(isSideways ? height : width, isSideways ? width : height);
  const context = canvas.getContext("2d");
  const [a, b, c, d] = TURNS[orientation] ?? [1, 0, 0, 1];
  // A negative factor turns the picture out of the canvas; the shift brings it back.
  const shift = (x: number, y: number): number => Math.max(0, -(x * width + y * height));
  context?.setTransform(a, b, c, d, shift(a, c), shift(b, d));
  context?.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.convertToBlob({ type: "image/png" });
}

/** The matrix of each EXIF orientation, as Canvas takes it: x' = a x + c y, y' = b x + d y. */
const TURNS: Readonly<Record<number, readonly [number, number, number, number]>> = {
  2: [-1, 0, 0, 1],
  3: [-1, 0, 0, -1],
  4: [1, 0, 0, -1],
  5: [0, 1, 1, 0],
  6: [0, 1, -1, 0],
  7: [0, -1, -1, 0],
  8: [0, -1, 1, 0],
};

/** Stores bytes until they are saved with a conversation; returns their id. */
export function storeBlob(blob: Blob): string {
  const id = newId();
  added.set(id, blob);
  return id;
}

/** Returns the bytes of a picture or file. Throws an Error if the browser no longer has them. */
export async function blobOf({ id, name }: Picture | MediaFile): Promise<Blob> {
  const blob = added.get(id) ?? (await loadPicture(id).catch(() => undefined));
  if (blob === undefined) throw new Error(`${name} is no longer stored in this browser.`);
  return blob;
}

/** Returns the bytes of those files that the browser has not saved. */
export function addedBlobs(pictures: readonly (Picture | MediaFile)[]): readonly StoredPicture[] {
  return pictures.flatMap(({ id }) => {
    const blob = added.get(id);
    return blob === undefined ? [] : [{ id, blob }];
  });
}

/** Frees the bytes of attachments that are saved or removed. */
export function releaseBlobs(pictures: readonly { readonly id: string }[]): void {
  for (const { id } of pictures) added.delete(id);
}

/** Returns the picture or file as a data: URL. Throws like `blobOf`. */
export async function dataUrlOf(picture: Picture | MediaFile): Promise<string> {
  const bytes = new Uint8Array(await (await blobOf(picture)).arrayBuffer());
  return `data:${picture.type};base64,${toBase64(bytes)}`;
}
