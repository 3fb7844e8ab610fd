import { createHash } from "node:crypto";
import type { VideoPart, VideoSampling } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { encodeThumbnail } from "../../media/encode.ts";
import {
  DEFAULT_SAMPLING,
  type FrameSampling,
  frameTexts,
  sampleFrames,
  VIDEO_GLUE,
  type VideoGlue,
  type VideoGlueName,
} from "../../media/frames.ts";
import { decodeImage, type RgbImage } from "../../media/image.ts";
import type { Resize } from "../../media/pixels.ts";
import { RepeatFinder } from "../../media/repeats.ts";
import { inspectImage, type PictureOptions } from "../../media/source.ts";
import type { VideoDecoder, VideoPlan } from "../../media/video-decoder.ts";
import type { ModelConfig } from "../../model/config.ts";
import { VisualCache } from "./embedding-cache.ts";
import { retainedRows } from "./evs.ts";
import { MediaEmbedding } from "./media-embedding.ts";
import { Semaphore } from "./semaphore.ts";

/** What whoever opens an engine may say about videos. */
export interface VideoOptions {
  /** Frames a second at most, whatever a request asks for. Default 2; 0: no limit. */
  readonly fps?: number;
  /** Frames of a video at most, 1 to 1024. Default 128. */
  readonly maxFrames?: number;
  /** Share of the rows that EVS leaves out, 0 to below 1. Default: what the checkpoint says. */
  readonly pruningRate?: number;
  /** The text around frames. Default: as in training. */
  readonly glue?: VideoGlueName;
  /** Folders in which ffmpeg is looked for, as in PATH. */
  readonly programPath?: string;
  /** Instead of ffmpeg. */
  readonly decoder?: VideoDecoder;
}

/** Throws invalid_option. */
export function videoSettings(options: VideoOptions, checkpointRate: number): VideoSettings {
  const { fps = DEFAULT_SAMPLING.fps, maxFrames = DEFAULT_SAMPLING.maxFrames } = options;
  const { pruningRate = checkpointRate, glue = "training" } = options;
  const refuse = (name: string, value: unknown, wanted: string) => {
    const text = `video ${name} is ${value}; it must be ${wanted}`;
    return new VireoError("invalid_option", text, { param: `video.${name}` });
  };
  const most = LIMITS.framesPerVideo;
  if (!(fps >= 0 && fps <= 1000)) throw refuse("fps", fps, "from 0 to 1000");
  if (!(Number.isInteger(maxFrames) && maxFrames >= 1 && maxFrames <= most)) {
    throw refuse("maxFrames", maxFrames, `a whole number from 1 to ${most}`);
  }
  if (!(pruningRate >= 0 && pruningRate < 1)) {
    throw refuse("pruningRate", pruningRate, "from 0 to below 1");
  }
  if (!Object.hasOwn(VIDEO_GLUE, glue)) {
    throw refuse("glue", glue, `one of ${Object.keys(VIDEO_GLUE).join(", ")}`);
  }
  return { sampling: { fps, maxFrames }, pruningRate, glue: VIDEO_GLUE[glue] };
}

export interface VideoSettings {
  /** Ceilings: a request may ask for less. */
  readonly sampling: FrameSampling;
  /** What EVS leaves out where a request does not say, 0 to below 1. */
  readonly pruningRate: number;
  readonly glue: VideoGlue;
}

/** Rows of the language model, as they are or will be. */
export type VisualRows = Pick<MediaEmbedding, "tokens" | "pruningRate" | "tileTokens">;

/** A video of which only the header was read. */
export interface PlannedVideo {
  readonly visual: VisualRows;
  /** Pixels of a frame as it came. */
  readonly width: number;
  readonly height: number;
  /** Absent where only frames were sent. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent where only frames were sent. */
  readonly durationSeconds?: number;
  /** Frames of the file, or all that were sent. */
  readonly total: number;
  /** Those that are looked at; seconds from the first frame on. */
  readonly frames: readonly { readonly index: number; readonly seconds?: number }[];
  /** Of the prompt, before each frame. */
  readonly texts: readonly (readonly string[])[];
}

