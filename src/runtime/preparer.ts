import type {
  ChatRequest,
  ContentPart,
  ImageEstimate,
  PromptEstimate,
  ToolDefinition,
  VideoEstimate,
} from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { Model } from "../model/load.ts";
import type { RenderedPrompt } from "../text/template.ts";
import type { ImageStore, OpenedImage } from "./images.ts";
import { buildPrompt, type ImageIds, type Prompt, textPrompt } from "./prompt.ts";
import type { TextFiles } from "./text-files.ts";
import type { OpenedVideo, VideoStore } from "./videos.ts";
import type { Visual } from "./visual.ts";

export interface PreparerOptions {
  readonly model: Model;
  readonly text: TextFiles;
  readonly images: ImageStore;
  readonly videos: VideoStore;
  readonly contextTokens: number;
}

/** A request's pictures and videos, each kind in the order of the messages. */
interface Media {
  readonly images: readonly OpenedImage[];
  readonly videos: readonly OpenedVideo[];
}

/** A request as the model will read it. */
export interface Prepared {
  readonly prompt: Prompt;
  /** Images, then videos. */
  readonly visuals: readonly Visual[];
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  /** Time spent on decoding and tiling. */
  readonly mediaMs: number;
}

/** Throws when there is no use in going on, as when the engine closes. */
export type StillWanted = () => void;

/** Turns requests into prompts: pictures into tiles, videos into frames, messages into ids. */
export class Preparer {
  private readonly options: PreparerOptions;
  private readonly imageIds: ImageIds;
  private opening: Promise<unknown> = Promise.resolve();
  private readonly videosOpening = new Set<Promise<unknown>>();
  private readonly closing = new AbortController();

  /** Throws invalid_checkpoint if tokenizer and model do not belong together. */
  constructor(options: PreparerOptions) {
    this.options = options;
    this.imageIds = findImageIds(options.model, options.text);
  }

  /** Throws a VireoError for pictures or messages that cannot be read. */
  async prepare(request: ChatRequest, check: StillWanted, signal?: AbortSignal): Promise<Prepared> {
    const started = performance.now();
    const media = await this.openMedia(request, check, signal);
    const mediaMs = performance.now() - started;
    const visuals = [...media.images, ...media.videos].map(({ visual }) => visual);
    return { ...this.read(request, media), visuals, mediaMs };
  }

