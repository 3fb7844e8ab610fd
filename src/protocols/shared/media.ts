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
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { decodeText, fileKind } from "../../media/kind.ts";
import { decodeDataUrl } from "./data-url.ts";
import type { videoData } from "./fields.ts";

type MediaPart = ImagePart | VideoPart | DocumentPart;

/** An image, video or document to fetch; it has no bytes until then. */
export type RemotePart = MediaPart & {
  readonly url: string;
  /** The field that names it. */
  readonly param: string;
};

/** A medium that this server stores under an id; it has no bytes until it is read. */
export type StoredPart = MediaPart & {
  readonly fileId: string;
  /** The field that names it. */
  readonly param: string;
};

export const NO_BYTES = new Uint8Array(0);
export const MAX_BYTES = Object.freeze({
  image: LIMITS.image.bytes,
  video: LIMITS.video.bytes,
  document: LIMITS.document.bytes,
});

function isHttpUrl(url: string): boolean {
  return /^\s*https?:/i.test(url.slice(0, 64));
}

/**
 * Makes an image part from a URL: the bytes of a data: URL, or a RemotePart for http and https.
 *
 * Throws what decodeDataUrl throws.
 */
export function toImagePart(url: string, param: string, detail?: Detail): ImagePart {
  const about = imageFields(detail);
  if (isHttpUrl(url)) {
    const remote: RemotePart = { ...about, bytes: NO_BYTES, url, param };
    return remote;
  }
  const { files } = decodeDataUrl(url, "image", param);
  return { ...about, bytes: files[0] ?? NO_BYTES };
}

function imageFields(detail: Detail) {
  return { type: "image", ...(detail === "low" ? { maxTiles: 1 } : {}) } as const;
}

/** Makes a video part from a URL, like toImagePart. Throws what decodeDataUrl throws. */
export function toVideoPart(url: string, param: string, sampling?: VideoSampling): VideoPart {
  const about = { type: "video", ...defined({ sampling }) } as const;
  if (isHttpUrl(url)) {
    const remote: RemotePart = { ...about, bytes: NO_BYTES, url, param };
    return remote;
  }
  const { files, areFrames } = decodeDataUrl(url, "video", param);
  if (areFrames) return { ...about, bytes: NO_BYTES, frames: files };
  return { ...about, bytes: files[0] ?? NO_BYTES };
}

/** A client's reference to an image or video: a URL or a file id, each with its field. */
export interface MediaReference {
  readonly url: string | null | undefined;
  readonly urlParam: string;
  readonly fileId: string | null | undefined;
  readonly fileParam: string;
}

/** Throws missing_required if there is neither a URL nor an id, and what toImagePart throws. */
export function toReferencedImage(named: MediaReference, detail?: Detail): ContentPart {
  const { url, urlParam, fileId, fileParam } = named;
  if (typeof url === "string") return toImagePart(url, urlParam, detail);
  if (fileId) return toStoredPart({ ...imageFields(detail), bytes: NO_BYTES }, fileId, fileParam);
  throw missing(urlParam);
}

/** Like toReferencedImage. Throws missing_required, and what toVideoPart throws. */
export function toReferencedVideo(named: MediaReference, sampling?: VideoSampling): ContentPart {
  const { url, urlParam, fileId, fileParam } = named;
  if (typeof url === "string") return toVideoPart(url, urlParam, sampling);
  const about = { type: "video", ...defined({ sampling }) } as const;
  if (fileId) return toStoredPart({ ...about, bytes: NO_BYTES }, fileId, fileParam);
  throw missing(urlParam);
}

function missing(param: string): VireoError {
  return new VireoError("missing_required", `${param} is required: a URL or a data: URL`, {
    param,
  });
}

function toStoredPart(part: MediaPart, fileId: string, param: string): StoredPart {
  return { ...part, fileId, param };
}

/** A client's file: inline, by URL or by id. */
export interface FileBody extends PagesBody {
  /** A data: URL or plain base64; some clients send an http or https URL here. */
  readonly file_data?: string | null | undefined;
  readonly file_url?: string | null | undefined;
  readonly file_id?: string | null | undefined;
}

export interface PagesBody {
  readonly pages?: string | null | undefined;
  readonly dpi?: number | null | undefined;
}

/**
 * Makes a part from an inline file, its URL or its id.
 *
 * Throws missing_required, and what toDocumentPart throws.
 */
export function toFilePart(file: FileBody, param: string): ContentPart {
  const [source, at] = file.file_data
    ? [file.file_data, `${param}.file_data`]
    : [file.file_url, `${param}.file_url`];
  if (source) return toDocumentPart(source, at, toPageOptions(file));
  if (file.file_id) {
    const about = { type: "document", bytes: NO_BYTES, ...toPageOptions(file) } as const;
    return toStoredPart(about, file.file_id, `${param}.file_id`);
  }
  const message = `${param}.file_data is required: the file as a data: URL`;
  throw new VireoError("missing_required", message, { param: `${param}.file_data` });
}

