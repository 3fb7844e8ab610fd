import { setMaxListeners } from "node:events";
import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  DocumentPart,
  ImagePart,
} from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { MediaOwner } from "../../media/media-owner.ts";
import { tooManyPages } from "../../media/page-range.ts";
import type { ModelConfig } from "../../model/config.ts";
import type { DocumentStore, OpenedDocument, PlannedDocument } from "./documents.ts";
import type { ImageStore, OpenedImage, PlannedImage } from "./images.ts";
import type { MediaEmbedding } from "./media-embedding.ts";
import type { OpenedVideo, PlannedVideo, VideoStore } from "./videos.ts";

export interface MediaStores {
  readonly images: ImageStore;
  readonly documents: DocumentStore;
  readonly videos: VideoStore;
}

/** A request's media, each kind in message order. */
export interface OpenedMedia {
  /** The messages with each page of a document replaced by an image. */
  readonly messages: readonly ChatMessage[];
  /** Pictures and pages. */
  readonly images: readonly PlannedImage[];
  readonly documents: readonly PlannedDocument[];
  readonly videos: readonly PlannedVideo[];
  /** Embeddings of images, then of videos; media that are only planned have none. */
  readonly embeddings: readonly MediaEmbedding[];
}

/** Throws if the engine is closed or overloaded. */
export type ThrowIfClosed = () => void;

/**
 * Depth to which media are opened. headers: only headers are read. decoded: pictures and frames are
 * decoded too, pages of documents are counted. rendered: everything is ready to be encoded.
 */
export type OpenDepth = "headers" | "decoded" | "rendered";

export interface OpenOptions {
  readonly depth: OpenDepth;
  readonly check: ThrowIfClosed;
  readonly signal: AbortSignal | undefined;
}

export interface MediaOpenerOptions {
  readonly config: ModelConfig;
  readonly stores: MediaStores;
  readonly contextTokens: number;
  /** Tenants share cached media, which lets each find out by timing what others have sent. */
  readonly shareMedia: boolean;
}

/** Opens the media of requests: pictures become tiles, pages become pictures, videos frames. */
export class MediaOpener {
  private readonly config: ModelConfig;
  private readonly stores: MediaStores;
  private readonly contextTokens: number;
  private readonly shareMedia: boolean;
  private readonly inProgress = new Set<Promise<unknown>>();
  private readonly closing = new AbortController();

  constructor({ config, stores, contextTokens, shareMedia }: MediaOpenerOptions) {
    this.config = config;
    this.stores = stores;
    this.contextTokens = contextTokens;
    this.shareMedia = shareMedia;
    setMaxListeners(0, this.closing.signal); // all media of requests without a signal listen
  }

  ownerOf(request: ChatRequest): MediaOwner {
    const { tenant = "", zeroDataRetention: keepsNothing = false } = request;
    return { tenant, request, cacheOwner: this.shareMedia ? "" : tenant, keepsNothing };
  }

  /** Throws a VireoError for media that cannot be read, and the signal's reason. */
  async open(request: ChatRequest, options: OpenOptions): Promise<OpenedMedia> {
    const owner = this.ownerOf(request);
    const pictures = await this.openImages(request, owner, options);
    const documents = await this.openDocuments(request, owner, pictures, options);
    const before = [...pictures, ...documents.flatMap(({ pages }) => pages)];
    const videos = await this.openVideos(request, owner, before, options);
    const images: PlannedImage[] = [];
    const embeddings: MediaEmbedding[] = [];
    const [nextPicture, nextDocument] = [pictures.values(), documents.values()];
    for (const { type } of partsOf(request)) {
      if (type === "image") {
        const picture = nextPicture.next().value!;
        images.push(picture);
        if ("embedding" in picture) embeddings.push(picture.embedding);
      } else if (type === "document") {
        const document = nextDocument.next().value!;
        images.push(...document.pages);
        if ("images" in document) {
          embeddings.push(...document.images.map(({ embedding }) => embedding));
        }
      }
    }
    embeddings.push(...videos.flatMap((video) => ("repeats" in video ? [video.embedding] : [])));
    const messages = withPages(request.messages, documents);
    return { messages, images, documents, videos, embeddings };
  }

