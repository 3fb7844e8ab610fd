import { readFile, stat } from "node:fs/promises";
import type { ReloadCounts } from "../core/endpoint-status.ts";
import { VireoError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { type CountTokens, roughCount } from "../core/token-count.ts";
import type { Upstream } from "../core/upstream.ts";
import { type BreakerOptions, DEFAULT_BREAKER } from "../routing/circuit-breaker.ts";
import type { Route } from "../routing/endpoint.ts";
import { HealthRegistry } from "../routing/health-registry.ts";
import { Router } from "../routing/router.ts";
import { readConfigurationFile } from "./configuration-file.ts";
import type { Environment, Problem } from "./problems.ts";
import { Providers, type TenantKeySource } from "./providers.ts";
import { readConfiguration } from "./read-configuration.ts";
import type { Configuration } from "./schema.ts";

const CHECK_MS = 1000;
const REFRESH_MS = 60_000;
/** A YAML document may end so. A file that did and no longer does is half-written. */
const END_MARK = /\n\.\.\.\s*$/;

export interface LiveOptions {
  readonly environment: Environment;
  /** Opens the engine of this process, if the file has a provider of kind local. */
  readonly openLocal: () => Promise<Upstream>;
  /** Opens the tokenizer of a checkpoint folder, if the file names one. */
  readonly openTokenizer: (folder: string) => Promise<CountTokens>;
  readonly log: Log;
  /** Tenants' own keys. Undefined: there are none. */
  readonly tenantKeys?: TenantKeySource | undefined;
}

/** A router whose routes follow a file. */
export interface LiveConfiguration {
  readonly router: Router;
  readonly reloads: ReloadCounts;
  /** Looks at the file now; otherwise it is looked at every second. */
  check(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a configuration file and follows its changes. A changed file is taken over once it has been
 * the same for a second: new requests go by it, running ones end where they are. A file with a
 * problem is refused and logged, and the routes stay as they were.
 *
 * Throws invalid_option with all problems if the file cannot be used at first.
 */
export async function openConfiguration(
  path: string,
  options: LiveOptions,
): Promise<LiveConfiguration> {
  const first = await readConfigurationFile(path);
  const read = readConfiguration(first, options.environment);
  if (read.problems !== undefined) throw unusable(path, read.problems);
  const { configuration } = read;
  const local = hasEngine(configuration) ? await options.openLocal() : undefined;
  const live = new FollowedFile(path, first, local, options);
  await live.start(configuration);
  return live;
}

class FollowedFile implements LiveConfiguration {
  readonly router: Router;
  private readonly path: string;
  private readonly local: Upstream | undefined;
  private readonly options: LiveOptions;
  private readonly providers: Providers;
  private readonly health = new HealthRegistry(DEFAULT_BREAKER);
  private routes: readonly Route[] = [];
  private tokenizer: CountTokens = roughCount;
  private current: Configuration | undefined;
  private text: string;
  private lastGood: string;
  /** A change that was seen once, and is taken over when it is seen again. */
  private seen: string;
  private counts = { taken: 0, refused: 0 };
  private checking: NodeJS.Timeout | undefined;
  private refreshing: NodeJS.Timeout | undefined;

  constructor(path: string, text: string, local: Upstream | undefined, options: LiveOptions) {
    this.path = path;
    this.text = text;
    this.lastGood = text;
    this.seen = text;
    this.local = local;
    this.options = options;
    const countTokens: CountTokens = (text) => this.tokenizer(text);
    this.providers = new Providers(local, { tenantKeys: options.tenantKeys, countTokens });
    this.router = new Router({
      routes: () => this.routes,
      health: this.health,
      continuesAnswers: () => this.current?.continueAnswers === true,
      reloads: () => this.counts,
      countTokens,
      zeroDataRetention: () => this.current?.zeroDataRetention === true,
    });
  }

  get reloads(): ReloadCounts {
    return this.counts;
  }

  async start(configuration: Configuration): Promise<void> {
    await this.take(configuration);
    this.checking = setInterval(() => void this.check(), CHECK_MS).unref();
    this.refreshing = setInterval(() => void this.router.refresh(), REFRESH_MS).unref();
  }

  async check(): Promise<void> {
    const text = await this.readChanged();
    if (text === undefined || text === this.text) {
      this.seen = this.text;
      return;
    }
    const isStill = text === this.seen;
    this.seen = text;
    if (!isStill) return;
    const problem = await this.change(text);
    this.text = text; // a file that was refused is not read again until it changes
    if (problem === undefined) {
      this.counts.taken += 1;
      this.options.log("info", "configuration_taken", { models: this.routes.length });
    } else {
      this.counts.refused += 1;
      this.options.log("error", "configuration_refused", { problem });
    }
  }

  async close(): Promise<void> {
    clearInterval(this.checking);
    clearInterval(this.refreshing);
    await this.providers.close();
  }

  private async readChanged(): Promise<string | undefined> {
    try {
      const { size } = await stat(this.path);
      return size === 0 ? undefined : await readFile(this.path, "utf8");
    } catch {
      return undefined; // being replaced: the next check decides
    }
  }

  /** Takes a changed file over. Returns what stands in the way, if anything does. */
  private async change(text: string): Promise<string | undefined> {
    if (END_MARK.test(this.lastGood) && !END_MARK.test(text)) {
      return "the file no longer ends with ..., so it is half-written";
    }
    const { problems, configuration } = readConfiguration(text, this.options.environment);
    if (problems !== undefined) return describe(problems);
    if (hasEngine(configuration) && this.local === undefined) {
      return "the file has a provider of kind local now, which needs a restart";
    }
    try {
      await this.take(configuration);
    } catch (error) {
      if (error instanceof VireoError) return error.message;
      throw error;
    }
    this.lastGood = text;
    return undefined;
  }

  private async take(configuration: Configuration): Promise<void> {
    const { tokenizer } = configuration;
    if (tokenizer !== this.current?.tokenizer) {
      this.tokenizer =
        tokenizer === undefined ? roughCount : await this.options.openTokenizer(tokenizer);
    }
    this.health.configure(breakerOf(configuration));
    this.routes = await this.providers.take(configuration, this.options.environment);
    this.current = configuration;
    this.health.keepOnly(this.routes.flatMap(({ endpoints }) => endpoints));
    await this.router.refresh();
  }
}

function breakerOf({ breaker = {} }: Configuration): BreakerOptions {
  const { failures, open, maxOpen } = breaker;
  const openMs = open === undefined ? DEFAULT_BREAKER.openMs : open * 1000;
  return {
    failures: failures ?? DEFAULT_BREAKER.failures,
    openMs,
    maxOpenMs: Math.max(openMs, maxOpen === undefined ? DEFAULT_BREAKER.maxOpenMs : maxOpen * 1000),
  };
}

function hasEngine({ providers }: Configuration): boolean {
  return Object.values(providers).some(({ kind }) => kind === "local");
}

function describe([first, ...others]: readonly Problem[]): string {
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return `line ${first?.line}, column ${first?.column}: ${first?.message}${more}`;
}

function unusable(path: string, problems: readonly Problem[]): VireoError {
  const list = problems.map(({ line, column, message }) => `${path}:${line}:${column}: ${message}`);
  return new VireoError("invalid_option", `the configuration has problems:\n${list.join("\n")}`);
}
