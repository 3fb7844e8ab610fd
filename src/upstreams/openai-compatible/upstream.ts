import type { ChatEvent, ChatRequest, Timings, Usage } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { Delivery } from "../../core/delivery.ts";
import { requireFeatures } from "../../core/features.ts";
import { LIMITS } from "../../core/limits.ts";
import { type CountTokens, roughCount } from "../../core/token-count.ts";
import { modelFor, type Upstream, type UpstreamCapabilities } from "../../core/upstream.ts";
import { FfmpegDecoder, type VideoDecoder } from "../../media/video-decoder.ts";
import { readChunks } from "./answer-chunks.ts";
import { AnswerReader } from "./answer-reader.ts";
import { Attempt, type AttemptLimits, DEFAULT_LIMITS } from "./attempt.ts";
import {
  type ProviderAnswer,
  ProviderConnection,
  type ProviderRequest,
  readAll,
} from "./connection.ts";
import { DIALECTS, type DialectName } from "./dialects/names.ts";
import { failure, invalidAnswer, reportedFailure } from "./failures.ts";
import type { JsonObject } from "./json-values.ts";
import { createMediaQueue, type MediaTools } from "./messages.ts";
import {
  configuredModels,
  type KnownModel,
  listedModels,
  type ProviderModel,
} from "./model-list.ts";
import { toWireRequest, type WireRequest } from "./request-body.ts";
import type { PartEvent } from "./usage-report.ts";
import { vireoServices } from "./vireo-services.ts";

export interface OpenAiCompatibleOptions {
  /** Name of the provider, as clients see it. */
  readonly name: string;
  /** The operator's URL up to the path of the API, such as `http://10.0.0.5:8000/v1`. */
  readonly baseUrl: string;
  readonly dialect?: DialectName;
  /** The served models. Undefined: all that the provider lists. */
  readonly models?: readonly ProviderModel[];
  /** The key for a request, such as the tenant's own. Undefined: none is sent. */
  readonly credentials?: (
    request?: ChatRequest,
  ) => string | undefined | Promise<string | undefined>;
  /** Further headers, for example of a proxy. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields for every body, under those of the request. */
  readonly extraBody?: JsonObject;
  readonly limits?: Partial<AttemptLimits>;
  /** Maximum number of frames of a video that is sampled here. Default: 32. */
  readonly maxFrames?: number;
  readonly decoder?: VideoDecoder;
  /** Counts tokens where the provider reports no usage. Default: a rough count. */
  readonly countTokens?: CountTokens;
}

/** An upstream with connections, which close with it. */
export interface RemoteUpstream extends Upstream {
  readonly refresh: () => Promise<void>;
  close(): Promise<void>;
}

const MAX_FRAMES = 32;
const REFRESH_MS = 5000;
/** The list of models is asked for again after this time. */
const LIST_LIFETIME_MS = 30_000;

/**
 * Creates a client of a server with an OpenAI-compatible API.
 *
 * Without configured models it is not ready before its first `refresh`. Throws invalid_option for a
 * wrong URL.
 */
export function createOpenAiCompatible(options: OpenAiCompatibleOptions): RemoteUpstream {
  return new OpenAiCompatible(options);
}

class OpenAiCompatible implements RemoteUpstream {
  readonly refresh = (): Promise<void> => this.refreshOnce();
  readonly capabilities: UpstreamCapabilities | undefined;
  private readonly options: OpenAiCompatibleOptions;
  private readonly limits: AttemptLimits;
  private readonly connection: ProviderConnection;
  private readonly media: MediaTools;
  private known: readonly KnownModel[];
  private refreshing: Promise<void> | undefined;
  private refreshedAt = Number.NEGATIVE_INFINITY;

