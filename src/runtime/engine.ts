import { PAGE_ROWS } from "../backends/backend.ts";
import { openBackend } from "../backends/open.ts";
import { ByteBudget } from "../core/byte-budget.ts";
import { type ChatEvent, type ChatRequest, GREEDY, type SamplingOptions } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { EstimateOptions, PromptEstimate } from "../core/estimate.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
import type { Inspector } from "../core/inspection.ts";
import { LIMITS } from "../core/limits.ts";
import { silentLog } from "../core/log.ts";
import type {
  Caller,
  Upstream,
  UpstreamCapabilities,
  UpstreamLoad,
  UpstreamModel,
} from "../core/upstream.ts";
import { findAbilities, logAbilities } from "../inputs/media/abilities.ts";
import { createInspector } from "../inputs/media/inspector.ts";
import type { PreparedRequest } from "../inputs/preparer.ts";
import type { Prompt } from "../inputs/prompt.ts";
import { logTemplate, openTextFiles } from "../inputs/text-files.ts";
import { loadModel } from "../model/load.ts";
import { describeModel, identify, type ModelIdentity } from "../model/model-identity.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { Answer, type AnswerOptions } from "./answer.ts";
import type { BatcherStats } from "./batcher.ts";
import type { Constraint } from "./constraint.ts";
import type { EngineInfo, EngineOptions } from "./engine-options.ts";
import { buildParts, type EngineParts, engineInfo, type LoadedModel } from "./engine-parts.ts";
import { EventQueue } from "./event-queue.ts";
import { bytesOfEvent } from "./event-size.ts";
import { PrefixKeys } from "./prefix-keys.ts";
import { Sampler } from "./sampler.ts";
import { Sequence } from "./sequence.ts";

/**
 * Opens a checkpoint folder and returns an engine that is ready to answer.
 *
 * Throws VireoError: invalid_checkpoint or unsupported_checkpoint naming the problem,
 * invalid_option, out_of_memory with the numbers, backend_unavailable.
 *
 * @example
 * const engine = await open("models/mini", { format: "int4" });
 * const messages = [{ role: "user", content: "Hello" }] as const;
 * for await (const event of engine.chat({ messages })) {
 *   if (event.type === "text") process.stdout.write(event.text);
 * }
 * await engine.close();
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
    if (model.repaired) log("warn", "weights_packed_again", { ...model.repaired });
    const abilities = await findAbilities(options.video);
    logAbilities(abilities, log);
    const identity = { ...identify(dir, model.config, options.modelId), abilities };
    const engine = new Engine({ backend, model, text }, identity, options, started);
    const { videoPruningRate, checkpointPruningRate } = engine.info;
    log("info", "video_pruning", { rate: videoPruningRate, checkpoint: checkpointPruningRate });
    if (options.prewarmGrammars === true) await engine.prewarmGrammars();
    void engine.verifyWeights(options);
    return engine;
  } catch (error) {
    await backend.close();
    throw error;
  }
}

/**
 * A loaded model that answers many concurrent requests, each with a stream of events. `open`
 * creates one.
 *
 * @example
 * console.log(engine.models[0]?.id, engine.info.videoPruningRate);
 * console.log(engine.detokenize(engine.tokenize("Hello")));
 */
export class Engine implements Upstream {
  readonly models: readonly UpstreamModel[];
  readonly info: EngineInfo;
  readonly inspector: Inspector;
  private readonly loaded: LoadedModel;
  private readonly parts: EngineParts;
  private readonly prefixKeys = new PrefixKeys();
  private readonly unread = new ByteBudget({
    maxBytes: LIMITS.memory.unreadEventBytes,
    maxTenantBytes: LIMITS.memory.unreadEventBytesPerTenant,
    contents: "unread events",
  });
  private closed = false;
  /** Why the engine stopped before it was closed. */
  private failure: VireoError | undefined;
  private readonly closing = new AbortController();

  /** Use `open`. started: performance.now() when loading began. */
  constructor(
    loaded: LoadedModel,
    identity: ModelIdentity,
    options: EngineOptions,
    started: number,
  ) {
    this.loaded = loaded;
    this.parts = buildParts(loaded, options);
    this.info = engineInfo(loaded, this.parts, started);
    const { stores, preparer, encodeQueue } = this.parts;
    this.inspector = createInspector({
      config: loaded.model.config,
      stores,
      media: preparer.media,
      enter: (request) => {
        this.checkOpen();
        return this.parts.places.take(request.tenant ?? "");
      },
      encoder: encodeQueue,
    });
    const { fingerprint } = loaded.model;
    const { contextTokens, videoPruningRate } = this.info;
    const { reasoning } = options;
    const settings = { fingerprint, contextTokens, videoPruningRate };
    this.models = [describeModel(identity, { ...settings, ...defined({ reasoning }) })];
  }

