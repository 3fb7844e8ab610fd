import { inspectDocument, inspectVideo } from "../api/client.ts";
import { toFailure } from "../api/failure.ts";
import type { DocumentFile, MediaFile, Picture, Video } from "../conversation/model.ts";
import { addPicture, dataUrlOf, storeBlob } from "../pictures/picture-store.ts";
import { inspectionBody } from "../state/request.ts";
import type { RequestContext } from "../state/session.ts";
import { count } from "../ui/numbers.ts";
import { firstFrame } from "./first-frame.ts";
import { isMovingGif, kindOf } from "./kinds.ts";

/** The bytes of files that fit into one request as base64, with room for the rest. */
export const MAX_REQUEST_FILE_BYTES = 45 * 1024 * 1024;

/** Resolves once the page knows the server's models, or that the server cannot be asked. */
export type GetRequestContext = () => Promise<RequestContext>;

/** Stores a file. Throws an Error whose message tells the user why it cannot be sent. */
export async function addFile(
  file: File,
  getContext: GetRequestContext,
): Promise<Picture | MediaFile> {
  const { kind, type } = kindOf(file.name, file.type);
  const isGif = type === "image/gif" && isMovingGif(new Uint8Array(await file.arrayBuffer()));
  if (kind === "picture" && !isGif) return addPicture(file);
  if (file.size === 0) throw new Error(`${file.name} is empty.`);
  if (file.size > MAX_REQUEST_FILE_BYTES) {
    const megabytes = count(MAX_REQUEST_FILE_BYTES / 2 ** 20);
    throw new Error(
      `${file.name} is larger than ${megabytes} MB, which is what fits into a request.`,
    );
  }
  const blob = file.slice(0, file.size, type);
  const stored = { id: storeBlob(blob), name: file.name, type, sizeBytes: file.size };
  return kind === "document" ? addDocument(stored, getContext) : addVideo(stored, blob, getContext);
}

type Stored = Pick<MediaFile, "id" | "name" | "type" | "sizeBytes">;

async function addVideo(stored: Stored, blob: Blob, getContext: GetRequestContext): Promise<Video> {
  const video: Video = { kind: "video", ...stored, playable: true };
  const seen = await firstFrame(blob);
  if (seen !== undefined) {
    const { seconds, frame } = seen;
    const poster = posterOf(stored.name, frame);
    return { ...video, poster, ...(seconds === undefined ? {} : { seconds }) };
  }
  const inspection = await askServer(getContext, async ({ settings, apiKey }) => {
    const body = inspectionBody(video, { ...settings, videoFrames: "1" }, await dataUrlOf(video));
    return inspectVideo(body, apiKey);
  });
  const url = inspection?.frames[0]?.thumbnail;
  if (inspection === undefined || url === undefined) return { ...video, playable: false };
  const poster = posterOf(stored.name, { ...inspection, blob: blobOf(url) });
  const seconds = inspection.duration === undefined ? {} : { seconds: inspection.duration };
  return { ...video, playable: false, poster, ...seconds };
}

async function addDocument(stored: Stored, getContext: GetRequestContext): Promise<DocumentFile> {
  const file: DocumentFile = { kind: "document", ...stored };
  const inspection = await askServer(getContext, async ({ settings, apiKey }) => {
    const body = inspectionBody(file, settings, await dataUrlOf(file), "1");
    return inspectDocument(body, apiKey);
  });
  const page = inspection?.pages[0];
  if (inspection === undefined || page === undefined) return file;
  const poster = posterOf(stored.name, { ...page, blob: blobOf(page.image) });
  return { ...file, pages: inspection.total_pages, poster };
}

/** HTTP statuses that mean that the server refuses the file itself. */
const ABOUT_THE_FILE = [400, 413, 415, 422];

/** Returns undefined if the server cannot tell. Throws an Error when the file cannot be read. */
async function askServer<T>(
  getContext: GetRequestContext,
  ask: (context: RequestContext) => Promise<T>,
): Promise<T | undefined> {
  const context = await getContext();
  if (context.settings.model === "") return undefined;
  try {
    return await ask(context);
  } catch (thrown) {
    const { status = 0, message } = toFailure(thrown);
    if (ABOUT_THE_FILE.includes(status)) throw new Error(message);
    return undefined;
  }
}

interface Still {
  readonly blob: Blob;
  readonly width: number;
  readonly height: number;
}

function posterOf(name: string, { blob, width, height }: Still): Picture {
  return { id: storeBlob(blob), name, type: blob.type, width, height, sizeBytes: blob.size };
}

function blobOf(url: string): Blob {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => {
    return letter.charCodeAt(0);
  });
  return new Blob([bytes], { type: "image/jpeg" });
}
