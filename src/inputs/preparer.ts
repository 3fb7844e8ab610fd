import type { ChatRequest, ToolDefinition } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type {
  DocumentEstimate,
  EstimateOptions,
  FrameEstimate,
  ImageEstimate,
  PromptEstimate,
  VideoEstimate,
} from "../core/estimate.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
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
import type { OpenedVideo, PlannedVideo, RowCounts } from "./media/videos.ts";
import { buildPrompt, type ImageIds, type Prompt, textPrompt } from "./prompt.ts";
import type { TextFiles } from "./text-files.ts";

export interface PreparerOptions {
  readonly model: Pick<Model, "config">;
  readonly text: TextFiles;
  readonly stores: MediaStores;
  readonly contextTokens: number;
  /** Tenants share cached media. Default: false. */
  readonly shareMedia?: boolean | undefined;
}

/** A request as the model reads it. */
export interface PreparedRequest {
  readonly prompt: Prompt;
  /** Embeddings of images, then of videos. */
  readonly embeddings: readonly MediaEmbedding[];
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  /** Milliseconds spent on decoding and tiling. */
  readonly mediaMs: number;
}

/** Converts requests to prompts: images to tiles, videos to frames, messages to token ids. */
export class Preparer {
  private readonly options: PreparerOptions;
  private readonly imageIds: ImageIds;
  readonly media: MediaOpener;

  /** Throws invalid_checkpoint if tokenizer and model do not match. */
  constructor(options: PreparerOptions) {
    const { model, stores, contextTokens, shareMedia = false } = options;
    this.options = options;
    this.media = new MediaOpener({ config: model.config, stores, contextTokens, shareMedia });
    this.imageIds = findImageIds(options.model, options.text);
  }

  /** Throws a VireoError for media or messages that cannot be read. */
  async prepare(
    request: ChatRequest,
    check: ThrowIfClosed,
    signal?: AbortSignal,
  ): Promise<PreparedRequest> {
    const started = performance.now();
    const media = await this.media.open(request, { depth: "rendered", check, signal });
    const mediaMs = performance.now() - started;
    const rendered = await this.render(request, media, signal);
    const prompt = await this.build(rendered, media, turnOf(request, signal));
    return {
      prompt,
      reasoningOpen: opensReasoning(rendered),
      embeddings: media.embeddings,
      mediaMs,
    };
  }

  /** Counts the tokens that `prepare` would produce; nothing is encoded. */
  async estimate(
    request: ChatRequest,
    check: ThrowIfClosed,
    { signal, decode = true }: EstimateOptions = {},
  ): Promise<PromptEstimate> {
    const depth = decode ? "decoded" : "headers";
    const media = await this.media.open(request, { depth, check, signal });
    const rendered = await this.render(request, media, signal);
    const turn = turnOf(request, signal);
    const prompt = await this.build(rendered, media, turn);
    const { tools: _, ...withoutTools } = request;
    const promptWithoutTools = request.tools
      ? await this.build(await this.render(withoutTools, media, signal), media, turn)
      : prompt;
    const { tilePx, tokensPerTile } = this.options.model.config.vision;
    const undecoded = !decode && media.videos.length > 0;
    const min = undecoded ? await this.minTokens(rendered, media, tokensPerTile, turn) : undefined;
    return {
      promptTokens: prompt.ids.length,
      ...(min === undefined ? {} : { minPromptTokens: min }),
      imageTokens: prompt.imageTokens,
      videoTokens: prompt.videoTokens,
      toolTokens: prompt.ids.length - promptWithoutTools.ids.length,
      images: media.images.map((image) => describeImage(image, tilePx)),
      documents: describeDocuments(media),
      videos: media.videos.map((video) => describeVideo(video, tokensPerTile)),
      contextTokens: this.options.contextTokens,
    };
  }

  /** Number of prompt tokens if only one frame of each video can be decoded. */
  private async minTokens(
    rendered: Rendered,
    media: OpenedMedia,
    tokensPerTile: number,
    turn: QueuedTurn,
  ): Promise<number> {
    const videos = media.videos.map((video) => ({
      ...video,
      texts: video.texts.slice(0, 1),
      embedding: { ...video.embedding, tokens: tokensPerTile },
    }));
    return (await this.build(rendered, { ...media, videos }, turn)).ids.length;
  }

  /** Aborts all decoding and rendering; resolves when neither is in progress. */
  async close(reason: Error): Promise<void> {
    const { template, texts } = this.options.text;
    await Promise.all([this.media.close(reason), template.close(reason), texts.close(reason)]);
  }

