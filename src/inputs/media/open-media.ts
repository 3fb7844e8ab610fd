import type { ChatMessage, ChatRequest, ContentPart, DocumentPart } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
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

/** Opens the media of requests: pictures become tiles, pages become pictures, videos frames. */
export class MediaOpener {
  private readonly config: ModelConfig;
  private readonly stores: MediaStores;
  private readonly contextTokens: number;
  private opening: Promise<unknown> = Promise.resolve();
  private readonly inProgress = new Set<Promise<unknown>>();
  private readonly closing = new AbortController();

  constructor(config: ModelConfig, stores: MediaStores, contextTokens: number) {
    this.config = config;
    this.stores = stores;
    this.contextTokens = contextTokens;
  }

  /** Throws a VireoError for media that cannot be read, and the signal's reason. */
  async open(request: ChatRequest, options: OpenOptions): Promise<OpenedMedia> {
    const pictures = await this.openImages(request, options);
    const documents = await this.openDocuments(request, pictures, options);
    const before = [...pictures, ...documents.flatMap(({ pages }) => pages)];
    const videos = await this.openVideos(request, before, options);
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
    await Promise.allSettled([this.opening, ...this.inProgress]);
  }

  private maxTiles(request: ChatRequest): number {
    const { maxTiles } = this.config.image;
    return Math.min(request.maxTiles ?? maxTiles, maxTiles);
  }

  /** Opens one picture at a time over all requests, because decoded pixels are large. */
  private openImages(
    request: ChatRequest,
    { depth, check, signal }: OpenOptions,
  ): Promise<(PlannedImage | OpenedImage)[]> {
    const files = partsOf(request).filter((part) => part.type === "image");
    if (files.length === 0) return Promise.resolve([]);
    const maxTiles = this.maxTiles(request);
    const opened = this.opening.then(async () => {
      const images: (PlannedImage | OpenedImage)[] = [];
      const { images: store } = this.stores;
      for (const part of files) {
        signal?.throwIfAborted();
        check();
        const limit = Math.min(part.maxTiles ?? maxTiles, maxTiles);
        images.push(
          depth === "headers" ? store.planFile(part, limit) : await store.open(part, limit),
        );
      }
      return images;
    });
    this.opening = opened.catch(() => {});
    return opened;
  }

  /** Refuses documents that cannot fit before the first page is rendered. */
  private async openDocuments(
    request: ChatRequest,
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
    const options = { maxTiles: this.maxTiles(request), onPlan, signal: this.linked(signal) };
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
      const options = { sampling, pruningRate, signal: this.linked(signal) };
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

function tooManyTokens(tokens: number, context: number): VireoError {
  const message =
    `pages and pictures have ${tokens} tokens; the context holds ${context}. ` +
    "Send fewer pages, or set fewer tiles for each";
  const metadata = { image_tokens: tokens, context_tokens: context };
  return new VireoError("context_length_exceeded", message, { param: "messages", metadata });
}