  constructor(options: OpenAiCompatibleOptions) {
    const { name: provider, baseUrl, decoder = new FfmpegDecoder() } = options;
    this.options = options;
    this.limits = { ...DEFAULT_LIMITS, ...defined(options.limits ?? {}) };
    const { connectMs } = this.limits;
    this.connection = new ProviderConnection({ provider, baseUrl, connectMs });
    this.media = { decoder, maxFrames: options.maxFrames ?? MAX_FRAMES, queue: createMediaQueue() };
    this.known = configuredModels({ provider, dialect: this.dialect, models: options.models });
    this.capabilities = this.dialect.rendersLikeVireo ? this.services() : undefined;
  }

  get models(): readonly KnownModel[] {
    return this.known;
  }

  get ready(): boolean {
    return this.known.length > 0;
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  async *chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    signal?.throwIfAborted();
    const { name } = this.options;
    const ignored = requireFeatures(request, this.modelOf(request).features, name);
    const mediaStarted = performance.now();
    const wire = await this.toWire(request, signal);
    const mediaMs = performance.now() - mediaStarted;
    const key = await this.options.credentials?.(request);
    const attempt = new Attempt(name, this.limits, signal);
    const delivered = new Delivery(request, this.options.countTokens ?? roughCount);
    let answer: ProviderAnswer | undefined;
    let usage: Usage | undefined;
    try {
      const { traceparent } = request;
      const headers = { ...this.headers(key), ...(traceparent && { traceparent }) };
      answer = await this.post({ ...wire, headers, signal: attempt.signal }, key);
      const reader = this.reader(request, key);
      for await (const event of this.parts(answer, reader, attempt)) {
        if (!attempt.delivered) yield startEvent(ignored, reader.usage);
        attempt.deliver();
        delivered.add(event);
        yield event;
      }
      if (!attempt.delivered) yield startEvent(ignored, reader.usage);
      usage = reader.usage ?? delivered.estimate();
      request.onUsage?.(usage);
      yield { type: "end", ...reader.finish!, usage, timings: timingsOf(attempt, mediaMs) };
    } catch (error) {
      // an answer that breaks off is billed by what was delivered of it
      if (usage === undefined && attempt.delivered) request.onUsage?.(delivered.estimate());
      throw attempt.toError(error);
    } finally {
      attempt.end();
      if (usage === undefined) answer?.body.destroy();
    }
  }

  /** The services of another vireo beside answers. */
  private services(): UpstreamCapabilities {
    const { name: provider } = this.options;
    return vireoServices({
      provider,
      model: () => this.known[0]?.providerId,
      toBody: async (request, signal) => (await this.toWire(request, signal)).body,
      post: async (path, body, { tenant, signal }) => {
        const key = await this.options.credentials?.({ messages: [], ...defined({ tenant }) });
        const attempt = new Attempt(provider, this.limits, signal);
        try {
          const headers = this.headers(key);
          const sent = { path, isBesideApi: true, body, headers, signal: attempt.signal };
          const answer = await this.post(sent, key);
          const bytes = await readAll(answer, LIMITS.upstream.answerBytes);
          return parseJson(bytes?.toString() ?? "");
        } catch (error) {
          throw attempt.toError(error);
        } finally {
          attempt.end();
        }
      },
    });
  }

  private async toWire(request: ChatRequest, signal?: AbortSignal): Promise<WireRequest> {
    const { providerId: model } = this.modelOf(request);
    const { extraBody = {} } = this.options;
    const context = { dialect: this.dialect, tools: this.media, signal: signal ?? NEVER };
    return await toWireRequest(request, { ...context, model, extraBody });
  }

  /** Posts a body and returns the answer to it. Throws a failure for any status but 200. */
  private async post(
    { body, ...request }: Omit<ProviderRequest, "method" | "body"> & { readonly body: JsonObject },
    key: string | undefined,
  ): Promise<ProviderAnswer> {
    const sent = { ...request, method: "POST", body: JSON.stringify(body) } as const;
    const answer = await this.connection.send(sent);
    const { status } = answer;
    if (status === 200) return answer;
    try {
      const { name } = this.options;
      if (status < 400) throw invalidAnswer(name, `answered with status ${status}`);
      const bytes = await readAll(answer, LIMITS.upstream.errorBytes);
      const text = answer.type.includes("html") ? "" : (bytes?.toString() ?? "");
      const reported = { status, headers: answer.headers, body: parseJson(text) };
      throw reportedFailure(name, reported, secretsOf(key));
    } finally {
      answer.body.destroy();
    }
  }

