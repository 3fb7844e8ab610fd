import type { z } from "zod";
import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  DocumentPart,
  ExifOrientation,
  ImagePart,
  PageOptions,
  VideoPart,
  VideoSampling,
} from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { decodeText, fileKind } from "../../media/kind.ts";
import { decodeDataUrl } from "./data-url.ts";
import type { videoData } from "./fields.ts";

type MediaPart = ImagePart | VideoPart | DocumentPart;

/** A picture, video or document that is still to be fetched; until then it has no bytes. */
export type RemotePart = MediaPart & {
  readonly url: string;
  /** The field that names it. */
  readonly param: string;
};

/** One that this server keeps under an id; until it is read it has no bytes. */
export type StoredPart = MediaPart & {
  readonly fileId: string;
  /** The field that names it. */
  readonly param: string;
};

export const NO_BYTES = new Uint8Array(0);
export const MAX_BYTES = Object.freeze({
  image: LIMITS.imageBytes,
  video: LIMITS.videoBytes,
  document: LIMITS.documentBytes,
});

function isFetched(url: string): boolean {
  return /^\s*https?:/i.test(url.slice(0, 64));
}

/**
 * The picture at a URL: the bytes of a data: URL, or for http and https a RemotePart.
 *
 * Throws what decodeDataUrl throws.
 */
export function toImagePart(url: string, param: string, detail?: Detail): ImagePart {
  const about = aboutImage(detail);
  if (isFetched(url)) {
    const remote: RemotePart = { ...about, bytes: NO_BYTES, url, param };
    return remote;
  }
  const { files } = decodeDataUrl(url, "image", param);
  return { ...about, bytes: files[0] ?? NO_BYTES };
}

function aboutImage(detail: Detail) {
  return { type: "image", ...(detail === "low" ? { maxTiles: 1 } : {}) } as const;
}

/** The video at a URL, in the same way. Throws what decodeDataUrl throws. */
export function toVideoPart(url: string, param: string, sampling?: VideoSampling): VideoPart {
  const about = { type: "video", ...(sampling === undefined ? {} : { sampling }) } as const;
  if (isFetched(url)) {
    const remote: RemotePart = { ...about, bytes: NO_BYTES, url, param };
    return remote;
  }
  const { files, areFrames } = decodeDataUrl(url, "video", param);
  if (areFrames) return { ...about, bytes: NO_BYTES, frames: files };
  return { ...about, bytes: files[0] ?? NO_BYTES };
}

/** A picture or video as clients name it: by its URL or an id, each with its field. */
export interface NamedMedia {
  readonly url: string | null | undefined;
  readonly urlParam: string;
  readonly fileId: string | null | undefined;
  readonly fileParam: string;
}

/** Throws missing_required if neither is there, and what toImagePart throws. */
export function toNamedImage(named: NamedMedia, detail?: Detail): ContentPart {
  const { url, urlParam, fileId, fileParam } = named;
  if (typeof url === "string") return toImagePart(url, urlParam, detail);
  if (fileId) return toStoredPart({ ...aboutImage(detail), bytes: NO_BYTES }, fileId, fileParam);
  throw missing(urlParam);
}

/** The same of a video. */
export function toNamedVideo(named: NamedMedia, sampling?: VideoSampling): ContentPart {
  const { url, urlParam, fileId, fileParam } = named;
  if (typeof url === "string") return toVideoPart(url, urlParam, sampling);
  const about = { type: "video", ...(sampling === undefined ? {} : { sampling }) } as const;
  if (fileId) return toStoredPart({ ...about, bytes: NO_BYTES }, fileId, fileParam);
  throw missing(urlParam);
}

function missing(param: string): VireoError {
  return new VireoError("missing_required", `${param} is required`, { param });
}

function toStoredPart(part: MediaPart, fileId: string, param: string): StoredPart {
  return { ...part, fileId, param };
}

/** A file as clients send it: in itself, by its URL or by an id. */
export interface FileBody extends PagesBody {
  /** A data: URL, plain base64, or as some clients have it, an http or https URL. */
  readonly file_data?: string | null | undefined;
  readonly file_url?: string | null | undefined;
  readonly file_id?: string | null | undefined;
}

