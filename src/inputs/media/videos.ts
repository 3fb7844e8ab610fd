import type { VideoPart, VideoSampling } from "../../core/chat.ts";
import { dropOldest } from "../../core/drop-oldest.ts";
import { FairQueue } from "../../core/fair-queue.ts";
import { LIMITS } from "../../core/limits.ts";
import { encodeThumbnail } from "../../media/encode.ts";
import { frameTexts } from "../../media/frames.ts";
import { hashMedia, type MediaOwner } from "../../media/media-owner.ts";
import type { Resize } from "../../media/pixels.ts";
import type { VideoDecoder } from "../../media/video-decoder.ts";
import type { ModelConfig } from "../../model/config.ts";
import { EmbeddingCache } from "./embedding-cache.ts";
import type { Encoder } from "./encode-queue.ts";
import { retainedRows } from "./evs.ts";
import {
  type DecodedFrames,
  type FramePlan,
  FrameReader,
  type ReadOptions,
} from "./frame-reader.ts";
import { MediaEmbedding } from "./media-embedding.ts";
import type { PictureDecoder } from "./picture-decoder.ts";
import type { VideoSettings } from "./video-settings.ts";

/** Numbers of rows of the language model, now or once the video is encoded. */
export type RowCounts = Pick<MediaEmbedding, "tokens" | "pruningRate" | "tileTokens">;

/** A video of which only headers were read. */
export interface PlannedVideo extends FramePlan {
  readonly embedding: RowCounts;
  /** Texts of the prompt before each frame. */
  readonly texts: readonly (readonly string[])[];
}

export interface OpenedVideo extends PlannedVideo {
  readonly embedding: MediaEmbedding;
  /** Number of frames that repeat an earlier one. */
  readonly repeats: number;
}

export interface PlanVideoOptions {
  readonly sampling: VideoSampling;
  /** Share of the rows that EVS drops. Default: the store's. */
  readonly pruningRate?: number | undefined;
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
}

export interface OpenVideoOptions extends PlanVideoOptions {
  /** Encode frames while later ones are decoded. */
  readonly encode?: boolean;
  /** Called with the number of rows before the first frame is decoded; may throw. */
  readonly onPlan?: (tokens: number) => void;
}

/** A video with thumbnails of its frames. */
export interface InspectedVideo {
  /** Its embedding keeps all rows, or is encoded already. */
  readonly video: OpenedVideo;
  /** JPEG files, one per frame. */
  readonly thumbnails: readonly Uint8Array[];
}

export interface VideoStoreOptions {
  readonly config: ModelConfig;
  readonly decoder: VideoDecoder;
  /** Decodes videos that are lists of pictures. */
  readonly pictures: PictureDecoder;
  readonly resize: Resize;
  readonly settings: VideoSettings;
  /** Size of the cache. */
  readonly maxBytes: number;
  readonly encoder?: Encoder;
}

/** One video of a request while it is loaded. */
interface Source {
  readonly part: VideoPart;
  readonly sampling: VideoSampling;
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
}

/** Cost of reading headers, as a share of decoding a video. */
const PLAN_COST = 0.05;

/** Decodes videos and caches their embeddings: a video that is sent again is not decoded again. */
export class VideoStore {
  private readonly options: VideoStoreOptions;
  private readonly reader: FrameReader;
  private readonly cache: EmbeddingCache<OpenedVideo>;
  private readonly thumbnails = new Map<string, readonly Uint8Array[]>();
  private readonly queue = new FairQueue({
    things: "videos",
    unit: "files",
    slots: LIMITS.video.decodersAtOnce,
    reservedSlots: 1,
    maxWaitingCost: LIMITS.queue.requests,
  });

  constructor(options: VideoStoreOptions) {
    const { config, decoder, pictures, resize, settings, maxBytes } = options;
    const { tilePx } = config.vision;
    this.options = options;
    const maxSampling = settings.sampling;
    this.reader = new FrameReader({ decoder, pictures, resize, tilePx, maxSampling });
    this.cache = new EmbeddingCache(maxBytes);
  }

  /** Share of the rows that EVS drops unless a request sets it. */
  get defaultRate(): number {
    return this.options.settings.pruningRate;
  }

  /**
   * Decodes the video, or finds it in the cache. Throws a VireoError if the video cannot be read or
   * the window lies outside of it, the signal's reason, and what onPlan throws.
   */
  async open(part: VideoPart, options: OpenVideoOptions): Promise<OpenedVideo> {
    const { pruningRate = this.defaultRate } = options;
    const source = sourceOf(part, options);
    const name = await nameOf(source);
    const key = `${name} ${pruningRate}`;
    const find = () => this.cache.get(key) ?? this.pruneCached(name, pruningRate);
    const decode = () => this.decode(source, key, { ...options, pruningRate });
    return find() ?? (await this.inTurn(source, async () => find() ?? (await decode())));
  }

  private async decode(
    source: Source,
    key: string,
    options: OpenVideoOptions & { readonly pruningRate: number },
  ): Promise<OpenedVideo> {
    const { config, encoder } = this.options;
    const { tokensPerTile } = config.vision;
    const { pruningRate, encode, onPlan } = options;
    const { tenant } = source.owner;
    const partial = new MediaEmbedding(config, { key, pruningRate });
    try {
      const frames = await this.read(source, {
        onPlan: (count) => onPlan?.(retainedRows(count, tokensPerTile, pruningRate)),
        onImage: (image) => {
          partial.add({ image, left: 0, top: 0 });
          if (encode) encoder?.addPartial(partial, tenant);
        },
      });
      return this.save(frames, partial, source.owner);
    } finally {
      encoder?.endPartial(partial);
    }
  }