  private async build(
    rendered: Rendered,
    { images, videos }: OpenedMedia,
    turn: QueuedTurn,
  ): Promise<Prompt> {
    if ("ids" in rendered) return textPrompt(rendered.ids);
    const { text, contextTokens } = this.options;
    const { pieces } = rendered;
    const texts = new Set(videos.flatMap((video) => video.texts.flat()));
    for (const piece of pieces) if (piece.kind === "text") texts.add(piece.text);
    return buildPrompt({
      pieces,
      tokenizer: await text.texts.prepare([...texts], { ...turn, maxIds: contextTokens }),
      imageTokens: images.map(({ tokens }) => tokens),
      videos: videos.map(({ embedding, texts }) => {
        return { texts, tokens: embedding.tokens, prunes: embedding.pruningRate > 0 };
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
    if (request.prompt !== undefined) {
      return { ids: await this.rawIds(request.prompt, turnOf(request, signal)) };
    }
    const { enabled, budgetTokens } = request.reasoning ?? {};
    const enableThinking = budgetTokens === 0 ? false : enabled;
    const { tools = [], toolChoice, continueFinalMessage = false } = request;
    const options = {
      tools: toolChoice === "none" ? [] : tools.map(forTemplate),
      ...defined({ enableThinking }),
      continueFinalMessage,
    };
    const turn = turnOf(request, signal);
    return await this.options.text.template.renderAsync(messages, options, turn);
  }

  /** Token ids of a raw prompt, which may hold control tokens but no image placeholders. */
  private async rawIds(prompt: string | readonly number[], turn: QueuedTurn): Promise<number[]> {
    const { text, model, contextTokens: maxIds } = this.options;
    const ids =
      typeof prompt === "string"
        ? await text.texts.encode(prompt, { ...turn, added: true, maxIds })
        : Array.from(prompt);
    const { vocabulary } = model.config.text;
    const unknown = ids.find((id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary));
    const refuse = (why: string) => new VireoError("out_of_range", why, { param: "prompt" });
    if (ids.length === 0) throw refuse("prompt is empty; send at least one token");
    if (unknown !== undefined) {
      throw refuse(`prompt has the id ${unknown}; token ids are 0 to ${vocabulary - 1}`);
    }
    if (ids.includes(this.imageIds.placeholder)) {
      throw refuse("prompt has an image placeholder; send images in messages");
    }
    return ids;
  }
}

function turnOf(request: ChatRequest, signal: AbortSignal | undefined): QueuedTurn {
  return { tenant: request.tenant ?? "", request, signal };
}

/** Ids of a raw prompt, or the output of the chat template. */
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

/** A page's `image` is its index among all images: pictures and pages, in message order. */
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
  const { width, height, fps, durationSeconds, total, frames, embedding } = video;
  return {
    width,
    height,
    ...defined({ fps, durationSeconds }),
    totalFrames: total,
    frames: frames.map((frame, at) => ({
      ...frame,
      ...tokensOfFrame(embedding, at, frames.length, tokensPerFrame),
    })),
    tokensUnpruned: frames.length * tokensPerFrame,
    tokens: embedding.tokens,
    pruningRate: embedding.pruningRate,
    ...("repeats" in video ? { repeats: video.repeats } : {}),
  };
}

/** EVS keeps the first frame whole; the others' shares are known once all are encoded. */
function tokensOfFrame(
  { tokens, tileTokens }: RowCounts,
  frame: number,
  frames: number,
  maxTokens: number,
): Pick<FrameEstimate, "minTokens" | "maxTokens"> {
  const known = tileTokens?.[frame] ?? (frame === 0 ? maxTokens : undefined);
  if (known !== undefined) return { minTokens: known, maxTokens: known };
  const shared = tokens - maxTokens;
  return {
    minTokens: Math.max(0, shared - maxTokens * (frames - 2)),
    maxTokens: Math.min(maxTokens, shared),
  };
}

/** The form in which clients send tools and templates expect them. */
function forTemplate({ name, description, parameters }: ToolDefinition) {
  const described = description === undefined ? {} : { description };
  return {
    type: "function",
    function: { name, ...described, ...defined({ parameters }) },
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
      `${tokens.image} is token ${tokens.imageId} in config.json but ${placeholder} in ` +
      "tokenizer.json; they must match";
    throw new VireoError("invalid_checkpoint", message);
  }
  if (text.tokenizer.vocabularySize > model.config.text.vocabulary) {
    const message =
      `tokenizer.json has ids up to ${text.tokenizer.vocabularySize - 1}, ` +
      `but the model has only ${model.config.text.vocabulary} embeddings`;
    throw new VireoError("invalid_checkpoint", message);
  }
  return { begin: idOf(tokens.imageStart), placeholder, end: idOf(tokens.imageEnd) };
}
