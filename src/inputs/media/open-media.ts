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

/** A request's media, each kind in the order of the messages. */
export interface OpenedMedia {
  /** The messages with an image in place of each page of a document. */
  readonly messages: readonly ChatMessage[];
  /** Pictures and pages. */
  readonly images: readonly PlannedImage[];
  readonly documents: readonly PlannedDocument[];
  readonly videos: readonly PlannedVideo[];
  /** Of images, then of videos; without those of what was only planned. */
  readonly visuals: readonly MediaEmbedding[];
}

/** Throws when there is no use in going on, as when the engine closes. */
export type ThrowIfClosed = () => void;

/**
 * How far media are opened: their headers are read; pictures and frames are decoded too, but pages
 * of documents only counted; or all is made ready to be encoded.
 */
export type Depth = "headers" | "decoded" | "drawn";

export interface OpenOptions {
  readonly depth: Depth;
  readonly check: ThrowIfClosed;
  readonly signal: AbortSignal | undefined;
}

/** Opens what requests show: pictures become tiles, pages pictures, videos frames. */
export class MediaOpener {
  private readonly config: ModelConfig;
  private readonly stores: MediaStores;
  private readonly contextTokens: number;
  private opening: Promise<unknown> = Promise.resolve();
  private readonly underWay = new Set<Promise<unknown>>();
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
    const visuals: MediaEmbedding[] = [];
    const [nextPicture, nextDocument] = [pictures.values(), documents.values()];
    for (const { type } of partsOf(request)) {
      if (type === "image") {
        const picture = nextPicture.next().value!;
        images.push(picture);
        if ("visual" in picture) visuals.push(picture.visual);
      } else if (type === "document") {
        const document = nextDocument.next().value!;
        images.push(...document.pages);
        if ("images" in document) visuals.push(...document.images.map(({ visual }) => visual));
      }
    }
    visuals.push(...videos.flatMap((video) => ("repeats" in video ? [video.visual] : [])));
    return { messages: withPages(request.messages, documents), images, documents, videos, visuals };
  }

  /** Work on one part of the request's media, which ends when the engine closes. */
  async alone<T>(signal: AbortSignal | undefined, work: (until: AbortSignal) => Promise<T>) {
    return await this.track(work(this.until(signal)));
  }

  /** Gives up what is being decoded. Resolves when nothing is under way any more. */
  async close(reason: Error): Promise<void> {
    this.closing.abort(reason);
    await Promise.allSettled([this.opening, ...this.underWay]);
  }

  private maxTiles(request: ChatRequest): number {
    const { maxTiles } = this.config.image;
    return Math.min(request.maxTiles ?? maxTiles, maxTiles);
  }

  /** One picture at a time over all requests: decoded pixels are the largest thing in memory. */
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
        const most = Math.min(part.maxTiles ?? maxTiles, maxTiles);
        images.push(
          depth === "headers" ? store.planFile(part, most) : await store.open(part, most),
        );
      }
      return images;
    });
    this.opening = opened.catch(() => {});
    return opened;
  }

  /** Refuses before the first page is drawn what cannot fit with all of them. */
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
      if (pages > LIMITS.pagesPerRequest) throw tooManyPages(pages);
      if (depth === "drawn") this.checkFits(tokens);
    };
    const opened: (PlannedDocument | OpenedDocument)[] = [];
    const options = { maxTiles: this.maxTiles(request), onPlan, signal: this.until(signal) };
    const { documents: store } = this.stores;
    for (const part of partsOf(request)) {
      if (part.type !== "document") continue;
      check();
      const opening = depth === "drawn" ? store.open(part, options) : store.plan(part, options);
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
    const onPlan = (more: number): void => {
      tokens += more;
      if (depth === "drawn") this.checkFits(tokens);
    };
    for (const part of partsOf(request)) {
      if (part.type !== "video") continue;
      check();
      const options = { sampling, pruningRate, signal: this.until(signal) };
      const { videos: store } = this.stores;
      const opening =
        depth === "headers"
          ? store.plan(part, options)
          : store.open(part, { ...options, encode: depth === "drawn", onPlan });
      videos.push(await this.track<PlannedVideo | OpenedVideo>(opening));
    }
    return videos;
  }

  private checkFits(tokens: number): void {
    if (tokens > this.contextTokens) throw tooManyTokens(tokens, this.contextTokens);
  }

  private async track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    return await work.finally(() => this.underWay.delete(work));
  }

  private until(signal: AbortSignal | undefined): AbortSignal {
    const { signal: closing } = this.closing;
    return signal === undefined ? closing : AbortSignal.any([signal, closing]);
  }
}

/** With what the request says about all of its pictures. */
export function partsOf({ messages, exifOrientation }: ChatRequest): ContentPart[] {
  const parts = messages.flatMap(({ content }) => (typeof content === "string" ? [] : content));
  if (exifOrientation === undefined) return parts;
  return parts.map((part) => (part.type === "text" ? part : { exifOrientation, ...part }));
}

const PAGE = Object.freeze({ type: "image", bytes: new Uint8Array(0) });

/** Templates know no documents: to them, each page is an image. */
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
    `Choose fewer pages, or fewer tiles for each`;
  const metadata = { image_tokens: tokens, context_tokens: context };
  return new VireoError("context_length_exceeded", message, { param: "messages", metadata });
}
