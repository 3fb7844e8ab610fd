import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import { createLog, type LogLevel } from "../core/log.ts";
import { parsePrice } from "../core/prices.ts";
import { MediaFetcher, type MediaUrls } from "../egress/media-fetcher.ts";
import { abilityNotes } from "../inputs/media/abilities.ts";
import type { VideoOptions } from "../inputs/media/video-settings.ts";
import { type IsolatedEngine, openIsolated } from "../isolation/isolated-engine.ts";
import { openKeyFile } from "../limits/keys.ts";
import { VIDEO_GLUE, type VideoGlueName } from "../media/frames.ts";
import { type Engine, open } from "../runtime/engine.ts";
import type { EngineOptions } from "../runtime/engine-options.ts";
import { type ModelAlias, parseAlias } from "../server/aliases.ts";
import { checkAddress, listen } from "../server/listen.ts";
import { videoSettings, withVideoOptions } from "./media-options.ts";
import { type EngineOpener, openEngineBy } from "./open-engine.ts";
import { type EngineFlags, withEngineOptions } from "./options.ts";
import { collect, wholeBetween, wholeNumber } from "./parsers.ts";
import { type FileFlags, openFiles, withFileOptions } from "./serve-files.ts";
import { openUpstream, type UpstreamFlags, withUpstreamOptions } from "./serve-upstream.ts";
import { openTerminal } from "./terminal.ts";

interface ServeFlags extends EngineFlags, FileFlags, UpstreamFlags {
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string;
  readonly keys?: string;
  readonly pricePrompt: string;
  readonly priceCompletion: string;
  readonly mediaUrls: MediaUrls;
  readonly shareMedia?: boolean;
  readonly videoFps?: number;
  readonly videoFrames?: number;
  readonly videoPruningRate?: number;
  readonly videoGlue?: VideoGlueName;
  readonly modelId?: string;
  readonly reasoning: "on" | "off" | "auto";
  readonly timeout: number;
  readonly store: boolean;
  readonly zdr: boolean;
  readonly isolate: boolean;
  readonly alias?: readonly ModelAlias[];
  readonly allowHost?: readonly string[];
  readonly logLevel: LogLevel;
}

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .summary("serve the model over HTTP, for OpenAI and Anthropic clients")
    .description(
      "Serves OpenAI- and Anthropic-compatible APIs and the playground. Open / in a browser for " +
        "the playground and /docs for the reference.",
    )
    .addOption(new Option("--host <address>", "address to listen on").default("127.0.0.1"))
    .addOption(
      new Option("-p, --port <port>", "port to listen on; 0 takes any free one")
        .argParser(wholeBetween(0, 65_535))
        .default(8000)
        .env("PORT"),
    )
    .option("--timeout <seconds>", "longest time that a request may take", wholeNumber, 600)
    .option("--isolate", "run the engine in a process of its own, restarted if it crashes", false)
    .addOption(
      new Option("--log-level <level>", "least severe events that are logged on stderr")
        .choices(["debug", "info", "warn", "error"])
        .default("warn"),
    );
  withAccessOptions(command);
  withRequestOptions(command);
  withUpstreamOptions(command);
  withFileOptions(command.optionsGroup("Uploaded files:"));
  command.optionsGroup("Videos, where a request does not set it:");
  withVideoOptions(command, "video-").addOption(
    new Option("--video-glue <form>", "text around frames (default: training)").choices(
      Object.keys(VIDEO_GLUE),
    ),
  );
  withEngineOptions(command)
    .addHelpText("after", ENVIRONMENT_AND_EXAMPLES)
    .action(async (flags: ServeFlags) => {
      await serve(flags);
    });
}

const ENVIRONMENT_AND_EXAMPLES = `
Environment:
  VIREO_API_KEY   key that clients must send as "Authorization: Bearer ..."; required for any
                  address but loopback, unless --keys is set
  VIREO_CPU       kernel set, as --cpu
  VIREO_FILES     folder for uploaded files, as --files
  VIREO_UPSTREAM_KEY  key for --upstream

Examples:
  vireo serve
  vireo serve -m /models/nemotron-nano-12b-v2-vl --format int4 --context 32768
  vireo serve --upstream http://10.0.0.5:8000/v1 --upstream-dialect vllm
  vireo serve --config vireo.yaml
  VIREO_API_KEY="$(cat key.txt)" vireo serve --host 0.0.0.0 --port 8080
  curl http://127.0.0.1:8000/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model":"vireo/mini","messages":[{"role":"user","content":"Hi"}]}'`;

