import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { silentLog } from "../core/log.ts";
import type { Upstream, UpstreamModel } from "../core/upstream.ts";
import { createOpenAiCompatible } from "../upstreams/openai-compatible/upstream.ts";
import type { EvalFlags } from "./eval-options.ts";
import { videoSettings } from "./media-options.ts";
import { openEngine } from "./open-engine.ts";
import { EMBEDDED_MODEL } from "./options.ts";
import { openUpstream } from "./serve-upstream.ts";
import type { Terminal } from "./terminal.ts";

/** The upstream that answers the items of a run, and its model that is asked. */
export interface Target {
  readonly upstream: Upstream;
  readonly model: UpstreamModel;
  /** Whether the model is computed by this process. */
  readonly isLocal: boolean;
  close(): Promise<void>;
}

/** Opens the server of --url, the configuration of --config, or the model of --model. */
export async function openTarget(flags: EvalFlags, terminal: Terminal): Promise<Target> {
  if (flags.url !== undefined && flags.config !== undefined) {
    const message = "--url and --config exclude each other; name the server in the file";
    throw new VireoError("invalid_option", message);
  }
  if (flags.config !== undefined) return await openConfigured(flags.config, flags, terminal);
  if (flags.url !== undefined) return await openRemote(flags.url, flags);
  const engine = await openEngine(flags, terminal, videoSettings(flags));
  const close = () => engine.close();
  return { upstream: engine, model: engine.models[0]!, isLocal: true, close };
}

/**
 * Opens a routing configuration. --api-model names one of its models, and so does --model alone;
 * with both, --model is the checkpoint of the configuration's local provider.
 */
async function openConfigured(
  config: string,
  flags: EvalFlags,
  terminal: Terminal,
): Promise<Target> {
  const isNamed = flags.apiModel !== undefined || flags.model !== EMBEDDED_MODEL;
  const name = flags.apiModel ?? flags.model;
  const model = flags.apiModel === undefined ? EMBEDDED_MODEL : flags.model;
  const openLocal = () => openEngine({ ...flags, model }, terminal, videoSettings(flags));
  const served = await openUpstream({ config, upstreamDialect: "openai" }, openLocal, silentLog);
  const { upstream } = served;
  const { models } = upstream;
  const found = models.find(({ id, aliases }) => id === name || aliases.includes(name));
  const chosen = found ?? (isNamed ? undefined : models[0]);
  if (chosen === undefined) {
    await served.close();
    const known = models.map(({ id }) => id).join(", ");
    throw new VireoError("invalid_option", `${config} has no model "${name}"; it has ${known}`);
  }
  return { upstream, model: chosen, isLocal: false, close: () => served.close() };
}

async function openRemote(url: string, { apiModel, keyEnv }: EvalFlags): Promise<Target> {
  const key = keyEnv === undefined ? undefined : process.env[keyEnv];
  if (keyEnv !== undefined && key === undefined) {
    throw new VireoError("invalid_option", `the variable ${keyEnv} of --key-env is not set`);
  }
  const remote = createOpenAiCompatible({
    name: "eval",
    baseUrl: url,
    dialect: "openai",
    ...defined({
      models: apiModel === undefined ? undefined : [{ id: apiModel }],
      credentials: key === undefined ? undefined : () => key,
    }),
  });
  await remote.refresh();
  const model = remote.models[0];
  if (model !== undefined) {
    return { upstream: remote, model, isLocal: false, close: () => remote.close() };
  }
  await remote.close();
  const message = `${url} lists no models; check the address, or name one by --api-model`;
  throw new VireoError("invalid_option", message);
}
