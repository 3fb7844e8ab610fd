import { inspectDocument, inspectVideo } from "../api/client.ts";
import { toFailure } from "../api/failure.ts";
import { addPicture, dataUrlOf, keepBlob } from "../pictures/picture-store.ts";
import type { MediaFile, Paper, Picture, Video } from "../state/conversation.ts";
import { lookBody } from "../state/request.ts";
import type { Settings } from "../state/settings.ts";
import { count } from "../ui/numbers.ts";
import { firstFrame } from "./first-frame.ts";
import { isMovingGif, kindOf } from "./kinds.ts";

/** What fits into one request, as base64 and with room for the rest. */
export const FILES_BYTES_MOST = 45 * 1024 * 1024;

/** Who is asked about files that the browser cannot open. */
export interface Asked {
  readonly settings: Settings;
  readonly apiKey: string;
}

/** Waits until the page knows which models the server has, or that it cannot be asked. */
export type WhoIsAsked = () => Promise<Asked>;

/** Takes a file in. Throws an Error with a sentence for the person when it cannot be sent. */
export async function addFile(file: File, asked: WhoIsAsked): Promise<Picture | MediaFile> {
  const { kind, type } = kindOf(file.name, file.type);
  const isGif = type === "image/gif" && isMovingGif(new Uint8Array(await file.arrayBuffer()));
  if (kind === "picture" && !isGif) return addPicture(file);
  if (file.size === 0) throw new Error(`${file.name} is empty.`);
  if (file.size > FILES_BYTES_MOST) {
    const most = count(FILES_BYTES_MOST / 2 ** 20);
    throw new Error(`${file.name} is larger than ${most} MB, which is what fits into a request.`);
  }
  const blob = file.slice(0, file.size, type);
  const stored = { id: keepBlob(blob), name: file.name, type, sizeBytes: file.size };
  return kind === "document" ? addPaper(stored, asked) : addVideo(stored, blob, asked);
}

type Stored = Pick<MediaFile, "id" | "name" | "type" | "sizeBytes">;

async function addVideo(stored: Stored, blob: Blob, asked: WhoIsAsked): Promise<Video> {
  const video: Video = { kind: "video", ...stored, playable: true };
  const seen = await firstFrame(blob);
  if (seen !== undefined) {
    const { seconds, frame } = seen;
    const poster = posterOf(stored.name, frame);
    return { ...video, poster, ...(seconds === undefined ? {} : { seconds }) };
  }
  const look = await askServer(asked, async ({ settings, apiKey }) => {
    const body = lookBody(video, { ...settings, videoFrames: "1" }, await dataUrlOf(video));
    return inspectVideo(body, apiKey);
  });
  const url = look?.frames[0]?.thumbnail;
  if (look === undefined || url === undefined) return { ...video, playable: false };
  const poster = posterOf(stored.name, { ...look, blob: blobOf(url) });
  const seconds = look.duration === undefined ? {} : { seconds: look.duration };
  return { ...video, playable: false, poster, ...seconds };
}

async function addPaper(stored: Stored, asked: WhoIsAsked): Promise<Paper> {
  const paper: Paper = { kind: "document", ...stored };
  const look = await askServer(asked, async ({ settings, apiKey }) => {
    const body = lookBody(paper, settings, await dataUrlOf(paper), "1");
    return inspectDocument(body, apiKey);
  });
  const page = look?.pages[0];
  if (look === undefined || page === undefined) return paper;
  const poster = posterOf(stored.name, { ...page, blob: blobOf(page.image) });
  return { ...paper, pages: look.total_pages, poster };
}

/** Of the server's refusals those that are about the file itself. */
const ABOUT_THE_FILE = [400, 413, 415, 422];

/** Undefined where the server cannot tell. Throws an Error when the file cannot be read. */
async function askServer<T>(
  asked: WhoIsAsked,
  ask: (asked: Asked) => Promise<T>,
): Promise<T | undefined> {
  const who = await asked();
  if (who.settings.model === "") return undefined;
  try {
    return await ask(who);
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
  return { id: keepBlob(blob), name, type: blob.type, width, height, sizeBytes: blob.size };
}

function blobOf(url: string): Blob {
  const bytes = Uint8Array.from(atob(url.slice(url.indexOf(",") + 1)), (letter) => {
    return letter.charCodeAt(0);
  });
  return new Blob([bytes], { type: "image/jpeg" });
}