/**
 * Makes a part from a file. Its bytes decide its kind, not its declared type: text, video, or else
 * document.
 *
 * source: a data: URL, plain base64, or an http or https URL. Throws what decodeDataUrl throws.
 */
export function toDocumentPart(
  source: string,
  param: string,
  options: PageOptions = {},
): ContentPart {
  if (isHttpUrl(source)) {
    const about = { type: "document", bytes: NO_BYTES, ...options } as const;
    const remote: RemotePart = { ...about, url: source, param };
    return remote;
  }
  const isUrl = /^\s*[a-z][a-z0-9+.-]*:/i.test(source.slice(0, 64));
  const url = isUrl ? source : `data:application/octet-stream;base64,${source}`;
  if (/^\s*data:video\//i.test(url.slice(0, 64))) return toVideoPart(url, param);
  const { files } = decodeDataUrl(url, "document", param);
  return byDetectedType({ type: "document", bytes: files[0] ?? NO_BYTES, ...options }, param);
}

/** Converts a document whose bytes are text or a video. Throws media_too_large for long text. */
export function byDetectedType(part: DocumentPart, param: string): ContentPart {
  const { bytes } = part;
  const kind = fileKind(bytes);
  if (kind.is === "video") return { type: "video", bytes };
  if (kind.is !== "text") return part;
  const text = decodeText(bytes, kind.encoding);
  const limit = LIMITS.request.textCharacters;
  if (text.length <= limit) return { type: "text", text };
  const message = `${param}: the text has ${text.length} characters; at most ${limit} are accepted`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit } });
}

export function toPageOptions({ pages, dpi }: PagesBody): PageOptions {
  return {
    ...(typeof pages === "string" ? { pages } : {}),
    ...(typeof dpi === "number" ? { dpi } : {}),
  };
}

/** Resolution of an image; "low" is one tile. */
export type Detail = "auto" | "low" | "high" | "original" | null | undefined;

/** Preprocessing options for media, in wire format. */
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
  const maxTiles = consistentField(body, "max_num_tiles");
  const exifOrientation = consistentField(body, "exif_orientation");
  const videoPruningRate = processing?.video_pruning_rate;
  const videoSampling = toVideoSampling(body.media_io_kwargs?.video, "media_io_kwargs.video");
  return {
    ...(typeof maxTiles === "number" ? { maxTiles } : {}),
    ...(exifOrientation ? { exifOrientation } : {}),
    ...(typeof videoPruningRate === "number" ? { videoPruningRate } : {}),
    ...defined({ videoSampling }),
  };
}

/** A field of the body or of mm_processor_kwargs. Throws out_of_range if the two differ. */
function consistentField<F extends "max_num_tiles" | "exif_orientation">(
  body: MediaBody,
  field: F,
) {
  const inBody = body[field];
  const value = body.mm_processor_kwargs?.[field] ?? inBody;
  if (!inBody || value === inBody) return value;
  const message = `${field} contradicts mm_processor_kwargs.${field}; send one of them`;
  throw new VireoError("out_of_range", message, { param: field });
}

/** Frame sampling options of a video, in wire format. */
export interface SamplingBody {
  readonly fps?: number | null | undefined;
  readonly num_frames?: number | null | undefined;
  readonly start?: number | null | undefined;
  readonly end?: number | null | undefined;
  readonly repeat_below?: number | null | undefined;
}

/** Undefined without options. Throws out_of_range if `end` is before `start`. */
export function toVideoSampling(
  body: SamplingBody | null | undefined,
  param: string,
): VideoSampling | undefined {
  const { fps, num_frames, start, end, repeat_below } = body ?? {};
  if (typeof start === "number" && typeof end === "number" && end < start) {
    const message = `${param}.end is ${end}, but must be at least start, which is ${start}`;
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

/** −1 asks for the maximum; the engine applies its own limit to any count. */
function maxToFrames(count: number): number {
  return count === -1 ? LIMITS.video.frames : count;
}

/** Converts a video sent as `{ data, format }` to a data: URL. */
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

/** The media of a request that must be fetched, with the maximum size of each. */
export function remoteMedia({ messages }: ChatRequest): (RemotePart & { maxBytes: number })[] {
  return messages.flatMap(({ content }) => {
    const remote = typeof content === "string" ? [] : content.filter(isRemote);
    return remote.map((part) => {
      return { ...part, maxBytes: MAX_BYTES[part.type] };
    });
  });
}

/** Replaces URLs in messages by the fetched bytes. Throws what byDetectedType throws. */
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
      return rest.type === "document"
        ? byDetectedType({ ...rest, bytes }, param)
        : { ...rest, bytes };
    });
    return { ...message, content };
  });
}