export interface OpenedVideo extends PlannedVideo {
  readonly visual: MediaEmbedding;
  /** Frames that an earlier one shows as well. */
  readonly repeats: number;
}

export interface PlanVideoOptions {
  readonly sampling: VideoSampling;
  /** Share of the rows that EVS leaves out. Undefined: as the store's settings say. */
  readonly pruningRate?: number | undefined;
  readonly signal: AbortSignal;
}

export interface OpenVideoOptions extends PlanVideoOptions {
  /** Frames are encoded as they are decoded. */
  readonly encode?: boolean;
  /** Told its rows before the first frame is decoded; may throw. */
  readonly onPlan?: (tokens: number) => void;
}

/** Whoever encodes videos that are still being decoded. */
export interface DraftEncoder {
  grew(draft: MediaEmbedding): void;
  ended(draft: MediaEmbedding): void;
}

/** A video with small pictures of its frames. */
export interface InspectedVideo {
  /** Its visual keeps all rows, or is encoded already. */
  readonly video: OpenedVideo;
  /** JPEG files, one for each frame. */
  readonly thumbnails: readonly Uint8Array[];
}

/** What is left of a video before it is a Visual: frames in the size of a tile. */
interface Frames extends Omit<OpenedVideo, "visual" | "texts" | "repeats"> {
  /** One for each frame; a repeated one stands there several times. */
  readonly images: readonly RgbImage[];
}

/** From a frame as it comes to the image that stands for it. */
type TakeFrame = (frame: RgbImage) => Promise<RgbImage>;

interface ReadOptions {
  readonly signal: AbortSignal;
  readonly onPlan?: (frames: number) => void;
  readonly onImage?: (image: RgbImage) => void;
}

export interface VideoStoreOptions {
  readonly config: ModelConfig;
  readonly decoder: VideoDecoder;
  readonly resize: Resize;
  readonly settings: VideoSettings;
  readonly maxBytes: number;
  readonly drafts?: DraftEncoder;
}

/** Decodes and remembers videos: a second showing of the same one costs nothing. */
export class VideoStore {
  private readonly options: VideoStoreOptions;
  private readonly cache: VisualCache<OpenedVideo>;
  private readonly thumbnails = new Map<string, readonly Uint8Array[]>();
  private readonly gate = new Semaphore(LIMITS.videosDecoded);

  constructor(options: VideoStoreOptions) {
    this.options = options;
    this.cache = new VisualCache(options.maxBytes);
  }

  /**
   * Throws a VireoError for what cannot be read or lies outside of the video, the signal's reason,
   * and what onPlan throws.
   */
  async open(part: VideoPart, options: OpenVideoOptions): Promise<OpenedVideo> {
    const { sampling, pruningRate = this.defaultRate, signal } = options;
    const wanted = { ...sampling, ...part.sampling };
    const name = `${hashOf(part)} ${JSON.stringify(wanted)}`;
    return await this.gate.run(async () => {
      signal.throwIfAborted();
      const known = this.cache.get(`${name} ${pruningRate}`) ?? this.pruned(name, pruningRate);
      if (known) return known;
      const { config, drafts } = this.options;
      const { tokensPerTile } = config.vision;
      const draft = new MediaEmbedding(config, { key: `${name} ${pruningRate}`, pruningRate });
      try {
        const read = await this.read(part, wanted, {
          signal,
          onPlan: (frames) => {
            options.onPlan?.(retainedRows(frames, tokensPerTile, pruningRate));
          },
          onImage: (image) => {
            draft.add({ image, left: 0, top: 0 });
            if (options.encode) drafts?.grew(draft);
          },
        });
        return this.keep(read, draft);
      } finally {
        drafts?.ended(draft);
      }
    });
  }