  get ready(): boolean {
    return !this.closed && this.failure === undefined;
  }

  get stats(): BatcherStats {
    return this.parts.batcher.stats;
  }

  get load(): UpstreamLoad {
    const { running, waiting, pagesFree, preemptions, prefixes } = this.stats;
    return {
      running,
      waiting,
      kvCacheUsage: 1 - pagesFree / Math.max(1, this.info.pages),
      preemptions,
      prefixTokensAsked: prefixes.tokensQueried,
      prefixTokensFound: prefixes.tokensHit,
    };
  }

  get capabilities(): UpstreamCapabilities {
    return {
      estimate: (request, options) => this.estimate(request, options),
      tokenize: (text, caller) => this.loaded.text.texts.encode(text, turnOf(caller)),
      detokenize: (ids, caller) => this.loaded.text.texts.decode(ids, turnOf(caller)),
      inspect: this.inspector,
      load: async () => this.load,
    };
  }

  /**
   * Answers a request. The iteration ends with an `end` event; stopping it earlier frees the slot.
   *
   * Throws VireoError if the request is invalid or cannot fit, or with queue_full, engine_closed or
   * client_too_slow. Throws the signal's reason if it is aborted.
   *
   * @example
   * for await (const event of engine.chat(request, AbortSignal.timeout(60_000))) {
   *   if (event.type === "text") process.stdout.write(event.text);
   * }
   */
  async *chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    this.checkOpen();
    signal?.throwIfAborted();
    const { leave } = this.parts.places.take(request.tenant ?? "");
    const booking = this.unread.take(request.tenant ?? "", 0);
    const events = new EventQueue<ChatEvent>({ sizeOf: bytesOfEvent, booking });
    try {
      const onAdmitted = (): void => {
        leave();
        request.onAdmitted?.();
      };
      const sequence = await this.open(request, events, { signal, onAdmitted });
      const { batcher } = this.parts;
      const { slotsFree, waiting } = batcher.stats;
      const queuePosition = slotsFree > waiting ? 0 : waiting + 1;
      batcher.add(sequence);
      const { promptTokens, imageTokens, videoTokens } = sequence;
      yield { type: "start", promptTokens, imageTokens, videoTokens, queuePosition };
      yield* events;
    } finally {
      leave();
      events.close(); // a consumer that stops reading frees its slot
    }
  }

  private async open(
    request: ChatRequest,
    events: EventQueue<ChatEvent>,
    { signal, onAdmitted }: Pick<SequenceContext, "signal" | "onAdmitted">,
  ): Promise<Sequence> {
    const { constraints, preparer } = this.parts;
    const constraint = await constraints.open(request, signal);
    const prepared = await preparer.prepare(request, () => this.checkOpen(), signal);
    const context = { constraint, events, signal, onAdmitted };
    const sequence = this.createSequence(request, prepared, context);
    this.checkOpen();
    return sequence;
  }

  /** Reads the tokenizer now, so that the first structured answer need not wait for it. */
  prewarmGrammars(): Promise<void> {
    return this.parts.constraints.prewarm();
  }

  /**
   * Counts the tokens of a request and predicts its time, without running the model.
   *
   * @example
   * const { promptTokens, predicted } = await engine.estimate(request);
   */
  async estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate> {
    this.checkOpen();
    const { batcher, places, preparer } = this.parts;
    const { leave } = places.take(request.tenant ?? "");
    const check = () => this.checkOpen();
    const counted = await preparer.estimate(request, check, options).finally(leave);
    const predicted = batcher.predict(tilesToEncode(counted), counted.promptTokens);
    return { ...counted, ...(predicted && { predicted }) };
  }

  /** Returns the token ids of a plain text. Control tokens in it are encoded as text. */
  tokenize(text: string): readonly number[] {
    return this.loaded.text.tokenizer.encodeText(text);
  }

  /** Returns the text of token ids, including control tokens. */
  detokenize(ids: readonly number[]): string {
    return this.loaded.text.tokenizer.decode(ids, { skipSpecial: false });
  }

  /** Verifies large packed weights while they are in use; damaged ones end all requests. */
  async verifyWeights({ log = silentLog, onDamage }: EngineOptions): Promise<void> {
    try {
      const damage = await this.loaded.model.verifyLater?.(this.closing.signal);
      if (damage === undefined) return;
      log("error", "weights_damaged", { ...damage });
      const text =
        "the engine has stopped because its packed weights on disk are damaged; " +
        "they are packed again when it is started again";
      this.failure = new VireoError("engine_closed", text);
      await this.parts.batcher.close();
      onDamage?.();
    } catch (error) {
      if (!this.closed) log("warn", "weights_not_verified", { reason: String(error) });
    }
  }

  /** Fails all requests, waits for the current step, and frees all memory. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.closing.abort();
    const { batcher, constraints, preparer } = this.parts;
    await batcher.close();
    const reason = new VireoError("engine_closed", "the engine has been closed");
    await constraints.close(reason);
    await preparer.close(reason); // before the backend, which resizes pictures
    await this.loaded.backend.close();
  }

  private createSequence(
    request: ChatRequest,
    { prompt, embeddings, reasoningOpen, mediaMs }: PreparedRequest,
    { constraint, events, signal, onAdmitted }: SequenceContext,
  ): Sequence {
    const maxTokens = this.maxAnswerTokens(request, prompt);
    const sampling = { ...GREEDY, ...request.sampling };
    this.checkBias(sampling);
    const { tokenizer } = this.loaded.text;
    const { tenant = "", topLogprobs, onUsage } = request;
    const keeps = this.info.prefixes > 0 && request.zeroDataRetention !== true;
    const answer = new Answer(tokenizer, {
      ...answerOptions(request, constraint),
      reasoningOpen,
      maxTokens,
      eosIds: this.parts.eosIds,
    });
    const banned = spellings(tokenizer, sampling.badWords ?? []);
    return new Sequence({
      prompt,
      embeddings,
      tenant,
      prefixKeys: keeps ? this.prefixKeys.keysOf(tenant, prompt, embeddings) : [],
      sampler: new Sampler(sampling, prompt.ids, topLogprobs, banned),
      answer,
      events,
      onAdmitted,
      onUsage,
      signal,
      mediaMs,
      now: () => performance.now(),
    });
  }

  private checkOpen(): void {
    if (this.closed) throw new VireoError("engine_closed", "the engine has been closed");
    if (this.failure !== undefined) throw this.failure;
  }

  /** Maximum number of tokens of the answer. Throws context_length_exceeded. */
  private maxAnswerTokens(request: ChatRequest, prompt: Prompt): number {
    const context = Math.min(this.info.contextTokens, this.info.pages * PAGE_ROWS);
    const room = context - prompt.ids.length;
    const requested = request.maxTokens ?? room;
    if (room >= 1 && requested <= room) return requested;
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
    const { vocabulary } = this.loaded.model.config.text;
    for (const [id] of logitBias) {
      if (id < vocabulary) continue;
      const text = `token ${id} does not exist; ids go from 0 to ${vocabulary - 1}`;
      throw new VireoError("out_of_range", text, { param: `logit_bias.${id}` });
    }
  }
}