export interface PagesBody {
  readonly pages?: string | null | undefined;
  readonly dpi?: number | null | undefined;
}

/**
 * A file that is sent, or named by its URL or its id.
 *
 * Throws missing_required, and what toDocumentPart throws.
 */
export function toFilePart(file: FileBody, param: string): ContentPart {
  const [given, at] = file.file_data
    ? [file.file_data, `${param}.file_data`]
    : [file.file_url, `${param}.file_url`];
  if (given) return toDocumentPart(given, at, toPageOptions(file));
  if (file.file_id) {
    const about = { type: "document", bytes: NO_BYTES, ...toPageOptions(file) } as const;
    return toStoredPart(about, file.file_id, `${param}.file_id`);
  }
  const message = `${param}.file_data is required: the file as a data: URL`;
  throw new VireoError("missing_required", message, { param: `${param}.file_data` });
}

/**
 * A file by what its bytes are, whatever its declared type: text as text, a video as a video, all
 * else as a document.
 *
 * url: a data: URL, plain base64, or an http or https URL. Throws what decodeDataUrl throws.
 */
export function toDocumentPart(
  given: string,
  param: string,
  options: PageOptions = {},
): ContentPart {
  if (isFetched(given)) {
    const about = { type: "document", bytes: NO_BYTES, ...options } as const;
    const remote: RemotePart = { ...about, url: given, param };
    return remote;
  }
  const isUrl = /^\s*[a-z][a-z0-9+.-]*:/i.test(given.slice(0, 64));
  const url = isUrl ? given : `data:application/octet-stream;base64,${given}`;
  if (/^\s*data:video\//i.test(url.slice(0, 64))) return toVideoPart(url, param);
  const { files } = decodeDataUrl(url, "document", param);
  return byContent({ type: "document", bytes: files[0] ?? NO_BYTES, ...options }, param);
}

/** A document whose bytes are text or a video becomes that. Throws invalid_media. */
export function byContent(part: DocumentPart, param: string): ContentPart {
  const { bytes } = part;
  const kind = fileKind(bytes);
  if (kind.is === "video") return { type: "video", bytes };
  if (kind.is !== "text") return part;
  const text = decodeText(bytes, kind.encoding);
  const { textCharacters: limit } = LIMITS;
  if (text.length <= limit) return { type: "text", text };
  const message = `${param}: the text has ${text.length} characters; at most ${limit} are taken`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit } });
}

export function toPageOptions({ pages, dpi }: PagesBody): PageOptions {
  return {
    ...(typeof pages === "string" ? { pages } : {}),
    ...(typeof dpi === "number" ? { dpi } : {}),
  };
}

/** How much of a picture is looked at. */
export type Detail = "auto" | "low" | "high" | "original" | null | undefined;

/** How media are shown to the model, in the fields' own spelling. */
export interface MediaBody {
  readonly max_num_tiles?: number | null | undefined;
  readonly exif_orientation?: ExifOrientation | null | undefined;
  readonly mm_processor_kwargs?:
    | {
        readonly max_num_tiles?: number | null | undefined;
        readonly exif_orientation?: ExifOrientation | null | undefined;
        readonly video_pruning_rate?: number | null | undefined;
      }
    | null
    | undefined;
  readonly media_io_kwargs?:
    | { readonly video?: SamplingBody | null | undefined }
    | null
    | undefined;
}

/** Throws out_of_range for fields that contradict each other, and what toVideoSampling throws. */
export function toMediaOptions(
  body: MediaBody,
): Pick<ChatRequest, "maxTiles" | "exifOrientation" | "videoPruningRate" | "videoSampling"> {
  const { mm_processor_kwargs: processing } = body;
  const maxTiles = sameOf(body, "max_num_tiles");
  const exifOrientation = sameOf(body, "exif_orientation");
  const videoPruningRate = processing?.video_pruning_rate;
  const videoSampling = toVideoSampling(body.media_io_kwargs?.video, "media_io_kwargs.video");
  return {
    ...(typeof maxTiles === "number" ? { maxTiles } : {}),
    ...(exifOrientation ? { exifOrientation } : {}),
    ...(typeof videoPruningRate === "number" ? { videoPruningRate } : {}),
    ...(videoSampling === undefined ? {} : { videoSampling }),
  };
}