function withAccessOptions(command: Command): Command {
  return command
    .optionsGroup("Access:")
    .addOption(
      new Option("--api-key <key>", "key that clients must send; better set in the environment")
        .env("VIREO_API_KEY")
        .hideHelp(),
    )
    .option("--keys <file>", "key file with one key per user; see vireo keys --help")
    .option(
      "--allow-host <name>",
      "another Host header to accept when no key is required; may be repeated",
      collect,
    )
    .option("--price-prompt <usd>", "US dollars per prompt token, shown and booked", "0")
    .option("--price-completion <usd>", "US dollars per generated token, shown and booked", "0");
}

function withRequestOptions(command: Command): Command {
  return command
    .optionsGroup("Requests:")
    .option("--model-id <name>", "name of the model in the API (default: the checkpoint's own)")
    .option(
      "--alias <name=model>",
      "another name for the model; * matches any text: claude-*=vireo/mini; may be repeated",
      (value: string, list: readonly ModelAlias[] = []) => [...list, parseAlias(value)],
    )
    .addOption(
      new Option("--reasoning <when>", "reasoning where a request does not set it; auto means off")
        .choices(["on", "off", "auto"])
        .default("auto"),
    )
    .addOption(
      new Option("--media-urls <which>", "media by URL: none, public addresses, or any address")
        .choices(["none", "public", "any"])
        .default("public"),
    )
    .option(
      "--share-media",
      "share cached pictures, pages and videos between keys, which can be observed by timing",
    )
    .option("--no-store", "do not store responses for previous_response_id")
    .option("--zdr", "keep nothing of any request or answer (zero data retention)", false);
}

function videoOptions(flags: ServeFlags): VideoOptions {
  const { videoFps, videoFrames, videoPruningRate, videoGlue } = flags;
  const settings = { fps: videoFps, frames: videoFrames, evs: videoPruningRate };
  return { ...videoSettings(settings), ...defined({ glue: videoGlue }) };
}

function isolated(folder: string, options: EngineOptions) {
  return openIsolated(folder, { ...options, env: process.env });
}

async function serve(flags: ServeFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const log = createLog((line) => process.stderr.write(line), flags.logLevel);
  const options = {
    prices: {
      prompt: parsePrice(flags.pricePrompt, "--price-prompt"),
      completion: parsePrice(flags.priceCompletion, "--price-completion"),
    },
    deadlineMs: flags.timeout * 1000,
    storesResponses: flags.store,
    zeroDataRetention: flags.zdr,
    aliases: flags.alias ?? [],
    host: flags.host,
    port: flags.port,
    log,
    hosts: flags.allowHost ?? [],
    ...defined({
      apiKey: flags.apiKey,
      keys: flags.keys === undefined ? undefined : openKeyFile(flags.keys),
    }),
  };
  await checkAddress(options); // before loading, which may take minutes
  const files = await openFiles(flags, terminal);
  const stopped = new AbortController();
  const place: EngineOpener<Engine | IsolatedEngine> = flags.isolate ? isolated : open;
  const openEngine = () =>
    openEngineBy(place, flags, terminal, videoOptions(flags), {
      log,
      onDamage: () => {
        terminal.note("the packed weights on disk are damaged; the next start packs them again");
        process.exitCode = 1;
        stopped.abort();
      },
      ...defined({
        modelId: flags.modelId,
        shareMedia: flags.shareMedia,
        reasoning: flags.reasoning === "auto" ? undefined : flags.reasoning === "on",
      }),
    });
  const served = await openUpstream(flags, openEngine, log);
  const media = new MediaFetcher(flags.mediaUrls);
  const upstream = { upstream: served.upstream, media, ...defined({ files }) };
  const listening = await listen({ ...options, ...upstream }).catch(async (error) => {
    await served.close();
    await files?.close();
    throw error;
  });
  const [model] = served.upstream.models;
  terminal.note(`${terminal.bold(model?.id ?? "the server")} is ready at ${listening.url}`);
  for (const note of served.notes) terminal.note(note);
  for (const note of await abilityNotes(served.abilities)) terminal.note(note);
  terminal.note(terminal.dim("Press Ctrl+C to stop; running answers get ten seconds to end."));
  await new Promise<unknown>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
    stopped.signal.addEventListener("abort", resolve);
  });
  terminal.note("closing ...");
  await listening.close();
  await media.close();
  await served.close();
  await files?.close();
}