  /** The same counts that `prepare` leads to; nothing is queued. */
  async estimate(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<PromptEstimate> {
    const media = await this.openMedia(request, check, signal);
    const { prompt } = this.read(request, media);
    const { tools: _, ...withoutTools } = request;
    const bare = request.tools ? this.read(withoutTools, media).prompt : prompt;
    const { tilePx, tokensPerTile } = this.options.model.config.vision;
    return {
      promptTokens: prompt.ids.length,
      imageTokens: prompt.imageTokens,
      videoTokens: prompt.videoTokens,
      toolTokens: prompt.ids.length - bare.ids.length,
      images: media.images.map((image) => describeImage(image, tilePx)),
      videos: media.videos.map((video) => describeVideo(video, tokensPerTile)),
      contextTokens: this.options.contextTokens,
    };
  }

  /** Gives up what is being decoded. Resolves when nothing is under way any more. */
  async close(reason: Error): Promise<void> {
    this.closing.abort(reason);
    await Promise.allSettled([this.opening, ...this.videosOpening]);
  }

  private read(
    request: ChatRequest,
    { images, videos }: Media,
  ): { readonly prompt: Prompt; readonly reasoningOpen: boolean } {
    const { text, contextTokens } = this.options;
    if (request.prompt !== undefined) {
      const ids = this.readRaw(request.prompt);
      return { prompt: textPrompt(ids), reasoningOpen: false };
    }
    const { pieces, reasoningOpen } = this.render(request, videos.length > 0);
    const prompt = buildPrompt({
      pieces,
      tokenizer: text.tokenizer,
      imageTokens: images.map(({ visual }) => visual.tokens),
      videos: videos.map(({ visual, texts }) => {
        return { texts, tokens: visual.tokens, prunes: visual.pruningRate > 0 };
      }),
      imageIds: this.imageIds,
      mostIds: contextTokens,
    });
    return { prompt, reasoningOpen };
  }

  /** Whoever writes a raw prompt writes its control tokens; only images have no place in it. */
  private readRaw(prompt: string | readonly number[]): number[] {
    const { text, model } = this.options;
    const ids =
      typeof prompt === "string" ? text.tokenizer.encodeWithAdded(prompt) : Array.from(prompt);
    const { vocabulary } = model.config.text;
    const wrong = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
    const refuse = (why: string) => new VireoError("out_of_range", why, { param: "prompt" });
    if (ids.length === 0) throw refuse("prompt is empty; send at least one token");
    if (wrong !== undefined) {
      throw refuse(`prompt holds ${wrong}, which is no token; ids go from 0 to ${vocabulary - 1}`);
    }
    if (ids.includes(this.imageIds.placeholder)) {
      throw refuse("prompt holds an image placeholder; send images as messages");
    }
    return ids;
  }

  /** neverThink: the model does not reason about videos. */
  private render(request: ChatRequest, neverThink: boolean): RenderedPrompt {
    const { enabled, budgetTokens } = request.reasoning;
    const enableThinking = budgetTokens === 0 ? false : enabled;
    const { tools = [], toolChoice } = request;
    return this.options.text.template.render(request.messages, {
      tools: toolChoice === "none" ? [] : tools.map(forTemplate),
      ...(enableThinking === undefined ? {} : { enableThinking }),
      continueFinalMessage: request.continueFinalMessage ?? false,
      neverThink,
    });
  }

  private async openMedia(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<Media> {
    const images = await this.openImages(request, check, signal);
    const videos = await this.openVideos(request, check, signal);
    return { images, videos };
  }

  /** One picture at a time over all requests: decoded pixels are the largest thing in memory. */
  private openImages(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<OpenedImage[]> {
    const files = partsOf(request, "image");
    if (files.length === 0) return Promise.resolve([]);
    const { images: store, model } = this.options;
    const wanted = request.tilesMax ?? Number.POSITIVE_INFINITY;
    const tilesMax = Math.min(wanted, model.config.image.tilesMax);
    const opened = this.opening.then(async () => {
      const images: OpenedImage[] = [];
      for (const { bytes } of files) {
        signal?.throwIfAborted();
        check();
        images.push(await store.open(bytes, tilesMax));
      }
      return images;
    });
    this.opening = opened.catch(() => {});
    return opened;
  }

  private async openVideos(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<OpenedVideo[]> {
    const videos: OpenedVideo[] = [];
    const { signal: closing } = this.closing;
    const both = signal === undefined ? closing : AbortSignal.any([signal, closing]);
    const { videoSampling = {}, videoPruningRate } = request;
    for (const part of partsOf(request, "video")) {
      check();
      const opening = this.options.videos.open(part, videoSampling, videoPruningRate, both);
      this.videosOpening.add(opening);
      videos.push(await opening.finally(() => this.videosOpening.delete(opening)));
    }
    return videos;
  }
}

type PartOf<T extends ContentPart["type"]> = Extract<ContentPart, { type: T }>;

function partsOf<T extends ContentPart["type"]>({ messages }: ChatRequest, type: T): PartOf<T>[] {
  const isWanted = (part: ContentPart): part is PartOf<T> => part.type === type;
  return messages.flatMap(({ content }) => {
    return typeof content === "string" ? [] : content.filter(isWanted);
  });
}

function describeImage(image: OpenedImage, tilePx: number): ImageEstimate {
  const { width, height, grid, visual } = image;
  const thumbnail = visual.tileCount > grid.columns * grid.rows;
  return { width, height, ...grid, thumbnail, tilePx, tokens: visual.tokens };
}

function describeVideo(video: OpenedVideo, tokensPerFrame: number): VideoEstimate {
  const { width, height, fps, total, frames, visual } = video;
  return {
    width,
    height,
    ...(fps === undefined ? {} : { fps }),
    totalFrames: total,
    frames,
    tokensUnpruned: frames.length * tokensPerFrame,
    tokens: visual.tokens,
    pruningRate: visual.pruningRate,
  };
}

/** As every client sends a tool, and as templates therefore expect it. */
function forTemplate({ name, description, parameters }: ToolDefinition) {
  const described = description === undefined ? {} : { description };
  return {
    type: "function",
    function: { name, ...described, ...(parameters === undefined ? {} : { parameters }) },
  };
}

function findImageIds(model: Model, text: TextFiles): ImageIds {
  const { tokens } = model.config;
  const idOf = (content: string): number => {
    const id = text.tokenizer.idOf(content);
    if (id === undefined) {
      const message = `tokenizer.json has no added token ${content}, which the model needs`;
      throw new VireoError("invalid_checkpoint", message);
    }
    return id;
  };
  const placeholder = idOf(tokens.image);
  if (tokens.imageId !== undefined && tokens.imageId !== placeholder) {
    const message =
      `config.json says that ${tokens.image} is token ${tokens.imageId}, ` +
      `tokenizer.json says ${placeholder}`;
    throw new VireoError("invalid_checkpoint", message);
  }
  if (text.tokenizer.vocabularySize > model.config.text.vocabulary) {
    const message =
      `tokenizer.json has ids up to ${text.tokenizer.vocabularySize - 1}, ` +
      `the model only ${model.config.text.vocabulary} embeddings`;
    throw new VireoError("invalid_checkpoint", message);
  }
  return { begin: idOf(tokens.imageStart), placeholder, end: idOf(tokens.imageEnd) };
}
