import { type Backend, type KvDtype, PAGE_ROWS } from "../backends/backend.ts";
import { type BackendOptions, openBackend } from "../backends/open.ts";
import { type ChatEvent, type ChatRequest, GREEDY, type SamplingOptions } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { EstimateOptions, PromptEstimate } from "../core/estimate.ts";
import type { Inspector } from "../core/inspection.ts";
import { LIMITS } from "../core/limits.ts";
import { type Log, silentLog } from "../core/log.ts";
import type {
  Upstream,
  UpstreamCapabilities,
  UpstreamLoad,
  UpstreamModel,
} from "../core/upstream.ts";
import { findAbilities, logAbilities } from "../inputs/media/abilities.ts";
import { resizeBy } from "../inputs/media/images.ts";
import { createInspector } from "../inputs/media/inspector.ts";
import type { VideoOptions } from "../inputs/media/videos.ts";
import { Preparer } from "../inputs/preparer.ts";
import type { Prompt } from "../inputs/prompt.ts";
import { chooseContext, openStores } from "../inputs/stores.ts";
import {
  logTemplate,
  openTextFiles,
  type TemplateInfo,
  type TextFiles,
  templateInfo,
} from "../inputs/text-files.ts";
import { type LoadFormat, loadModel, type Model } from "../model/load.ts";
import { describeModel, identify, type ModelIdentity } from "../model/model-identity.ts";
import { createState } from "../model/state.ts";
import type { TemplateMode } from "../text/open-template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import type { PackProgress } from "../weights/packed.ts";
import { Answer, type AnswerOptions } from "./answer.ts";
import { Batcher, type BatcherStats } from "./batcher.ts";
import { Constraints } from "./constraint.ts";
import { EventQueue } from "./event-queue.ts";
import { planSizes, wholeOption } from "./memory.ts";
import { PrefixKeys } from "./prefix-keys.ts";
import { Sampler } from "./sampler.ts";
import { Sequence } from "./sequence.ts";

export interface EngineOptions extends BackendOptions {
  /** "cpu" unless said otherwise. */
  readonly backend?: Backend["name"];
  /** "stored" unless said otherwise. */
  readonly format?: LoadFormat;
  readonly kvDtype?: KvDtype;
  /** Limit of all memory. Default: 85 % of the machine's. */
  readonly memoryBytes?: number;
  /** Tokens of prompt and answer together. Default: what the checkpoint says. */
  readonly contextTokens?: number;
  /** Sequences computed at once. Default 16. */
  readonly maxSequences?: number;
  /** Prompt beginnings that are remembered, so that they are not computed again. Default 32. */
  readonly maxPrefixes?: number;
  /** Rows of one step. Default 256. */
  readonly maxRows?: number;
  /** Folder for packed weights; false keeps them in memory. Default: `.vireo` in the checkpoint. */
  readonly cacheDir?: string | false;
  readonly video?: VideoOptions;
  /**
   * Name under which the model is served. Default: the published name if the checkpoint has the
   * published sizes, else as config.json or the folder names it.
   */
  readonly modelId?: string;
  /** Which chat template writes the prompts. Default: the checkpoint's alone. */
  readonly template?: TemplateMode;
  /**
   * Whether answers begin with reasoning where neither a request nor its messages say, for servers.
   * Default: no.
   */
  readonly reasoning?: boolean;
  /**
   * Read the tokenizer for structured output when the engine opens (a quarter of a second at 131k
   * tokens), not at the first request that needs it.
   */
  readonly prewarmGrammars?: boolean;
  readonly onProgress?: (progress: PackProgress) => void;
  readonly log?: Log;
}

/** Rows of one step, unless asked otherwise. */
const MAX_ROWS = 256;

