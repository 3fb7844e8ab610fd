import type { Command } from "commander";
import { Option } from "commander";
import { createLog, type LogLevel } from "../core/log.ts";
import { parsePrice } from "../core/prices.ts";
import { MediaFetcher, type MediaUrls } from "../egress/media-fetcher.ts";
import type { VideoOptions } from "../inputs/media/videos.ts";
import { openKeyFile } from "../limits/keys.ts";
import { VIDEO_GLUE, type VideoGlueName } from "../media/frames.ts";
import { type ModelAlias, parseAlias } from "../server/aliases.ts";
import { checkAddress, listen } from "../server/listen.ts";
import { openEngine } from "./open-engine.ts";
import {
  type EngineFlags,
  framesPerSecond as fps,
  maxFrames as frames,
  pruningRate as rate,
  wholeBetween,
  wholeNumber,
  withEngineOptions,
} from "./options.ts";
import { type FileFlags, openFiles, withFileOptions } from "./serve-files.ts";
import { openTerminal } from "./terminal.ts";

interface ServeFlags extends EngineFlags, FileFlags {
  readonly host: string;
  readonly port: number;
  readonly apiKey?: string;
  readonly keys?: string;
  readonly pricePrompt: string;
  readonly priceCompletion: string;
  readonly mediaUrls: MediaUrls;
  readonly videoFps?: number;
  readonly videoFrames?: number;
  readonly videoPruningRate?: number;
  readonly videoGlue?: VideoGlueName;
  readonly modelId?: string;
  readonly reasoning: "on" | "off" | "auto";
  readonly timeout: number;
  readonly store: boolean;
  readonly alias?: readonly ModelAlias[];
  readonly allowHost?: readonly string[];
  readonly logLevel: LogLevel;
}

export function addServe(program: Command): void {
  const command = program
    .command("serve")
    .summary("serve the model over HTTP, for any OpenAI client")
    .description("Serves an OpenAI-compatible API (POST /v1/chat/completions and friends).")
    .addOption(new Option("--host <address>", "address to listen on").default("127.0.0.1"))
    .addOption(
      new Option("-p, --port <port>", "port; 0 takes any that is free")
        .argParser(wholeBetween(0, 65_535))
        .default(8000)
        .env("PORT"),
    )
    .addOption(
      new Option("--api-key <key>", "key that clients must send; better set in the environment")
        .env("VIREO_API_KEY")
        .hideHelp(),
    )
    .option("--keys <file>", "key file, one key for each user; see vireo keys --help")
    .option("--price-prompt <usd>", "dollars per prompt token, shown and booked", "0")
    .option("--price-completion <usd>", "dollars per generated token", "0")
    .addOption(
      new Option("--media-urls <which>", "media by URL: none, public addresses, or any address")
        .choices(["none", "public", "any"])
        .default("public"),
    )
    .option("--model-id <name>", "name to serve the model under (default: the checkpoint's own)")
    .addOption(
      new Option("--reasoning <when>", "reason where requests do not say; auto: as the family, off")
        .choices(["on", "off", "auto"])
        .default("auto"),
    )
    .option(
      "--alias <name=model>",
      "another name for the model, * for any text: claude-*=vireo/mini; may be repeated",
      (value: string, list: readonly ModelAlias[] = []) => [...list, parseAlias(value)],
    )
    .option("--no-store", "keep no responses in memory for later requests to go on from")
    .option("--timeout <seconds>", "the longest that a request may take", wholeNumber, 600)
    .option(
      "--allow-host <name>",
      "another Host header to answer to when no key is asked for; may be repeated",
      (value: string, list: readonly string[] = []) => [...list, value],
    )
    .addOption(
      new Option("--log-level <level>", "what is logged on stderr")
        .choices(["debug", "info", "warn", "error"])
        .default("warn"),
    )
    .addHelpText(
      "after",
      `
Environment:
  VIREO_API_KEY   key that clients must send as "Authorization: Bearer ..."; needed for any
                  address but loopback
  VIREO_CPU       kernel set, as --cpu
  VIREO_FILES     folder for files, as --files

Example:
  curl http://127.0.0.1:8000/v1/chat/completions -H 'content-type: application/json' \\
    -d '{"model":"vireo/mini","messages":[{"role":"user","content":"Hi"}]}'`,
    );
  withFileOptions(withEngineOptions(withVideoOptions(command))).action(
    async (flags: ServeFlags) => {
      await serve(flags);
    },
  );
}

/** What holds for videos where a request does not say. */
function withVideoOptions(command: Command): Command {
  return command
    .option("--video-fps <x>", "frames of a video a second at most; 0: all (default: 2)", fps)
    .option("--video-frames <n>", "frames of a video at most (default: 128)", frames)
    .option(
      "--video-pruning-rate <q>",
      "share of a video's tokens that EVS drops (default: the checkpoint's; 0: none)",
      rate,
    )
    .addOption(
      new Option("--video-glue <form>", "text around frames (default: training)").choices(
        Object.keys(VIDEO_GLUE),
      ),
    );
}

function videoOptions(flags: ServeFlags): VideoOptions {
  const { videoFps, videoFrames, videoPruningRate, videoGlue } = flags;
  return {
    ...(videoFps === undefined ? {} : { fps: videoFps }),
    ...(videoFrames === undefined ? {} : { maxFrames: videoFrames }),
    ...(videoPruningRate === undefined ? {} : { pruningRate: videoPruningRate }),
    ...(videoGlue === undefined ? {} : { glue: videoGlue }),
  };
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
    aliases: flags.alias ?? [],
    ...(flags.keys === undefined ? {} : { keys: openKeyFile(flags.keys) }),
    host: flags.host,
    port: flags.port,
    log,
    hosts: flags.allowHost ?? [],
    ...(flags.apiKey === undefined ? {} : { apiKey: flags.apiKey }),
  };
  await checkAddress(options); // before minutes are spent on loading
  const files = await openFiles(flags, terminal);
  const engine = await openEngine(flags, terminal, videoOptions(flags), {
    log,
    ...(flags.modelId === undefined ? {} : { modelId: flags.modelId }),
    ...(flags.reasoning === "auto" ? {} : { reasoning: flags.reasoning === "on" }),
  });
  const media = new MediaFetcher(flags.mediaUrls);
  const upstream = { upstream: engine, media, ...(files === undefined ? {} : { files }) };
  const listening = await listen({ ...options, ...upstream }).catch(async (error) => {
    await engine.close();
    await files?.close();
    throw error;
  });
  terminal.note(`${terminal.bold(engine.models[0]?.id ?? "")} is ready at ${listening.url}`);
  terminal.note(terminal.dim("Press Ctrl+C to stop; running answers get ten seconds to end."));
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  terminal.note("closing ...");
  await listening.close();
  await media.close();
  await engine.close();
  await files?.close();
}
