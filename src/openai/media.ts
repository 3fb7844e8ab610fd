import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  ImagePart,
  VideoPart,
  VideoSampling,
} from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { decodeDataUrl } from "./data-url.ts";

/** A picture or video that is still to be fetched; until then it has no bytes. */
export type RemotePart = (ImagePart | VideoPart) & {
  readonly url: string;
  /** The field that names it. */
  readonly param: string;
};

const NO_BYTES = new Uint8Array(0);

function isFetched(url: string): boolean {
  return /^\s*https?:/i.test(url.slice(0, 64));
}

/**
 * The picture at a URL: the bytes of a data: URL, or for http and https a RemotePart.
 *
 * Throws what decodeDataUrl throws.
 */
export function toImagePart(url: string, param: string): ImagePart {
  if (isFetched(url)) {
    const remote: RemotePart = { type: "image", bytes: NO_BYTES, url, param };
    return remote;
  }
  const { files } = decodeDataUrl(url, "image", param);
  return { type: "image", bytes: files[0] ?? NO_BYTES };
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

/** What clients say about the frames of a video, in the fields' own spelling. */
export interface SamplingBody {
  readonly fps?: number | null | undefined;
  readonly num_frames?: number | null | undefined;
  readonly start?: number | null | undefined;
  readonly end?: number | null | undefined;
}

/** Undefined if nothing is said. Throws out_of_range for a stretch that ends before it begins. */
export function toVideoSampling(
  body: SamplingBody | null | undefined,
  param: string,
): VideoSampling | undefined {
  const { fps, num_frames, start, end } = body ?? {};
  if (typeof start === "number" && typeof end === "number" && end < start) {
    const message = `${param}.end is ${end}, before start, which is ${start}`;
    throw new VireoError("out_of_range", message, { param: `${param}.end` });
  }
  const sampling = {
    ...(typeof fps === "number" ? { fps } : {}),
    ...(typeof num_frames === "number" ? { framesMax: num_frames } : {}),
    ...(typeof start === "number" ? { startSeconds: start } : {}),
    ...(typeof end === "number" ? { endSeconds: end } : {}),
  };
  return Object.keys(sampling).length === 0 ? undefined : sampling;
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
export function remoteMedia({ messages }: ChatRequest): (RemotePart & { bytesMost: number })[] {
  return messages.flatMap(({ content }) => {
    const remote = typeof content === "string" ? [] : content.filter(isRemote);
    return remote.map((part) => {
      const bytesMost = part.type === "image" ? LIMITS.imageBytes : LIMITS.videoBytes;
      return { ...part, bytesMost };
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
      const { url: _, param: __, ...rest } = part;
      return { ...rest, bytes };
    });
    return { ...message, content };
  });
}
