import type { ChatRequest, ImageEstimate, PromptEstimate, ToolDefinition } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { Model } from "../model/load.ts";
import type { RenderedPrompt } from "../text/template.ts";
import type { EncodedImage, ImageStore } from "./images.ts";
import { buildPrompt, type ImageIds, type Prompt } from "./prompt.ts";
import type { TextFiles } from "./text-files.ts";

export interface PreparerOptions {
  readonly model: Model;
  readonly text: TextFiles;
  readonly images: ImageStore;
  readonly contextTokens: number;
}

/** A request as the model will read it. */
export interface Prepared {
  readonly prompt: Prompt;
  readonly images: readonly EncodedImage[];
  /** The prompt ends inside a `<think>` block. */
  readonly reasoningOpen: boolean;
  /** Time spent on decoding and tiling. */
  readonly mediaMs: number;
}

/** Throws when there is no use in going on, as when the engine closes. */
export type StillWanted = () => void;

/** Turns requests into prompts: pictures into tiles, messages into ids. */
export class Preparer {
  private readonly options: PreparerOptions;
  private readonly imageIds: ImageIds;
  private opening: Promise<unknown> = Promise.resolve();

  /** Throws invalid_checkpoint if tokenizer and model do not belong together. */
  constructor(options: PreparerOptions) {
    this.options = options;
    this.imageIds = findImageIds(options.model, options.text);
  }

  /** Throws a VireoError for pictures or messages that cannot be read. */
  async prepare(request: ChatRequest, check: StillWanted, signal?: AbortSignal): Promise<Prepared> {
    const started = performance.now();
    const images = await this.openImages(request, check, signal);
    const mediaMs = performance.now() - started;
    return { ...this.read(request, images), images, mediaMs };
  }

  /** The same counts that `prepare` leads to; nothing is queued. */
  async estimate(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<PromptEstimate> {
    const { prompt, images } = await this.prepare(request, check, signal);
    const { tools: _, ...withoutTools } = request;
    const bare = request.tools ? this.read(withoutTools, images).prompt : prompt;
    const { tilePx } = this.options.model.config.vision;
    return {
      promptTokens: prompt.ids.length,
      imageTokens: prompt.imageSpans.reduce((sum, span) => sum + span.length, 0),
      toolTokens: prompt.ids.length - bare.ids.length,
      images: images.map((image) => describeImage(image, tilePx)),
      contextTokens: this.options.contextTokens,
    };
  }

  /** Resolves when no picture is being opened. */
  async idle(): Promise<void> {
    await this.opening;
  }

  private read(
    request: ChatRequest,
    images: readonly EncodedImage[],
  ): { readonly prompt: Prompt; readonly reasoningOpen: boolean } {
    const { text, contextTokens } = this.options;
    if (request.prompt !== undefined) {
      const ids = this.readRaw(request.prompt);
      return { prompt: { ids, imageSpans: [], boundaries: [] }, reasoningOpen: false };
    }
    const { pieces, reasoningOpen } = this.render(request);
    const prompt = buildPrompt({
      pieces,
      tokenizer: text.tokenizer,
      imageTokens: images.map((image) => image.tokens),
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

  private render(request: ChatRequest): RenderedPrompt {
    const { enabled, budgetTokens } = request.reasoning;
    const enableThinking = budgetTokens === 0 ? false : enabled;
    const { tools = [], toolChoice } = request;
    return this.options.text.template.render(request.messages, {
      tools: toolChoice === "none" ? [] : tools.map(forTemplate),
      ...(enableThinking === undefined ? {} : { enableThinking }),
      continueFinalMessage: request.continueFinalMessage ?? false,
    });
  }

  /** One picture at a time over all requests: decoded pixels are the largest thing in memory. */
  private openImages(
    request: ChatRequest,
    check: StillWanted,
    signal?: AbortSignal,
  ): Promise<EncodedImage[]> {
    const files = request.messages.flatMap(({ content }) =>
      typeof content === "string"
        ? []
        : content.flatMap((part) => (part.type === "image" ? [part.bytes] : [])),
    );
    if (files.length === 0) return Promise.resolve([]);
    const { images: store, model } = this.options;
    const wanted = request.tilesMax ?? Number.POSITIVE_INFINITY;
    const tilesMax = Math.min(wanted, model.config.image.tilesMax);
    const opened = this.opening.then(async () => {
      const images: EncodedImage[] = [];
      for (const file of files) {
        signal?.throwIfAborted();
        check();
        images.push(await store.open(file, tilesMax));
      }
      return images;
    });
    this.opening = opened.catch(() => {});
    return opened;
  }
}

function describeImage(image: EncodedImage, tilePx: number): ImageEstimate {
  const { width, height, grid, tileCount, tokens } = image;
  const thumbnail = tileCount > grid.columns * grid.rows;
  return { width, height, ...grid, thumbnail, tilePx, tokens };
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