  /** Reads headers only, so frames that cannot be decoded are counted too. */
  async plan(part: VideoPart, options: PlanVideoOptions): Promise<PlannedVideo> {
    const { pruningRate = this.defaultRate } = options;
    const source = sourceOf(part, options);
    const { sampling, signal } = source;
    const read = () => this.reader.plan(part, sampling, signal);
    const plan = await this.inTurn(source, read, PLAN_COST);
    const { tokensPerTile } = this.options.config.vision;
    const tokens = retainedRows(plan.frames.length, tokensPerTile, pruningRate);
    const tileTokens = pruningRate > 0 ? undefined : plan.frames.map(() => tokensPerTile);
    const embedding = { tokens, pruningRate, tileTokens };
    return { ...plan, embedding, texts: this.textsOf(plan) };
  }

  /** Pixels of the pictures that opening decodes in this process; a file's frames do not count. */
  pixelsOf(part: VideoPart, sampling: VideoSampling): number {
    return this.reader.pixelsOf(part, { ...sampling, ...part.sampling });
  }

  /** Opens the video with all of its rows and makes thumbnails. Throws what `open` throws. */
  async inspect(part: VideoPart, options: PlanVideoOptions): Promise<InspectedVideo> {
    const source = sourceOf(part, options);
    const name = await nameOf(source);
    const find = (): InspectedVideo | undefined => {
      const video = this.findWhole(name);
      const thumbnails = this.thumbnails.get(name);
      return video && thumbnails && { video, thumbnails };
    };
    return (
      find() ?? (await this.inTurn(source, async () => find() ?? this.readWhole(source, name)))
    );
  }

  private findWhole(name: string): OpenedVideo | undefined {
    const encoded = this.cache.search(`${name} `, ({ embedding }) => embedding.done);
    return encoded ?? this.cache.get(`${name} 0`);
  }

  private async readWhole(source: Source, name: string): Promise<InspectedVideo> {
    const frames = await this.read(source);
    const thumbnails: Uint8Array[] = [];
    for (const image of frames.images) {
      thumbnails.push(await encodeThumbnail(image, frames, LIMITS.inspection.thumbnailPx));
    }
    this.saveThumbnails(name, thumbnails);
    const known = this.findWhole(name);
    if (known) return { video: known, thumbnails };
    const whole = new MediaEmbedding(this.options.config, { key: `${name} 0`, pruningRate: 0 });
    for (const image of frames.images) whole.add({ image, left: 0, top: 0 });
    return { video: this.save(frames, whole, source.owner), thumbnails };
  }

  /** Works on a file in its turn. The pictures of a list wait for their own turns. */
  private async inTurn<T>(source: Source, work: () => Promise<T>, cost = 1): Promise<T> {
    const { part, owner, signal } = source;
    if (part.frames) return await work();
    const { tenant, request } = owner;
    return await this.queue.run({ tenant, request, cost, signal }, work);
  }

  private read(
    { part, sampling, owner, signal }: Source,
    options: Omit<ReadOptions, "owner" | "signal"> = {},
  ): Promise<DecodedFrames> {
    return this.reader.read(part, sampling, { ...options, owner, signal });
  }

  /** Prunes a cached video that is encoded with all of its rows. */
  private pruneCached(name: string, pruningRate: number): OpenedVideo | undefined {
    const whole = this.cache.get(`${name} 0`);
    if (!whole?.embedding.done) return undefined;
    const options = { key: `${name} ${pruningRate}`, pruningRate };
    return this.cache.add({ ...whole, embedding: MediaEmbedding.pruned(whole.embedding, options) });
  }

  /**
   * Finishes and caches an embedding. partial: may hold images that the decoder dropped later; then
   * a new embedding takes its place.
   */
  private save(
    { images, ...video }: DecodedFrames,
    partial: MediaEmbedding,
    { keepsNothing = false }: MediaOwner,
  ): OpenedVideo {
    const { key, pruningRate } = partial;
    let embedding = partial;
    if (!partial.hasExactly(images)) {
      embedding = new MediaEmbedding(this.options.config, { key, pruningRate });
      for (const image of images) embedding.add({ image, left: 0, top: 0 });
    }
    embedding.finish();
    const repeats = images.length - new Set(images).size;
    const opened = { ...video, embedding, repeats, texts: this.textsOf(video) };
    return keepsNothing ? opened : this.cache.add(opened);
  }

  private textsOf({ frames, fps }: FramePlan) {
    return frameTexts(frames, fps, this.options.settings.glue);
  }

  private saveThumbnails(name: string, files: readonly Uint8Array[]): void {
    this.thumbnails.set(name, files);
    dropOldest(this.thumbnails, LIMITS.inspection.remembered);
  }
}

/** The part's own sampling applies before the request's. */
function sourceOf(part: VideoPart, { sampling, owner, signal }: PlanVideoOptions): Source {
  return { part, sampling: { ...sampling, ...part.sampling }, owner, signal };
}

/** Equal for the same bytes of the same owner with the same sampling. */
async function nameOf({ part, sampling, owner }: Source): Promise<string> {
  const { bytes, frames, exifOrientation = "apply" } = part;
  const kind = frames ? `${frames.length} ${exifOrientation}` : "file";
  const hash = await hashMedia(owner, frames ?? [bytes]);
  return `video ${kind} ${hash} ${JSON.stringify(sampling)}`;
}