  /** The same by the header alone: frames that cannot be decoded are counted too. */
  async plan(part: VideoPart, options: PlanVideoOptions): Promise<PlannedVideo> {
    const { sampling, pruningRate = this.defaultRate, signal } = options;
    const wanted = { ...sampling, ...part.sampling };
    return await this.gate.run(async () => {
      signal.throwIfAborted();
      const plan = part.frames
        ? planPictures(part.frames, this.choose(part.frames, wanted), part)
        : await this.planFile(part.bytes, wanted, signal);
      const { tokensPerTile } = this.options.config.vision;
      const tokens = retainedRows(plan.frames.length, tokensPerTile, pruningRate);
      const tileTokens = pruningRate > 0 ? undefined : plan.frames.map(() => tokensPerTile);
      return { ...plan, visual: { tokens, pruningRate, tileTokens }, texts: this.texts(plan) };
    });
  }

  /** The same with all rows, and with thumbnails. Throws what open throws. */
  async inspect(
    part: VideoPart,
    sampling: VideoSampling,
    signal: AbortSignal,
  ): Promise<InspectedVideo> {
    const wanted = { ...sampling, ...part.sampling };
    const name = `${hashOf(part)} ${JSON.stringify(wanted)}`;
    return await this.gate.run(async () => {
      signal.throwIfAborted();
      const encoded = this.cache.search(`${name} `, ({ visual }) => visual.done);
      const known = encoded ?? this.cache.get(`${name} 0`);
      const drawn = this.thumbnails.get(name);
      if (known && drawn) return { video: known, thumbnails: drawn };
      const read = await this.read(part, wanted, { signal });
      const thumbnails: Uint8Array[] = [];
      for (const image of read.images) {
        thumbnails.push(await encodeThumbnail(image, read, LIMITS.thumbnailPx));
      }
      this.rememberThumbnails(name, thumbnails);
      const whole = new MediaEmbedding(this.options.config, { key: `${name} 0`, pruningRate: 0 });
      for (const image of read.images) whole.add({ image, left: 0, top: 0 });
      return { video: known ?? this.keep(read, whole), thumbnails };
    });
  }

  /** What EVS leaves out where a request does not say. */
  get defaultRate(): number {
    return this.options.settings.pruningRate;
  }

  /** Of a video that is encoded with all of its rows, any share can be left out. */
  private pruned(name: string, pruningRate: number): OpenedVideo | undefined {
    const whole = this.cache.get(`${name} 0`);
    if (!whole?.visual.done) return undefined;
    const options = { key: `${name} ${pruningRate}`, pruningRate };
    return this.cache.remember({ ...whole, visual: MediaEmbedding.pruned(whole.visual, options) });
  }

  /** draft: with the frames that were read, and perhaps some that turned out to be no frames. */
  private keep({ images, ...video }: Frames, draft: MediaEmbedding): OpenedVideo {
    const { config } = this.options;
    const { key, pruningRate } = draft;
    let visual = draft;
    if (!draft.holds(images)) {
      visual = new MediaEmbedding(config, { key, pruningRate });
      for (const image of images) visual.add({ image, left: 0, top: 0 });
    }
    visual.finish();
    const repeats = images.length - new Set(images).size;
    return this.cache.remember({ ...video, visual, repeats, texts: this.texts(video) });
  }

  private texts({ frames, fps }: Pick<PlannedVideo, "frames" | "fps">) {
    return frameTexts(frames, fps, this.options.settings.glue);
  }

  private rememberThumbnails(name: string, files: readonly Uint8Array[]): void {
    this.thumbnails.set(name, files);
    for (const oldest of this.thumbnails.keys()) {
      if (this.thumbnails.size <= LIMITS.looksRemembered) break;
      this.thumbnails.delete(oldest);
    }
  }

  private read(part: VideoPart, wanted: VideoSampling, options: ReadOptions): Promise<Frames> {
    const finder = new RepeatFinder(wanted.repeatBelow);
    const take = async (frame: RgbImage): Promise<RgbImage> => {
      const image = finder.find(await this.toTile(frame));
      options.onImage?.(image);
      return image;
    };
    return part.frames
      ? this.readPictures(part.frames, wanted, { ...options, ...part }, take)
      : this.readFile(part.bytes, wanted, options, take);
  }

