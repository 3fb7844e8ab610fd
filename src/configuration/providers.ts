import { isDeepStrictEqual } from "node:util";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { type Prices, parsePrice } from "../core/prices.ts";
import type { CountTokens } from "../core/token-count.ts";
import { LOCAL_NAMES, type Upstream } from "../core/upstream.ts";
import { wrapUpstream } from "../core/wrap-upstream.ts";
import type { Endpoint, Provider, Route } from "../routing/endpoint.ts";
import { startChaos } from "../upstreams/chaos/chaos-server.ts";
import {
  createOpenAiCompatible,
  type RemoteUpstream,
} from "../upstreams/openai-compatible/upstream.ts";
import type { Environment } from "./problems.ts";
import {
  type Configuration,
  type EndpointConfig,
  endpointsOf,
  keepsNothing,
  type ModelConfig,
  type ProviderConfig,
  type RemoteConfig,
  SECRET,
} from "./schema.ts";

/** An open provider, which closes when no request uses it any more. */
export interface OpenProvider {
  readonly provider: Provider;
  /** Closes it when the running requests have ended. */
  retire(): void;
  /** Closes it now. */
  close(): Promise<void>;
}

interface Opened {
  readonly config: ProviderConfig;
  readonly models: readonly string[];
  readonly open: OpenProvider;
}

/** Keys of tenants, each bound to a provider and its address. */
export interface TenantKeySource {
  has(owner: KeyOwner): boolean;
  find(owner: KeyOwner): string | undefined;
}

interface KeyOwner {
  readonly tenant: string;
  readonly provider: string;
  readonly origin: string;
}

export interface ProvidersOptions {
  /** Undefined: tenants have no keys of their own. */
  readonly tenantKeys?: TenantKeySource | undefined;
  /** Counts what a provider does not count. Default: a rough count. */
  readonly countTokens?: CountTokens;
}

/** The providers of the current configuration. Those that a change leaves alone stay open. */
export class Providers {
  private readonly local: Upstream | undefined;
  private readonly options: ProvidersOptions;
  private opened: ReadonlyMap<string, Opened> = new Map();

  /** local: the engine of this process. Undefined: there is none. */
  constructor(local: Upstream | undefined, options: ProvidersOptions = {}) {
    this.local = local;
    this.options = options;
  }

  /** Takes a checked configuration over and returns its routes. */
  async take(config: Configuration, environment: Environment): Promise<readonly Route[]> {
    const next = new Map<string, Opened>();
    for (const [name, own] of Object.entries(config.providers)) {
      const models = modelsOf(config, name);
      const known = this.opened.get(name);
      const isSame = isDeepStrictEqual([known?.config, known?.models], [own, models]);
      next.set(
        name,
        known !== undefined && isSame
          ? known
          : { config: own, models, open: await this.open(name, own, models, environment) },
      );
    }
    for (const [name, { open }] of this.opened) if (next.get(name)?.open !== open) open.retire();
    this.opened = next;
    const providerOf = (name: string) => next.get(name)!.open.provider;
    return Object.entries(config.models).map(([id, model]) => toRoute(id, model, providerOf));
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened.values()].map(({ open }) => open.close()));
  }

  private async open(
    name: string,
    config: ProviderConfig,
    models: readonly string[],
    environment: Environment,
  ): Promise<OpenProvider> {
    const context = { models, environment, countTokens: this.options.countTokens };
    switch (config.kind) {
      case "local":
        return { provider: toProvider(name, config, this.local!), retire() {}, async close() {} };
      case "openai-compatible": {
        const { tenantKeys } = this.options;
        const keys = tenantKeys && keysAt(tenantKeys, name, config);
        const upstream = createRemote(name, config, { ...context, tenantKey: keys?.find });
        const open = closing(name, config, upstream);
        return keys === undefined
          ? open
          : { ...open, provider: { ...open.provider, tenantKeys: keys } };
      }
      case "chaos": {
        const { fault, afterTokens, limits } = config;
        const chaos = await startChaos(defined({ fault, afterTokens }));
        const upstream = createRemote(name, { url: chaos.url, limits }, context);
        return closing(name, config, upstream, () => chaos.close());
      }
    }
  }
}

