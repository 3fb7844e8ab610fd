import type { ChatRequest, VideoPart, VideoSampling } from "../../core/chat.ts";
import { LIMITS } from "../../core/limits.ts";
import { encodeJpeg } from "../../media/encode.ts";
import { DEFAULT_SAMPLING, frameLabel, sampleFrames } from "../../media/frames.ts";
import { decodeImage } from "../../media/image.ts";
import { fileKind } from "../../media/kind.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import type { VideoDecoder } from "../../media/video-decoder.ts";
import { type Container, recogniseVideo } from "../../media/video-source.ts";
import type { Dialect } from "./dialect.ts";
import type { JsonObject } from "./json-values.ts";
import { dataUrl, pictureUrlPart, toBase64 } from "./pictures.ts";

/** Longer side of a frame that is sent as a picture: one tile of the model family. */
const FRAME_PX = 512;
const FRAME_QUALITY = 90;

const MIME: Readonly<Record<Container, string>> = {
  mov: "video/mp4",
  matroska: "video/x-matroska",
  flv: "video/x-flv",
  gif: "image/gif",
  avi: "video/x-msvideo",
  mpegts: "video/mp2t",
  mpeg: "video/mpeg",
  ogg: "video/ogg",
  asf: "video/x-ms-asf",
  dv: "video/dv",
  apng: "image/apng",
};

/** The options of a video: its own over those of the request. */
export function samplingOf(part: VideoPart, { videoSampling }: ChatRequest): VideoSampling {
  return { ...videoSampling, ...part.sampling };
}

/** The video as it is, if the server samples it as requested. Undefined: sample it here. */
export function toVideoFilePart(
  part: VideoPart,
  request: ChatRequest,
  dialect: Dialect,
): JsonObject | undefined {
  if (dialect.videos !== "file") return undefined;
  if (!samplesItself(part, request, dialect)) return undefined;
  const options = dialect.videoSampling === "part" ? wireSampling(samplingOf(part, request)) : {};
  const url = part.frames ? frameListUrl(part.frames, dialect) : videoUrl(part.bytes);
  return url === undefined ? undefined : { type: "video_url", video_url: { url }, ...options };
}

function samplesItself(part: VideoPart, request: ChatRequest, dialect: Dialect): boolean {
  if (dialect.videoSampling === "part") return true;
  const { repeatBelow: _, ...sampling } = samplingOf(part, request);
  const asked = Object.keys(sampling);
  if (dialect.videoSampling === "none") return asked.length === 0;
  const isOwn = part.sampling !== undefined && Object.keys(part.sampling).length > 0;
  return !isOwn && asked.every((name) => name === "fps" || name === "maxFrames");
}

function wireSampling(sampling: VideoSampling): JsonObject {
  const { fps, maxFrames, startSeconds, endSeconds, repeatBelow } = sampling;
  return {
    fps,
    num_frames: maxFrames,
    start: startSeconds,
    end: endSeconds,
    repeat_below: repeatBelow,
  };
}

function videoUrl(file: Uint8Array): string {
  const container = recogniseVideo(file);
  return dataUrl(container === undefined ? "video/mp4" : MIME[container], file);
}

/** vLLM's form for a video that is a list of JPEG files. */
function frameListUrl(frames: readonly Uint8Array[], dialect: Dialect): string | undefined {
  const isJpeg = (file: Uint8Array): boolean => {
    const kind = fileKind(file);
    return kind.is === "picture" && kind.type === "jpeg";
  };
  if (!dialect.frameLists || !(dialect.rendersLikeVireo || frames.every(isJpeg))) return undefined;
  return `data:video/jpeg;base64,${frames.map(toBase64).join(",")}`;
}

export interface FrameOptions {
  readonly sampling: VideoSampling;
  readonly decoder: VideoDecoder;
  /** Maximum number of frames. */
  readonly maxFrames: number;
  readonly signal: AbortSignal;
}

/**
 * Samples the frames of a video and returns each as a label and a picture, in the form that the
 * model family knows from its own videos. Throws what the decoder throws.
 */
export async function toFrameParts(part: VideoPart, options: FrameOptions): Promise<JsonObject[]> {
  const frames = part.frames
    ? await framesOfPictures(part.frames, part, options)
    : await framesOfFile(part.bytes, options);
  const introduction = { type: "text", text: "This is a video:" };
  const labelled = frames.flatMap(({ url, seconds }, index) => [
    { type: "text", text: frameLabel(index, seconds).trimEnd() },
    pictureUrlPart(url),
  ]);
  return [introduction, ...labelled];
}

interface EncodedFrame {
  readonly url: string;
  readonly seconds?: number;
}

async function framesOfFile(file: Uint8Array, options: FrameOptions): Promise<EncodedFrame[]> {
  const { decoder, sampling, signal } = options;
  const urls = new Map<RgbImage, string>();
  const { frames } = await decoder.decode(file, {
    sampling: { fps: sampling.fps ?? DEFAULT_SAMPLING.fps, maxFrames: frameCount(options) },
    window: sampling,
    signal,
    take: async (image) => {
      // the pixels are not needed any more, and a video has many
      const encoded = { width: 0, height: 0, rgb: new Uint8Array() };
      urls.set(encoded, await frameUrl(image));
      return encoded;
    },
  });
  return frames.map(({ image, timeSeconds }) => ({ url: urls.get(image)!, seconds: timeSeconds }));
}

async function framesOfPictures(
  files: readonly Uint8Array[],
  { exifOrientation }: VideoPart,
  options: FrameOptions,
): Promise<EncodedFrame[]> {
  const indices = sampleFrames(files.length, 1, { fps: 0, maxFrames: frameCount(options) });
  const frames: EncodedFrame[] = [];
  for (const index of indices) {
    options.signal.throwIfAborted();
    frames.push({ url: await frameUrl(await decodeImage(files[index]!, { exifOrientation })) });
  }
  return frames;
}

function frameCount({ sampling, maxFrames }: FrameOptions): number {
  const asked = sampling.maxFrames ?? 0;
  const limit = Math.min(maxFrames, LIMITS.video.sampledFrames);
  return asked > 0 ? Math.min(asked, limit) : limit;
}

async function frameUrl(image: RgbImage): Promise<string> {
  return dataUrl("image/jpeg", await encodeJpeg(image, FRAME_PX, FRAME_QUALITY));
}
