import type { ChatEvent, ChatRequest } from "./chat.ts";
import type { EndpointStatus, ReloadCounts } from "./endpoint-status.ts";
import { VireoError } from "./errors.ts";
import type { EstimateOptions, PromptEstimate } from "./estimate.ts";
import type { Feature } from "./features.ts";
import type { Inspector } from "./inspection.ts";
import type { Prices } from "./prices.ts";

/** Current load of an upstream, and counters since it was opened. */
export interface UpstreamLoad {
  readonly running: number;
  readonly waiting: number;
  /** Share of the KV cache that is in use, 0 to 1. */
  readonly kvCacheUsage: number;
  readonly preemptions: number;
  /** Prompt tokens received, and those of them that were found in the prefix cache. */
  readonly prefixTokensAsked: number;
  readonly prefixTokensFound: number;
  /** Restarts of the engine's process. Undefined: the engine runs in this process. */
  readonly restarts?: number;
}

/** The client of a service that has no ChatRequest. */
export interface Caller {
  readonly tenant?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Optional capabilities of an upstream besides answering. A remote upstream may have none. */
export interface UpstreamCapabilities {
  /** Counts the tokens that `chat` would report, without answering. */
  readonly estimate?:
    | ((request: ChatRequest, options?: EstimateOptions) => Promise<PromptEstimate>)
    | undefined;
  /** Returns the token ids of a text, in which control tokens are plain text. */
  readonly tokenize?: ((text: string, caller?: Caller) => Promise<readonly number[]>) | undefined;
  readonly detokenize?: ((ids: readonly number[], caller?: Caller) => Promise<string>) | undefined;
  /** Shows users what the model sees of videos and documents. */
  readonly inspect?: Inspector | undefined;
  readonly load?: (() => Promise<UpstreamLoad>) | undefined;
  /** Returns the providers and their state. Undefined: it does not choose among providers. */
  readonly endpoints?: (() => readonly EndpointStatus[]) | undefined;
  /** Whether its configuration forbids to keep anything of any request. Undefined: it does not. */
  readonly zeroDataRetention?: (() => boolean) | undefined;
  /** Undefined: its routes come from no file. */
  readonly reloads?: (() => ReloadCounts) | undefined;
}

/**
 * An object that answers requests: this process's engine or a client of another server.
 *
 * `models` and `ready` are snapshots: every request is checked against them and must not wait for
 * the network. An upstream whose models can change updates both in `refresh`.
 *
 * @example
 * const echo: Upstream = {
 *   models: [model],
 *   ready: true,
 *   async *chat(request) {
 *     yield { type: "text", text: JSON.stringify(request.messages.at(-1)?.content) };
 *   },
 * };
 */
export interface Upstream {
  /** The models that answer; the first is the default. */
  readonly models: readonly UpstreamModel[];
  readonly ready: boolean;
  /** Updates `models` and `ready`. The server calls it before it lists models. */
  readonly refresh?: (() => Promise<void>) | undefined;
  /**
   * Answers a request. Throws a VireoError before the first event if the request is refused, or
   * later if it fails. The error of a remote upstream has an `attempt` (see FailedAttempt), and its
   * `start` is yielded only when a part of the answer has arrived. If the signal is aborted, the
   * request frees its slot at the next step, and the iteration throws the signal's reason.
   */
  chat(request: ChatRequest, signal?: AbortSignal): AsyncIterable<ChatEvent>;
  /** Undefined: it only answers. */
  readonly capabilities?: UpstreamCapabilities | undefined;
}

/** Kinds of files that need a system program: ffmpeg, LibreOffice. */
export type AbilityName = "video" | "office";

/** Whether files of each kind can be read. hint: a sentence on how to enable them. */
export type Abilities = Readonly<
  Record<AbilityName, true | { readonly available: false; readonly hint: string }>
>;

export interface UpstreamModel {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly createdUnix: number;
  readonly ownedBy: string;
  readonly contextTokens: number;
  readonly maxOutputTokens: number;
  /** A short hash of everything that can change answers: weights, format, kernels. */
  readonly fingerprint: string;
  /** Default share of a video's tokens that EVS drops, 0 to below 1. */
  readonly videoPruningRate?: number;
  /** It has the sizes of the published 12B model, whose card and licence apply. */
  readonly published?: boolean;
  /** Whether it reasons by default. Undefined: no. */
  readonly reasoning?: boolean;
  /** The service that runs the model, as clients see it. Undefined: this process, "local". */
  readonly provider?: string;
  /** Undefined: unknown, for example for a remote model. */
  readonly abilities?: Abilities;
  /** Prices of its tokens. Undefined: the server's own. */
  readonly prices?: Prices;
  /** The features of requests that it offers. Undefined: all. */
  readonly features?: ReadonlySet<Feature>;
}

/** Name of this process's engine as a provider, in answers and metrics. */
export const LOCAL_PROVIDER = "local";
/** Names by which requests may choose it. */
export const LOCAL_NAMES: readonly string[] = Object.freeze([LOCAL_PROVIDER, "vireo"]);

/** Context of a model whose provider does not report one: that of the published checkpoint. */
export const DEFAULT_CONTEXT_TOKENS = 131_072;

/** Returns the model that answers a request: the named one, or the first by default. */
export function modelFor<Model extends UpstreamModel>(
  { models }: { readonly models: readonly Model[] },
  { model: id }: Pick<ChatRequest, "model">,
): Model | undefined {
  return models.find((model) => model.id === id) ?? models[0];
}

const CAPABILITY_PURPOSES: Readonly<Record<keyof UpstreamCapabilities, string>> = {
  estimate: "count the tokens of a prompt",
  tokenize: "turn text into tokens",
  detokenize: "turn tokens into text",
  inspect: "show what the model sees of a file",
  load: "report its load",
  endpoints: "list providers",
  zeroDataRetention: "say what may be kept",
  reloads: "report changes of its configuration",
};

/** Returns a capability. Throws not_implemented with its name if the upstream lacks it. */
export function requireCapability<K extends keyof UpstreamCapabilities>(
  { models, capabilities }: Upstream,
  name: K,
): NonNullable<UpstreamCapabilities[K]> {
  const capability = capabilities?.[name];
  if (capability !== undefined) return capability;
  const served = models[0]?.id ?? "the upstream";
  const purpose = CAPABILITY_PURPOSES[name];
  const message = `${served} has no capability "${name}", so it cannot ${purpose}; leave this out`;
  throw new VireoError("not_implemented", message, { metadata: { capability: name } });
}