/** A field that may stand in the body or in mm_processor_kwargs. Throws out_of_range. */
function sameOf<F extends "max_num_tiles" | "exif_orientation">(body: MediaBody, field: F) {
  const plain = body[field];
  const value = body.mm_processor_kwargs?.[field] ?? plain;
  if (!plain || value === plain) return value;
  const message = `${field} contradicts mm_processor_kwargs.${field}; send one of them`;
  throw new VireoError("out_of_range", message, { param: field });
}

/** What clients say about the frames of a video, in the fields' own spelling. */
export interface SamplingBody {
  readonly fps?: number | null | undefined;
  readonly num_frames?: number | null | undefined;
  readonly start?: number | null | undefined;
  readonly end?: number | null | undefined;
  readonly repeat_below?: number | null | undefined;
}

/** Undefined if nothing is said. Throws out_of_range for a stretch that ends before it begins. */
export function toVideoSampling(
  body: SamplingBody | null | undefined,
  param: string,
): VideoSampling | undefined {
  const { fps, num_frames, start, end, repeat_below } = body ?? {};
  if (typeof start === "number" && typeof end === "number" && end < start) {
    const message = `${param}.end is ${end}, before start, which is ${start}`;
    throw new VireoError("out_of_range", message, { param: `${param}.end` });
  }
  const sampling = {
    ...(typeof fps === "number" ? { fps } : {}),
    ...(typeof num_frames === "number" ? { maxFrames: maxToFrames(num_frames) } : {}),
    ...(typeof start === "number" ? { startSeconds: start } : {}),
    ...(typeof end === "number" ? { endSeconds: end } : {}),
    ...(typeof repeat_below === "number" ? { repeatBelow: repeat_below } : {}),
  };
  return Object.keys(sampling).length === 0 ? undefined : sampling;
}

/** Whatever is asked for, the engine's own ceiling holds. */
function maxToFrames(count: number): number {
  return count === -1 ? LIMITS.videoFrames : count;
}

/** A video that is sent as `{ data, format }`, as a URL. */
export function videoDataUrl({ data, format }: z.infer<typeof videoData>): string {
  if (/^\s*data:/i.test(data.slice(0, 64))) return data;
  const subtype = /^[\w.+-]+$/.test(format ?? "") ? format : "mp4";
  return `data:video/${subtype};base64,${data}`;
}

export function hasVideo(messages: readonly ChatMessage[]): boolean {
  return messages.some(({ content }) => {
    return typeof content !== "string" && content.some(({ type }) => type === "video");
  });
}

function isRemote(part: ContentPart): part is RemotePart {
  return part.type !== "text" && "url" in part;
}

/** What a request names by URL and has to be fetched before it can be answered. */
export function remoteMedia({ messages }: ChatRequest): (RemotePart & { maxBytes: number })[] {
  return messages.flatMap(({ content }) => {
    const remote = typeof content === "string" ? [] : content.filter(isRemote);
    return remote.map((part) => {
      return { ...part, maxBytes: MAX_BYTES[part.type] };
    });
  });
}

/** The same messages with what was fetched in place of URLs. */
export function withFetched(
  messages: readonly ChatMessage[],
  files: ReadonlyMap<string, Uint8Array>,
): ChatMessage[] {
  return messages.map((message): ChatMessage => {
    if (typeof message.content === "string") return message;
    const content = message.content.map((part): ContentPart => {
      const bytes = isRemote(part) ? files.get(part.url) : undefined;
      if (bytes === undefined || !isRemote(part)) return part;
      const { url: _, param, ...rest } = part;
      return rest.type === "document" ? byContent({ ...rest, bytes }, param) : { ...rest, bytes };
    });
    return { ...message, content };
  });
}
