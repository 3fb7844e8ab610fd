import { type MediaFile, newId, type Picture } from "../state/conversation.ts";
import { loadPicture, type StoredPicture } from "../storage/conversations.ts";
import { toBase64 } from "./base64.ts";

/** As the server takes them (its limits for one image). */
const FILE_BYTES_MOST = 20 * 1024 * 1024;
const PIXELS_MOST = 50_000_000;
export const PICTURE_TYPES = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map(
  (type) => `image/${type}`,
);

/** Pictures put in since the page was opened; those of drafts are nowhere else. */
const added = new Map<string, Blob>();
const shown = new Map<string, Promise<string>>();

/** Takes a file in. Throws an Error with a sentence for the person when it cannot be sent. */
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
  if (blob.size > FILE_BYTES_MOST) {
    throw new Error(`${name} is larger than 20 MB. Make it smaller and try again.`);
  }
  if (width * height > PIXELS_MOST) {
    throw new Error(`${name} has more than 50 megapixels. Make it smaller and try again.`);
  }
  const id = keepBlob(blob);
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

/** The picture without notes about it. */
async function redraw(bitmap: ImageBitmap): Promise<Blob> {
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}

/** Keeps bytes until they are saved with a conversation; returns the name they go by. */
export function keepBlob(blob: Blob): string {
  const id = newId();
  added.set(id, blob);
  return id;
}

async function blobOf({ id, name }: Picture | MediaFile): Promise<Blob> {
  const blob = added.get(id) ?? (await loadPicture(id).catch(() => undefined));
  if (blob === undefined) throw new Error(`${name} is no longer kept in this browser.`);
  return blob;
}

/** What there is to save of what was put in since the page was opened. */
export function addedBlobs(pictures: readonly (Picture | MediaFile)[]): readonly StoredPicture[] {
  return pictures.flatMap(({ id }) => {
    const blob = added.get(id);
    return blob === undefined ? [] : [{ id, blob }];
  });
}

/** The picture or file as it is sent. Throws when the browser has thrown it away. */
export async function dataUrlOf(picture: Picture | MediaFile): Promise<string> {
  const bytes = new Uint8Array(await (await blobOf(picture)).arrayBuffer());
  return `data:${picture.type};base64,${toBase64(bytes)}`;
}

/** An address for showing it. */
export function blobUrlOf(picture: Picture | MediaFile): Promise<string> {
  const known = shown.get(picture.id);
  if (known !== undefined) return known;
  const url = blobOf(picture).then((blob) => URL.createObjectURL(blob));
  shown.set(picture.id, url);
  url.catch(() => shown.delete(picture.id));
  return url;
}