  /** Runs work on one medium; its signal aborts when the engine closes too. */
  async runTracked<T>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<T>) {
    return await this.track(work(this.linked(signal)));
  }

  /** Aborts all decoding; resolves when none is in progress. */
  async close(reason: Error): Promise<void> {
    this.closing.abort(reason);
    await Promise.allSettled(this.inProgress);
  }

  private maxTiles(request: ChatRequest): number {
    const { maxTiles } = this.config.image;
    return Math.min(request.maxTiles ?? maxTiles, maxTiles);
  }

  /** Opens all pictures at once; the store decides how many are decoded, and in which order. */
  private async openImages(
    request: ChatRequest,
    owner: MediaOwner,
    { depth, check, signal }: OpenOptions,
  ): Promise<readonly (PlannedImage | OpenedImage)[]> {
    const files = partsOf(request).filter((part) => part.type === "image");
    check();
    const { images: store } = this.stores;
    const maxTiles = this.maxTiles(request);
    const limitOf = (part: ImagePart) => Math.min(part.maxTiles ?? maxTiles, maxTiles);
    const planned = files.map((part) => store.planFile(part, limitOf(part)));
    const pixels = planned.reduce((sum, { width, height }) => sum + width * height, 0);
    this.checkPixels(request, pixels);
    if (depth === "headers" || files.length === 0) return planned;
    const failed = new AbortController();
    const both = AbortSignal.any([this.linked(signal), failed.signal]);
    setMaxListeners(files.length + 1, both); // each picture that waits for its turn listens
    const openings = files.map(async (part) => {
      const options = { maxTiles: limitOf(part), owner, signal: both };
      return await store.open(part, options).catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
    });
    return await this.track(settleAll(openings));
  }

  private checkPixels(request: ChatRequest, ofImages: number): void {
    const { videoSampling = {} } = request;
    const actual = partsOf(request).reduce((sum, part) => {
      if (part.type !== "video") return sum;
      return sum + this.stores.videos.pixelsOf(part, videoSampling);
    }, ofImages);
    const limit = LIMITS.request.pixels;
    if (actual > limit) throw tooManyPixels(actual, limit);
  }

  /** Refuses documents that cannot fit before the first page is rendered. */
  private async openDocuments(
    request: ChatRequest,
    owner: MediaOwner,
    pictures: readonly PlannedImage[],
    { depth, check, signal }: OpenOptions,
  ): Promise<(PlannedDocument | OpenedDocument)[]> {
    let tokens = pictures.reduce((sum, picture) => sum + picture.tokens, 0);
    let pages = 0;
    const onPlan = (plan: PlannedDocument): void => {
      pages += plan.pages.length;
      tokens += plan.pages.reduce((sum, page) => sum + page.tokens, 0);
      if (pages > LIMITS.request.pages) throw tooManyPages(pages);
      if (depth === "rendered") this.checkFits(tokens);
    };
    const opened: (PlannedDocument | OpenedDocument)[] = [];
    const linked = this.linked(signal);
    const options = { maxTiles: this.maxTiles(request), onPlan, owner, signal: linked };
    const { documents: store } = this.stores;
    for (const part of partsOf(request)) {
      if (part.type !== "document") continue;
      check();
      const opening = depth === "rendered" ? store.open(part, options) : store.plan(part, options);
      opened.push(await this.track<PlannedDocument | OpenedDocument>(opening));
    }
    return opened;
  }

  private async openVideos(
    request: ChatRequest,
    owner: MediaOwner,
    pictures: readonly PlannedImage[],
    { depth, check, signal }: OpenOptions,
  ): Promise<(PlannedVideo | OpenedVideo)[]> {
    const videos: (PlannedVideo | OpenedVideo)[] = [];
    const { videoSampling: sampling = {}, videoPruningRate: pruningRate } = request;
    let tokens = pictures.reduce((sum, picture) => sum + picture.tokens, 0);
    const onPlan = (videoTokens: number): void => {
      tokens += videoTokens;
      if (depth === "rendered") this.checkFits(tokens);
    };
    for (const part of partsOf(request)) {
      if (part.type !== "video") continue;
      check();
      const options = { sampling, pruningRate, owner, signal: this.linked(signal) };
      const { videos: store } = this.stores;
      const opening =
        depth === "headers"
          ? store.plan(part, options)
          : store.open(part, { ...options, encode: depth === "rendered", onPlan });
      videos.push(await this.track<PlannedVideo | OpenedVideo>(opening));
    }
    return videos;
  }

  private checkFits(tokens: number): void {
    if (tokens > this.contextTokens) throw tooManyTokens(tokens, this.contextTokens);
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.inProgress.add(work);
    return await work.finally(() => this.inProgress.delete(work));
  }

  private linked(signal: AbortSignal | undefined): AbortSignal {
    const { signal: closing } = this.closing;
    return signal === undefined ? closing : AbortSignal.any([signal, closing]);
  }
}

/** All parts of the messages, with the request's EXIF orientation as their default. */
export function partsOf({ messages, exifOrientation }: ChatRequest): ContentPart[] {
  const parts = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  if (exifOrientation === undefined) return parts;
  return parts.map((part) => (part.type === "text" ? part : { exifOrientation, ...part }));
}

const PAGE = Object.freeze({ type: "image", bytes: new Uint8Array(0) });

/** Replaces each document by one image per page, because templates do not know documents. */
function withPages(
  messages: readonly ChatMessage[],
  documents: readonly PlannedDocument[],
): readonly ChatMessage[] {
  if (documents.length === 0) return messages;
  const next = documents.values();
  const pagesOf = (_: DocumentPart): ContentPart[] => {
    const { pages, failedPages } = next.next().value!;
    const notes = failedPages.map(({ page }) => ({
      type: "text" as const,
      text: `(Page ${page} of this document cannot be drawn.)`,
    }));
    return [...pages.map(() => PAGE), ...notes];
  };
  return messages.map((message): ChatMessage => {
    const { content } = message;
    if (typeof content === "string") return message;
    const parts = content.flatMap((part): readonly ContentPart[] => {
      return part.type === "document" ? pagesOf(part) : [part];
    });
    return { ...message, content: parts };
  });
}

/** Waits for all, then throws the first error in their order. */
async function settleAll<T>(works: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(works);
  return await Promise.all(works);
}

function tooManyPixels(actual: number, limit: number): VireoError {
  const millions = (pixels: number) => Math.ceil(pixels / 1_000_000);
  const message =
    `the pictures have ${millions(actual)} megapixels together; the limit of a request is ` +
    `${millions(limit)}. Send fewer or smaller ones`;
  return new VireoError("media_too_large", message, {
    param: "messages",
    metadata: { limit, actual },
  });
}

function tooManyTokens(tokens: number, context: number): VireoError {
  const message =
    `pages and pictures have ${tokens} tokens; the context holds ${context}. ` +
    "Send fewer pages, or set fewer tiles for each";
  const metadata = { image_tokens: tokens, context_tokens: context };
  return new VireoError("context_length_exceeded", message, { param: "messages", metadata });
}
