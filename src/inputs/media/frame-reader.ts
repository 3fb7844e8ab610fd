import type { VideoPart, VideoSampling } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { type FrameSampling, sampleFrames } from "../../media/frames.ts";
import type { MediaOwner } from "../../media/media-owner.ts";
import type { Resize } from "../../media/pixels.ts";
import { RepeatFinder } from "../../media/repeats.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import { inspectImage, type PictureOptions } from "../../media/source.ts";
import type { VideoDecoder, VideoPlan } from "../../media/video-decoder.ts";
import type { PictureDecoder } from "./picture-decoder.ts";

/** Sampled frames of a video, without their pixels. */
export interface FramePlan {
  /** Pixels of a frame before it is resized. */
  readonly width: number;
  readonly height: number;
  /** Absent if the request holds single frames, not a file. */
  readonly fps?: number;
  /** From the first frame to the end of the last one; absent if the request holds frames. */
  readonly durationSeconds?: number;
  /** Number of frames in the file or in the request. */
  readonly total: number;
  /** Sampled frames; seconds count from the first frame. */
  readonly frames: readonly { readonly index: number; readonly seconds?: number }[];
}

/** Sampled frames of a video, each resized to one tile. */
export interface DecodedFrames extends FramePlan {
  /** One image per frame; frames that repeat share one image. */
  readonly images: readonly RgbImage[];
}

export interface ReadOptions {
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
  /** Called before the first frame is decoded; may throw. */
  readonly onPlan?: (frames: number) => void;
  /** Called with the image of each frame as soon as it is decoded. */
  readonly onImage?: (image: RgbImage) => void;
}

export interface FrameReaderOptions {
  readonly decoder: VideoDecoder;
  readonly pictures: PictureDecoder;
  readonly resize: Resize;
  readonly tilePx: number;
  /** Upper limits of a request's sampling. */
  readonly maxSampling: FrameSampling;
}

/** Converts a decoded frame to the image of its tile. */
type TakeFrame = (frame: RgbImage) => Promise<RgbImage>;

/** Samples the frames of a video file or of a list of pictures, and decodes them. */
export class FrameReader {
  private readonly options: FrameReaderOptions;

  constructor(options: FrameReaderOptions) {
    this.options = options;
  }

  /** Reads headers only, so frames that cannot be decoded are counted too. */
  async plan(part: VideoPart, sampling: VideoSampling, signal: AbortSignal): Promise<FramePlan> {
    const { frames } = part;
    if (frames) return planPictures(frames, this.sampleIndices(frames, sampling), part);
    const options = { sampling: this.clamp(sampling), window: sampling, signal };
    return toFramePlan(await this.options.decoder.plan(part.bytes, options));
  }

  /** Throws a VireoError if no frame can be read, the signal's reason, and what onPlan throws. */
  async read(
    part: VideoPart,
    sampling: VideoSampling,
    options: ReadOptions,
  ): Promise<DecodedFrames> {
    const finder = new RepeatFinder(sampling.repeatBelow);
    const { resize, tilePx } = this.options;
    const take = async (frame: RgbImage): Promise<RgbImage> => {
      // each frame is one tile; its aspect ratio is not preserved
      const image = finder.find(await resize(frame, tilePx, tilePx));
      options.onImage?.(image);
      return image;
    };
    return part.frames
      ? await this.readPictures(part.frames, sampling, { ...options, ...part }, take)
      : await this.readFile(part.bytes, sampling, options, take);
  }

  private async readFile(
    file: Uint8Array,
    sampling: VideoSampling,
    { signal, onPlan }: ReadOptions,
    take: TakeFrame,
  ): Promise<DecodedFrames> {
    const decoded = await this.options.decoder.decode(file, {
      sampling: this.clamp(sampling),
      window: sampling,
      take,
      signal,
      ...(onPlan && { onPlan }),
    });
    return { ...toFramePlan(decoded), images: decoded.frames.map(({ image }) => image) };
  }

  /** Leaves out pictures that cannot be decoded; the others keep their indices. */
  private async readPictures(
    files: readonly Uint8Array[],
    sampling: VideoSampling,
    { owner, signal, onPlan, exifOrientation }: ReadOptions & PictureOptions,
    take: TakeFrame,
  ): Promise<DecodedFrames> {
    const indices = this.sampleIndices(files, sampling);
    onPlan?.(indices.length);
    const frames: { readonly index: number }[] = [];
    const images: RgbImage[] = [];
    let size = { width: 0, height: 0 };
    let firstError: unknown;
    for (const index of indices) {
      signal.throwIfAborted();
      try {
        const options = { exifOrientation, owner, signal };
        const image = await this.options.pictures.decode(files[index]!, options, async (whole) => {
          if (images.length === 0) size = { width: whole.width, height: whole.height };
          return await take(whole);
        });
        images.push(image);
        frames.push({ index });
      } catch (error) {
        signal.throwIfAborted();
        if (!isFaultOfPicture(error)) throw error;
        firstError ??= error;
      }
    }
    if (images.length === 0) throw firstError;
    return { ...size, total: files.length, frames, images };
  }

  /** Pixels that reading a list of pictures decodes; 0 for a file. Damaged pictures have none. */
  pixelsOf(part: VideoPart, sampling: VideoSampling): number {
    const { frames: files = [] } = part;
    if (files.length === 0) return 0;
    const sizes = this.sampleIndices(files, sampling).map((index) => {
      try {
        const { width, height } = inspectImage(files[index]!, part);
        return width * height;
      } catch (error) {
        if (error instanceof VireoError) return 0;
        throw error;
      }
    });
    return sizes.reduce((sum, pixels) => sum + pixels, 0);
  }

  private sampleIndices(files: readonly Uint8Array[], sampling: VideoSampling): readonly number[] {
    const { maxFrames } = this.clamp(sampling);
    return sampleFrames(files.length, 1, { fps: 0, maxFrames });
  }

  /** The request's sampling within the upper limits. */
  private clamp({ fps = 0, maxFrames = 0 }: VideoSampling): FrameSampling {
    const { maxSampling } = this.options;
    return {
      fps: strictest([fps, maxSampling.fps]),
      maxFrames: strictest([maxFrames, maxSampling.maxFrames, LIMITS.video.sampledFrames]),
    };
  }
}

/** The other pictures can be read although this one cannot. */
function isFaultOfPicture(error: unknown): boolean {
  return error instanceof VireoError && error.code !== "queue_full";
}

function toFramePlan({ frames, ...video }: VideoPlan): FramePlan {
  const { width, height, fps, total, durationSeconds } = video;
  const sampled = frames.map(({ index, timeSeconds: seconds }) => ({ index, seconds }));
  return { width, height, fps, total, durationSeconds, frames: sampled };
}

function planPictures(
  files: readonly Uint8Array[],
  indices: readonly number[],
  options: PictureOptions,
): FramePlan {
  const { width, height } = inspectImage(files[indices[0]!]!, options);
  return { width, height, total: files.length, frames: indices.map((index) => ({ index })) };
}

/** The smallest limit; 0 stands for no limit. */
function strictest(limits: readonly number[]): number {
  const set = limits.filter((limit) => limit > 0);
  return set.length === 0 ? 0 : Math.min(...set);
}