export interface EngineInfo {
  readonly backend: string;
  readonly kernelSet: string;
  readonly threads: number;
  readonly weightBytes: number;
  readonly fromCache: boolean;
  readonly contextTokens: number;
  readonly slots: number;
  /** Prefixes that can be remembered. */
  readonly prefixes: number;
  readonly pages: number;
  /** Share of a video's tokens that EVS drops where a request does not say, 0 to below 1. */
  readonly videoPruningRate: number;
  /** The same as config.json states it; `video.pruningRate` of the options overrides it. */
  readonly checkpointPruningRate: number;
  readonly loadMs: number;
  readonly template: TemplateInfo;
}

/**
 * Opens a checkpoint folder and makes it ready to answer.
 *
 * Throws VireoError: invalid_checkpoint or unsupported_checkpoint naming what is wrong,
 * invalid_option, out_of_memory with the numbers, backend_unavailable.
 */
export async function open(dir: string, options: EngineOptions = {}): Promise<Engine> {
  const started = performance.now();
  const log = options.log ?? silentLog;
  const text = await openTextFiles(dir, options.template);
  logTemplate(text, log);
  const backend = await openBackend(options.backend ?? "cpu", options);
  try {
    const cacheDir = options.cacheDir ?? `${dir}/.vireo`;
    const { cacheDir: _, ...rest } = options;
    const model = await loadModel(backend, dir, cacheDir === false ? rest : { ...rest, cacheDir });
    if (model.cacheError) log("warn", "weights_not_cached", { reason: model.cacheError });
    const abilities = await findAbilities(options.video);
    logAbilities(abilities, log);
    const identity = { ...identify(dir, model.config, options.modelId), abilities };
    const engine = new Engine(backend, model, text, identity, options, started);
    const { videoPruningRate, checkpointPruningRate } = engine.info;
    log("info", "video_pruning", { rate: videoPruningRate, checkpoint: checkpointPruningRate });
    if (options.prewarmGrammars === true) await engine.prewarmGrammars();
    return engine;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/** A model that answers: many requests at once, each a stream of events. */
export class Engine implements Upstream {
  readonly models: readonly UpstreamModel[];
  readonly info: EngineInfo;
  readonly inspector: Inspector;
  private readonly backend: Backend;
  private readonly model: Model;
  private readonly text: TextFiles;
  private readonly batcher: Batcher;
  private readonly preparer: Preparer;
  private readonly prefixKeys = new PrefixKeys();
  private readonly constraints: Constraints;
  /** Tokens that end an answer. */
  private readonly eosIds: readonly number[];
  private closed = false;

  constructor(
    backend: Backend,
    model: Model,
    text: TextFiles,
    identity: ModelIdentity,
    options: EngineOptions,
    started: number,
  ) {
    this.backend = backend;
    this.model = model;
    this.text = text;
    const contextTokens = chooseContext(model.config, options.contextTokens);
    const maxRows = wholeOption("rows", options.maxRows, MAX_ROWS, 4096);
    const sizes = planSizes(model.config, model.region.bytes, options, contextTokens);
    const stores = openStores(model.config, resizeBy(backend.resize), options.video, {
      grew: (draft) => this.batcher.encodeDraft(draft),
      ended: (draft) => this.batcher.endDraft(draft),
    });
    this.preparer = new Preparer({ model, text, stores, contextTokens });
    const { text: sizesOfText, tokens } = model.config;
    this.eosIds = [...new Set([...tokens.eosIds, ...text.endIds])];
    this.constraints = new Constraints(text.tokenizer, sizesOfText.vocabulary, this.eosIds);
    this.batcher = new Batcher({
      backend,
      model,
      state: createState(backend, model.config, sizes),
      slots: sizes.slots - sizes.snapshots,
      snapshots: sizes.snapshots,
      pages: sizes.pages,
      maxRows,
      log: options.log ?? silentLog,
      now: () => performance.now(),
    });
    this.inspector = createInspector({
      config: model.config,
      stores,
      media: this.preparer.media,
      check: () => this.checkOpen(),
      encode: (visual, signal) => this.batcher.encode(visual, signal),
    });
    const { fingerprint } = model;
    const { reasoning } = options;
    const told = { fingerprint, contextTokens, videoPruningRate: stores.videos.defaultRate };
    this.models = [
      describeModel(identity, { ...told, ...(reasoning === undefined ? {} : { reasoning }) }),
    ];
    this.info = {
      backend: backend.name,
      kernelSet: backend.kernelSet,
      threads: backend.threads,
      weightBytes: model.region.bytes,
      fromCache: model.fromCache,
      contextTokens,
      slots: sizes.slots - sizes.snapshots,
      prefixes: sizes.snapshots,
      pages: sizes.pages,
      videoPruningRate: told.videoPruningRate,
      checkpointPruningRate: model.config.videoPruningRate,
      loadMs: performance.now() - started,
      template: templateInfo(text),
    };
  }

  get ready(): boolean {
    return !this.closed;
  }

  get stats(): BatcherStats {
    return this.batcher.stats;
  }

  get load(): UpstreamLoad {
    const { running, waiting, pagesFree, preemptions, prefixes } = this.batcher.stats;
    return {
      running,
      waiting,
      kvCacheUsage: 1 - pagesFree / Math.max(1, this.info.pages),
      preemptions,
      prefixTokensAsked: prefixes.tokensAsked,
      prefixTokensFound: prefixes.tokensFound,
    };
  }

  get capabilities(): UpstreamCapabilities {
    return {
      estimate: (request, options) => this.estimate(request, options),
      tokenize: async (text) => this.tokenize(text),
      detokenize: async (ids) => this.detokenize(ids),
      inspect: this.inspector,
      load: async () => this.load,
    };
  }

  async *chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    this.checkOpen();
    signal?.throwIfAborted();
    const constraint = await this.constraints.open(request);
    const prepared = await this.preparer.prepare(request, () => this.checkOpen(), signal);
    const { prompt, visuals, mediaMs } = prepared;
    const maxTokens = this.admissible(request, prompt);
    const events = new EventQueue<ChatEvent>();
    const { tenant = "" } = request;
    const sampling = { ...GREEDY, ...request.sampling };
    const { budgetTokens } = request.reasoning ?? {};
    this.checkBias(sampling);
    const answer = new Answer(this.text.tokenizer, {
      reasoningOpen: prepared.reasoningOpen,
      ...(budgetTokens === undefined ? {} : { budgetTokens }),
      stop: constraint && request.output ? [] : (request.stop ?? []),
      tools: toolMode(request),
      ...(constraint === undefined ? {} : { constraint }),
      maxTokens,
      minTokens: request.minTokens ?? 0,
      ignoreEos: request.ignoreEos ?? false,
      eosIds: this.eosIds,
      stopTokenIds: request.stopTokenIds ?? [],
      ...(request.topLogprobs === undefined ? {} : { topLogprobs: request.topLogprobs }),
    });
    const sequence = new Sequence({
      prompt,
      visuals,
      tenant,
      prefixKeys: this.info.prefixes > 0 ? this.prefixKeys.of(tenant, prompt, visuals) : [],
      sampler: new Sampler(
        sampling,
        prompt.ids,
        request.topLogprobs,
        spellings(this.text.tokenizer, sampling.badWords ?? []),
      ),
      answer,
      events,
      onUsage: request.onUsage,
      signal,
      mediaMs,
      now: () => performance.now(),
    });
    this.checkOpen();
    const { slotsFree, waiting } = this.batcher.stats;
    const queuePosition = slotsFree > waiting ? 0 : waiting + 1;
    this.batcher.add(sequence);
    const { promptTokens, imageTokens, videoTokens } = sequence;
    try {
      yield { type: "start", promptTokens, imageTokens, videoTokens, queuePosition };
      yield* events;
    } finally {
      events.leave(); // whoever stops listening frees the sequence's place
    }
  }

  /** Does ahead what the first structured answer would have to wait for. */
  prewarmGrammars(): Promise<void> {
    return this.constraints.prewarm();
  }

  async estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate> {
    this.checkOpen();
    const counted = await this.preparer.estimate(request, () => this.checkOpen(), options);
    const predicted = this.batcher.predict(tilesToEncode(counted), counted.promptTokens);
    return { ...counted, ...(predicted && { predicted }) };
  }

  tokenize(text: string): readonly number[] {
    return this.text.tokenizer.encodeText(text);
  }

  detokenize(ids: readonly number[]): string {
    return this.text.tokenizer.decode(ids, { skipSpecial: false });
  }

  /** Refuses what is under way, waits for the step that runs, and frees all memory. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.batcher.close();
    // pictures are resized by the backend
    await this.preparer.close(new VireoError("engine_closed", "the engine has been closed"));
    await this.backend.close();
  }

  private checkOpen(): void {
    if (this.closed) throw new VireoError("engine_closed", "the engine has been closed");
    const { waiting, waitMs } = this.batcher.stats;
    if (waiting < LIMITS.requestsWaiting) return;
    const retryAfterMs = Math.max(1000, Math.round(waitMs));
    const seconds = Math.ceil(retryAfterMs / 1000);
    const text = `${waiting} requests are waiting already; try again in about ${seconds} s`;
    throw new VireoError("queue_full", text, { retryAfterMs, metadata: { waiting } });
  }

  /** Tokens that the answer may have. Throws if the request can never fit. */
  private admissible(request: ChatRequest, prompt: Prompt): number {
    const context = Math.min(this.info.contextTokens, this.info.pages * PAGE_ROWS);
    const room = context - prompt.ids.length;
    const wanted = request.maxTokens ?? room;
    if (room >= 1 && wanted <= room) return wanted;
    const { imageTokens, videoTokens } = prompt;
    const media = [
      ...(imageTokens > 0 || videoTokens === 0 ? [`${imageTokens} of them from images`] : []),
      ...(videoTokens > 0 ? [`${videoTokens} from videos`] : []),
    ].join(", ");
    const counted = prompt.ids.length > this.info.contextTokens ? "more than " : "";
    const tokens = counted ? this.info.contextTokens : prompt.ids.length;
    const text =
      `the prompt has ${counted}${tokens} tokens (${media}) and ` +
      `${request.maxTokens ?? 1} are to be generated; the context holds ${context}`;
    const metadata = {
      prompt_tokens: tokens,
      image_tokens: imageTokens,
      ...(videoTokens > 0 ? { video_tokens: videoTokens } : {}),
      context_tokens: context,
    };
    throw new VireoError("context_length_exceeded", text, { param: "messages", metadata });
  }

  private checkBias({ logitBias }: SamplingOptions): void {
    const { vocabulary } = this.model.config.text;
    for (const [id] of logitBias) {
      if (id < vocabulary) continue;
      const text = `token ${id} does not exist; ids go from 0 to ${vocabulary - 1}`;
      throw new VireoError("out_of_range", text, { param: `logit_bias.${id}` });
    }
  }
}

/** How the words are usually written in tokens: at the start of a line and after a blank. */
function spellings(tokenizer: Tokenizer, words: readonly string[]): number[][] {
  const texts = new Set(words.flatMap((word) => [word, ` ${word}`]));
  return [...texts].map((text) => tokenizer.encodeText(text));
}

function tilesToEncode({ images, videos }: PromptEstimate): number {
  const ofImages = images.map(({ columns, rows, thumbnail }) => columns * rows + Number(thumbnail));
  const ofVideos = videos.map(({ frames, repeats = 0 }) => frames.length - repeats);
  return [...ofImages, ...ofVideos].reduce((sum, tiles) => sum + tiles, 0);
}

/** The model may write calls where it is offered tools, and where it has seen calls before. */
function toolMode({ tools = [], toolChoice, messages }: ChatRequest): AnswerOptions["tools"] {
  if (tools.length > 0) return toolChoice === "none" ? "hidden" : "offered";
  return messages.some(({ toolCalls }) => toolCalls !== undefined) ? "hidden" : undefined;
}