  private async planFile(
    file: Uint8Array,
    wanted: VideoSampling,
    signal: AbortSignal,
  ): Promise<Omit<Frames, "images">> {
    const options = { sampling: this.allowed(wanted), window: wanted, signal };
    return described(await this.options.decoder.plan(file, options));
  }

  private async readFile(
    file: Uint8Array,
    wanted: VideoSampling,
    { signal, onPlan }: ReadOptions,
    take: TakeFrame,
  ): Promise<Frames> {
    const decoded = await this.options.decoder.decode(file, {
      sampling: this.allowed(wanted),
      window: wanted,
      take,
      signal,
      ...(onPlan && { onPlan }),
    });
    return { ...described(decoded), images: decoded.frames.map(({ image }) => image) };
  }

  /** Those that cannot be decoded are left out; the others keep their numbers. */
  private async readPictures(
    files: readonly Uint8Array[],
    wanted: VideoSampling,
    { signal, onPlan, exifOrientation }: ReadOptions & PictureOptions,
    take: TakeFrame,
  ): Promise<Frames> {
    const chosen = this.choose(files, wanted);
    onPlan?.(chosen.length);
    const frames: { readonly index: number }[] = [];
    const images: RgbImage[] = [];
    let size = { width: 0, height: 0 };
    let firstError: unknown;
    for (const index of chosen) {
      signal.throwIfAborted();
      try {
        const image = await decodeImage(files[index]!, { exifOrientation });
        if (images.length === 0) size = { width: image.width, height: image.height };
        images.push(await take(image));
        frames.push({ index });
      } catch (error) {
        if (!(error instanceof VireoError)) throw error;
        firstError ??= error;
      }
    }
    if (images.length === 0) throw firstError;
    return { ...size, total: files.length, frames, images };
  }

  private choose(files: readonly Uint8Array[], wanted: VideoSampling): readonly number[] {
    const { maxFrames } = this.allowed(wanted);
    return sampleFrames(files.length, 1, { fps: 0, maxFrames });
  }

  /** Each frame is one tile; its aspect ratio is not kept. */
  private toTile(frame: RgbImage): Promise<RgbImage> {
    const { tilePx } = this.options.config.vision;
    return this.options.resize(frame, tilePx, tilePx);
  }

  private allowed({ fps, maxFrames }: VideoSampling): FrameSampling {
    const { sampling } = this.options.settings;
    const most = [maxFrames ?? 0, sampling.maxFrames, LIMITS.framesPerVideo];
    return { fps: leastOf([fps ?? 0, sampling.fps]), maxFrames: leastOf(most) };
  }
}

function described({ frames, ...video }: VideoPlan): Omit<Frames, "images"> {
  const { width, height, fps, total, durationSeconds } = video;
  const shown = frames.map(({ index, timeSeconds: seconds }) => ({ index, seconds }));
  return { width, height, fps, total, durationSeconds, frames: shown };
}

function planPictures(
  files: readonly Uint8Array[],
  chosen: readonly number[],
  options: PictureOptions,
): Omit<Frames, "images"> {
  const { width, height } = inspectImage(files[chosen[0]!]!, options);
  return { width, height, total: files.length, frames: chosen.map((index) => ({ index })) };
}

/** The least of those that limit anything; 0 if none does. */
function leastOf(limits: readonly number[]): number {
  const real = limits.filter((limit) => limit > 0);
  return real.length === 0 ? 0 : Math.min(...real);
}

function hashOf({ bytes, frames, exifOrientation = "apply" }: VideoPart): string {
  const hash = createHash("sha256");
  for (const file of frames ?? [bytes]) hash.update(`${file.length} `).update(file);
  const kind = frames ? `${frames.length} ${exifOrientation}` : "file";
  return `video ${kind} ${hash.digest("hex")}`;
}