/** Names, at the provider, of the models that routes ask of it. */
function modelsOf({ models }: Configuration, provider: string): readonly string[] {
  const names = Object.entries(models).flatMap(([id, config]) => {
    const own = endpointsOf(config).filter((endpoint) => endpoint.provider === provider);
    return own.map(({ model = id }) => model);
  });
  return [...new Set(names)];
}

interface RemoteContext {
  /** Their names at the provider. */
  readonly models: readonly string[];
  readonly environment: Environment;
  readonly countTokens: CountTokens | undefined;
  readonly tenantKey?: ((tenant: string) => string | undefined) | undefined;
}

function createRemote(
  name: string,
  {
    url,
    dialect,
    key,
    headers,
    limits = {},
    maxFrames,
  }: Pick<RemoteConfig, "url"> & Partial<RemoteConfig>,
  { models, environment, countTokens, tenantKey = () => undefined }: RemoteContext,
): RemoteUpstream {
  const value = (text: string): string => {
    const variable = SECRET.exec(text)?.[1];
    return variable === undefined ? text : (environment[variable] ?? "");
  };
  const ms = (seconds: number | undefined) => seconds && seconds * 1000;
  const secret = key && value(key);
  return createOpenAiCompatible({
    name,
    baseUrl: url,
    models: models.map((id) => ({ id })),
    limits: defined({
      connectMs: ms(limits.connect),
      firstTokenMs: ms(limits.firstToken),
      betweenTokensMs: ms(limits.betweenTokens),
      totalMs: ms(limits.total),
    }),
    ...defined({
      dialect,
      maxFrames,
      countTokens,
      credentials: (request?: ChatRequest) => tenantKey(request?.tenant ?? "") ?? secret,
      headers:
        headers &&
        Object.fromEntries(Object.entries(headers).map(([header, text]) => [header, value(text)])),
    }),
  });
}

/** The keys of tenants at one provider. They are sent to its configured address only. */
function keysAt(source: TenantKeySource, provider: string, config: RemoteConfig) {
  const { origin } = new URL(config.url);
  return {
    has: (tenant: string) => source.has({ tenant, provider, origin }),
    find: (tenant: string) => source.find({ tenant, provider, origin }),
    zeroDataRetention: config.zeroDataRetentionWithTenantKeys === true,
  };
}

/** Counts the running requests of an upstream, to close it after the last one. */
function closing(
  name: string,
  config: ProviderConfig,
  upstream: RemoteUpstream,
  afterwards: () => Promise<void> = async () => {},
): OpenProvider {
  let running = 0;
  let isRetired = false;
  const close = async (): Promise<void> => {
    await upstream.close();
    await afterwards();
  };
  const closeIfUnused = (): void => {
    if (isRetired && running === 0) void close();
  };
  async function* chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    running += 1;
    try {
      yield* upstream.chat(request, signal);
    } finally {
      running -= 1;
      closeIfUnused();
    }
  }
  return {
    provider: toProvider(name, config, wrapUpstream(upstream, { chat })),
    retire() {
      isRetired = true;
      closeIfUnused();
    },
    close,
  };
}

function toProvider(name: string, config: ProviderConfig, upstream: Upstream): Provider {
  const isLocal = config.kind === "local";
  return {
    name,
    aliases: isLocal ? LOCAL_NAMES : [],
    upstream,
    zeroDataRetention: keepsNothing(config),
    collectsData: config.trainsOnRequests === true,
    isLocal,
  };
}

function toRoute(id: string, config: ModelConfig, providerOf: (name: string) => Provider): Route {
  const { aliases = [], strategy = "ordered" } = config;
  const endpoints = endpointsOf(config).map((one): Endpoint => {
    const { provider, model = id, weight = 1, prices, quantization, context } = one;
    const facts = { prices: prices && toPrices(prices), quantization, contextTokens: context };
    return { provider: providerOf(provider), model, weight, ...defined(facts) };
  });
  return { id, aliases, strategy, endpoints };
}

function toPrices({ prompt, completion }: NonNullable<EndpointConfig["prices"]>): Prices {
  return {
    prompt: parsePrice(prompt, "prompt"),
    completion: parsePrice(completion, "completion"),
  };
}