  /** Reads the parts of an answer while the attempt's clock runs. */
  private async *parts(
    answer: ProviderAnswer,
    reader: AnswerReader,
    attempt: Attempt,
  ): AsyncGenerator<PartEvent> {
    const chunks = readChunks(answer, { provider: this.options.name, signal: attempt.signal });
    try {
      for (;;) {
        attempt.startWaiting();
        const next = await chunks.next(reader.isFinished);
        attempt.stopWaiting();
        if (next === undefined) break;
        const events = reader.push(next);
        if (reader.hasBegun) attempt.progress();
        // yield* of a list would wrap it in an iterator of promises, at several times the cost
        for (const event of events) yield event;
      }
      for (const event of reader.end()) yield event;
      void chunks.drain();
    } finally {
      attempt.stopWaiting();
    }
  }

  private reader(request: ChatRequest, key: string | undefined): AnswerReader {
    const splitsThinking = request.prompt === undefined && request.reasoning?.enabled !== false;
    return new AnswerReader({
      provider: this.options.name,
      secrets: secretsOf(key),
      splitsThinking,
    });
  }

  private headers(key: string | undefined): Readonly<Record<string, string>> {
    return {
      "content-type": "application/json",
      accept: "text/event-stream, application/json",
      "user-agent": "vireo",
      ...this.options.headers,
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    };
  }

  private get dialect() {
    return DIALECTS[this.options.dialect ?? "openai"];
  }

  private modelOf(request: ChatRequest): KnownModel {
    const model = modelFor(this, request);
    if (model !== undefined) return model;
    const message = `${this.options.name} has listed no models yet; try again`;
    const about = { provider: this.options.name, fault: "unreachable" } as const;
    throw failure("upstream_unavailable", message, about);
  }

  private async refreshOnce(): Promise<void> {
    if (performance.now() - this.refreshedAt < LIST_LIFETIME_MS) return;
    this.refreshing ??= this.listModels().finally(() => {
      this.refreshing = undefined;
      this.refreshedAt = performance.now();
    });
    await this.refreshing;
  }

  /** Asks for the list. If that fails, the models stay as they are. */
  private async listModels(): Promise<void> {
    const { name: provider, models } = this.options;
    const signal = AbortSignal.timeout(REFRESH_MS);
    try {
      const key = await this.options.credentials?.();
      const request = {
        method: "GET",
        path: "/models",
        headers: this.headers(key),
        signal,
      } as const;
      const answer = await this.connection.send(request);
      try {
        const bytes = await readAll(answer, LIMITS.upstream.modelListBytes);
        if (answer.status !== 200 || bytes === undefined) return;
        const list = parseJson(bytes.toString());
        this.known = listedModels(list, { provider, dialect: this.dialect, models });
      } finally {
        answer.body.destroy();
      }
    } catch {
      // the next refresh asks again; requests tell what is wrong
    }
  }
}

const NEVER = new AbortController().signal;

function startEvent(ignored: readonly string[], usage: Usage | undefined): ChatEvent {
  const { promptTokens = 0, imageTokens = 0, videoTokens = 0 } = usage ?? {};
  const report = ignored.length === 0 ? {} : { ignored };
  return { type: "start", promptTokens, imageTokens, videoTokens, ...report };
}

function timingsOf(attempt: Attempt, mediaMs: number): Timings {
  const { firstTokenMs, ms } = attempt;
  return { queueMs: 0, mediaMs, prefillMs: firstTokenMs, decodeMs: ms - firstTokenMs };
}

function secretsOf(key: string | undefined): readonly string[] {
  return key === undefined ? [] : [key];
}

/** Text that is no JSON stays text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
