import type { ChatRequest, ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type {
  DocumentEstimate,
  EstimateOptions,
  FrameEstimate,
  ImageEstimate,
  PromptEstimate,
  VideoEstimate,
} from "../core/estimate.ts";
import type { Model } from "../model/load.ts";
import type { RenderedPrompt } from "../text/template.ts";
import type { PlannedImage } from "./media/images.ts";
import type { MediaEmbedding } from "./media/media-embedding.ts";
import {
  MediaOpener,
  type MediaStores,
  type OpenedMedia,
  type ThrowIfClosed,
} from "./media/open-media.ts";
import type { OpenedVideo, PlannedVideo, VisualRows } from "./media/videos.ts";
import { buildPrompt, type ImageIds, type Prompt, textPrompt } from "./prompt.ts";
import type { TextFiles } from "./text-files.ts";

export interface PreparerOptions {
  readonly model: Pick<Model, "config">;
  readonly text: TextFiles;
  readonly stores: MediaStores;
  readonly contextTokens: number;
}

/** A request as the model will read it. */
export interface Prepared {
  readonly prompt: Prompt;
  /** Images, then videos. */
  readonly visuals: readonly MediaEmbedding[];
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  /** Time spent on decoding and tiling. */
  readonly mediaMs: number;
}

/** Turns requests into prompts: pictures into tiles, videos into frames, messages into ids. */
export class Preparer {
  private readonly options: PreparerOptions;
  private readonly imageIds: ImageIds;
  readonly media: MediaOpener;

  /** Throws invalid_checkpoint if tokenizer and model do not belong together. */
  constructor(options: PreparerOptions) {
    const { model, stores, contextTokens } = options;
    this.options = options;
    this.media = new MediaOpener(model.config, stores, contextTokens);
    this.imageIds = findImageIds(options.model, options.text);
  }

  /** Throws a VireoError for pictures or messages that cannot be read. */
  async prepare(
    request: ChatRequest,
    check: ThrowIfClosed,
    signal?: AbortSignal,
  ): Promise<Prepared> {
    const started = performance.now();
    const media = await this.media.open(request, { depth: "drawn", check, signal });
    const mediaMs = performance.now() - started;
    const rendered = await this.render(request, media, signal);
    const prompt = this.build(rendered, media);
    return { prompt, reasoningOpen: opensReasoning(rendered), visuals: media.visuals, mediaMs };
  }

  /** The same counts that `prepare` leads to; nothing is queued. */
  async estimate(
    request: ChatRequest,
    check: ThrowIfClosed,
    { signal, decode = true }: EstimateOptions = {},
  ): Promise<PromptEstimate> {
    const depth = decode ? "decoded" : "headers";
    const media = await this.media.open(request, { depth, check, signal });
    const rendered = await this.render(request, media, signal);
    const prompt = this.build(rendered, media);
    const { tools: _, ...withoutTools } = request;
    const bare = request.tools
      ? this.build(await this.render(withoutTools, media, signal), media)
      : prompt;
    const { tilePx, tokensPerTile } = this.options.model.config.vision;
    const undecoded = !decode && media.videos.length > 0;
    return {
      promptTokens: prompt.ids.length,
      ...(undecoded && { minPromptTokens: this.minTokens(rendered, media, tokensPerTile) }),
      imageTokens: prompt.imageTokens,
      videoTokens: prompt.videoTokens,
      toolTokens: prompt.ids.length - bare.ids.length,
      images: media.images.map((image) => describeImage(image, tilePx)),
      documents: describeDocuments(media),
      videos: media.videos.map((video) => describeVideo(video, tokensPerTile)),
      contextTokens: this.options.contextTokens,
    };
  }

  /** Tokens of the prompt if only one frame of each video can be decoded. */
  private minTokens(rendered: Rendered, media: OpenedMedia, tokensPerTile: number): number {
    const videos = media.videos.map((video) => ({
      ...video,
      texts: video.texts.slice(0, 1),
      visual: { ...video.visual, tokens: tokensPerTile },
    }));
    return this.build(rendered, { ...media, videos }).ids.length;
  }

  /** Stops decoding and rendering. Resolves when neither is running any more. */
  async close(reason: Error): Promise<void> {
    await Promise.all([this.media.close(reason), this.options.text.template.close(reason)]);
  }

  private build(rendered: Rendered, { images, videos }: OpenedMedia): Prompt {
    if ("ids" in rendered) return textPrompt(rendered.ids);
    const { text, contextTokens } = this.options;
    return buildPrompt({
      pieces: rendered.pieces,
      tokenizer: text.tokenizer,
      imageTokens: images.map(({ tokens }) => tokens),
      videos: videos.map(({ visual, texts }) => {
        return { texts, tokens: visual.tokens, prunes: visual.pruningRate > 0 };
      }),
      imageIds: this.imageIds,
      maxIds: contextTokens,
    });
  }

  private async render(
    request: ChatRequest,
    { messages }: OpenedMedia,
    signal: AbortSignal | undefined,
  ): Promise<Rendered> {
    if (request.prompt !== undefined) return { ids: this.readRaw(request.prompt) };
    const { enabled, budgetTokens } = request.reasoning ?? {};
    const enableThinking = budgetTokens === 0 ? false : enabled;
    const { tools = [], toolChoice, continueFinalMessage = false } = request;
    const options = {
      tools: toolChoice === "none" ? [] : tools.map(forTemplate),
      ...(enableThinking === undefined ? {} : { enableThinking }),
      continueFinalMessage,
    };
    return await this.options.text.template.renderAsync(messages, options, signal);
  }

  /** Reads a raw prompt: its control tokens are the caller's; images cannot be part of it. */
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
}

/** A raw prompt's ids, or what the chat template has rendered. */
type Rendered = RenderedPrompt | { readonly ids: number[] };

function opensReasoning(rendered: Rendered): boolean {
  return "reasoningOpen" in rendered && rendered.reasoningOpen;
}

function describeImage(image: PlannedImage, tilePx: number): ImageEstimate {
  const { width, height, turn, grid, tileCount, tokens } = image;
  const thumbnail = tileCount > grid.columns * grid.rows;
  const turned = turn === undefined ? {} : { turn };
  return { width, height, ...turned, ...grid, thumbnail, tilePx, tokens };
}

/** Images are pictures and pages, in the order of the messages. */
function describeDocuments({ images, documents }: OpenedMedia): DocumentEstimate[] {
  return documents.map(({ total, pages, failedPages, undrawn }) => ({
    totalPages: total,
    failedPages,
    undrawn,
    pages: pages.map((page) => ({ number: page.number, image: images.indexOf(page) })),
    tokens: pages.reduce((sum, page) => sum + page.tokens, 0),
  }));
}

function describeVideo(video: PlannedVideo | OpenedVideo, tokensPerFrame: number): VideoEstimate {
  const { width, height, fps, durationSeconds, total, frames, visual } = video;
  return {
    width,
    height,
    ...(fps === undefined ? {} : { fps }),
    ...(durationSeconds === undefined ? {} : { durationSeconds }),
    totalFrames: total,
    frames: frames.map((frame, at) => ({
      ...frame,
      ...tokensOfFrame(visual, at, frames.length, tokensPerFrame),
    })),
    tokensUnpruned: frames.length * tokensPerFrame,
    tokens: visual.tokens,
    pruningRate: visual.pruningRate,
    ...("repeats" in video ? { repeats: video.repeats } : {}),
  };
}

/** EVS keeps the first frame whole; how it shares the rest is known when all are encoded. */
function tokensOfFrame(
  { tokens, tileTokens }: VisualRows,
  frame: number,
  frames: number,
  all: number,
): Pick<FrameEstimate, "minTokens" | "maxTokens"> {
  const known = tileTokens?.[frame] ?? (frame === 0 ? all : undefined);
  if (known !== undefined) return { minTokens: known, maxTokens: known };
  const shared = tokens - all;
  return {
    minTokens: Math.max(0, shared - all * (frames - 2)),
    maxTokens: Math.min(all, shared),
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

/** Throws invalid_checkpoint if tokenizer and model do not belong together. */
export function findImageIds(
  model: Pick<Model, "config">,
  text: Pick<TextFiles, "tokenizer">,
): ImageIds {
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
