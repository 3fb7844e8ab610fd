import { type Command, Option } from "commander";
import { openConfiguration } from "../configuration/live-configuration.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import type { Abilities, Upstream } from "../core/upstream.ts";
import { openTextFiles } from "../inputs/text-files.ts";
import { openProviderKeys } from "../limits/provider-keys.ts";
import { DIALECTS, type DialectName } from "../upstreams/openai-compatible/dialects/names.ts";
import { createOpenAiCompatible } from "../upstreams/openai-compatible/upstream.ts";
import { masterKey } from "./byok.ts";
import { modelFolder } from "./model-folder.ts";

/** Values of the options that withUpstreamOptions() adds. */
export interface UpstreamFlags {
  readonly config?: string;
  readonly upstream?: string;
  readonly upstreamModel?: string;
  readonly upstreamDialect: DialectName;
  readonly upstreamKey?: string;
  readonly byok?: string;
}

/** Whatever answers the requests of a server, with the notes for the operator. */
export interface ServedUpstream {
  readonly upstream: Upstream;
  readonly abilities: Abilities | undefined;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

/** An engine of this machine. */
interface LocalEngine extends Upstream {
  close(): Promise<void>;
}

/** Name of the provider that --upstream adds. */
const UPSTREAM = "upstream";
const RETRY_MS = 5000;

export function withUpstreamOptions(command: Command): Command {
  return command
    .optionsGroup("Other servers:")
    .option("--config <file>", "providers and routes; see vireo config --help")
    .option("--byok <file>", "tenants' own keys for providers; see vireo byok --help")
    .option("--upstream <url>", "answer by another server, as http://10.0.0.5:8000/v1")
    .option("--upstream-model <name>", "its model that is served (default: all that it lists)")
    .addOption(
      new Option("--upstream-dialect <name>", "the kind of that server")
        .choices(Object.keys(DIALECTS))
        .default("openai"),
    )
    .addOption(
      new Option("--upstream-key <key>", "its key; better set in the environment")
        .env("VIREO_UPSTREAM_KEY")
        .hideHelp(),
    );
}

/**
 * Opens what the flags ask for: a configuration, one other server, or the engine of this machine.
 *
 * openEngine: called only where an engine is needed, because loading it may take minutes.
 */
export async function openUpstream(
  flags: UpstreamFlags,
  openEngine: () => Promise<LocalEngine>,
  log: Log,
): Promise<ServedUpstream> {
  const { config, upstream } = flags;
  if (config !== undefined && upstream !== undefined) {
    const message = "--config and --upstream exclude each other; name the server in the file";
    throw new VireoError("invalid_option", message);
  }
  if (config !== undefined) return await openConfigured(config, flags, openEngine, log);
  if (upstream !== undefined) return await openRemote(upstream, flags);
  const engine = await openEngine();
  const { abilities } = engine.models[0] ?? {};
  return { upstream: engine, abilities, notes: [], close: () => engine.close() };
}

async function openConfigured(
  path: string,
  { byok }: UpstreamFlags,
  openEngine: () => Promise<LocalEngine>,
  log: Log,
): Promise<ServedUpstream> {
  let engine: LocalEngine | undefined;
  const openLocal = async () => {
    engine = await openEngine();
    return engine;
  };
  const tenantKeys = byok === undefined ? undefined : openProviderKeys(byok, masterKey());
  const options = { environment: process.env, openLocal, openTokenizer, log, tenantKeys };
  const live = await openConfiguration(path, options);
  return {
    upstream: live.router,
    abilities: engine?.models[0]?.abilities,
    notes: live.router.models.map(({ id, provider }) => `${id}: first asked is ${provider}`),
    close: async () => {
      await live.close();
      await engine?.close();
    },
  };
}

async function openTokenizer(folder: string): Promise<(text: string) => number> {
  const { tokenizer } = await openTextFiles(modelFolder(folder));
  return (text) => tokenizer.encodeText(text).length;
}

async function openRemote(url: string, flags: UpstreamFlags): Promise<ServedUpstream> {
  const { upstreamModel, upstreamDialect, upstreamKey } = flags;
  const remote = createOpenAiCompatible({
    name: UPSTREAM,
    baseUrl: withPath(url),
    dialect: upstreamDialect,
    ...defined({
      models: upstreamModel === undefined ? undefined : [{ id: upstreamModel }],
      credentials: upstreamKey === undefined ? undefined : () => upstreamKey,
    }),
  });
  await remote.refresh();
  const isListed = remote.models.length > 0;
  const waiting = isListed ? undefined : setInterval(() => void remote.refresh(), RETRY_MS).unref();
  const note = `${url} lists no models yet; it is asked again until it does`;
  return {
    upstream: remote,
    abilities: undefined,
    notes: isListed ? [] : [note],
    close: async () => {
      clearInterval(waiting);
      await remote.close();
    },
  };
}

/** Servers have their API at /v1 unless the URL says otherwise. */
function withPath(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  return parsed?.pathname === "/" ? new URL("/v1", parsed).href : url;
}