interface SequenceContext {
  readonly constraint: Constraint | undefined;
  readonly events: EventQueue<ChatEvent>;
  readonly signal: AbortSignal | undefined;
  readonly onAdmitted: () => void;
}

/** Options of the answer that follow from the request alone. */
function answerOptions(request: ChatRequest, constraint: Constraint | undefined) {
  const { budgetTokens } = request.reasoning ?? {};
  const { topLogprobs } = request;
  return {
    ...defined({ budgetTokens }),
    stop: constraint && request.output ? [] : (request.stop ?? []),
    tools: toolMode(request),
    ...defined({ constraint }),
    minTokens: request.minTokens ?? 0,
    ignoreEos: request.ignoreEos ?? false,
    stopTokenIds: request.stopTokenIds ?? [],
    ...defined({ topLogprobs }),
  };
}

function turnOf({ tenant = "", signal }: Caller = {}): QueuedTurn {
  return { tenant, signal };
}

/** Token sequences of the words: at the start of a line and after a space. */
function spellings(tokenizer: Tokenizer, words: readonly string[]): number[][] {
  const texts = new Set(words.flatMap((word) => [word, ` ${word}`]));
  return [...texts].map((text) => tokenizer.encodeText(text));
}

function tilesToEncode({ images, videos }: PromptEstimate): number {
  const ofImages = images.map(({ columns, rows, thumbnail }) => columns * rows + Number(thumbnail));
  const ofVideos = videos.map(({ frames, repeats = 0 }) => frames.length - repeats);
  return [...ofImages, ...ofVideos].reduce((sum, tiles) => sum + tiles, 0);
}

/** The model may write calls if it is offered tools, or if the messages contain calls. */
function toolMode({ tools = [], toolChoice, messages }: ChatRequest): AnswerOptions["tools"] {
  if (tools.length > 0) return toolChoice === "none" ? "hidden" : "offered";
  return messages.some(({ toolCalls }) => toolCalls !== undefined) ? "hidden" : undefined;
}
