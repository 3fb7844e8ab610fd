import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import type { EngineOptions } from "../runtime/engine-options.ts";
import { byteSize, wholeNumber, wholeNumberOrZero } from "./parsers.ts";

/** Values of the options that withEngineOptions() adds. */
export interface EngineFlags {
  readonly model: string;
  readonly format: "stored" | "int8" | "int4";
  readonly kvDtype: "bf16" | "f32";
  readonly threads?: number;
  readonly cpu?: string;
  readonly memory?: number;
  readonly context?: number;
  readonly sequences?: number;
  readonly prefixes?: number;
  readonly rows?: number;
  readonly cache: string | boolean;
  readonly template: "checkpoint" | "fallback" | "builtin";
  readonly backend: "cpu" | "reference" | "null";
}

/** Name of the model that comes with vireo. */
export const EMBEDDED_MODEL = "mini";

/** Adds the options of every command that opens a model. format: another option --format. */
export function withEngineOptions(command: Command, format = weightFormat()): Command {
  return command
    .optionsGroup("Model and machine:")
    .option("-m, --model <dir>", "checkpoint folder, owner/name, mini or tiny", EMBEDDED_MODEL)
    .addOption(format)
    .addOption(
      new Option("--kv-dtype <dtype>", "number format of the KV cache")
        .choices(["bf16", "f32"])
        .default("bf16"),
    )
    .addOption(threadsOption())
    .option(
      "--memory <size>",
      "limit for weights and caches, such as 12GB (default: 85 %)",
      byteSize,
    )
    .option("--context <tokens>", "longest prompt and answer together", wholeNumber)
    .option("--sequences <n>", "requests computed at once (default: 16)", wholeNumber)
    .option("--prefixes <n>", "prompt prefixes to cache; 0: none (default: 32)", wholeNumberOrZero)
    .option("--rows <n>", "rows of one step: decode rows and prompt chunks", wholeNumber)
    .addOption(cacheOption())
    .option("--no-cache", "keep packed weights in memory only")
    .addOption(templateOption())
    .addOption(kernelSetOption())
    .addOption(
      new Option("--backend <name>", "compute backend")
        .choices(["cpu", "reference", "null"])
        .default("cpu")
        .hideHelp(),
    );
}

/** Folders in which ffmpeg is searched: PATH. */
export function programs(): { programPath?: string } {
  return process.env.PATH ? { programPath: process.env.PATH } : {};
}

export function templateOption(): Option {
  return new Option(
    "--template <which>",
    "chat template: the checkpoint's, the built-in one, or the built-in one as a fallback",
  )
    .choices(["checkpoint", "fallback", "builtin"])
    .default("checkpoint");
}

export function weightFormat(): Option {
  return new Option("--format <format>", "weights as stored, or quantised from BF16")
    .choices(["stored", "int8", "int4"])
    .default("stored");
}

export function cacheOption(): Option {
  return new Option(
    "--cache <dir>",
    "folder for packed weights (default: .vireo in the checkpoint)",
  );
}

export function threadsOption(): Option {
  const text = "compute threads (default: one per core)";
  return new Option("--threads <n>", text).argParser(wholeNumber);
}

export function kernelSetOption(): Option {
  const text = "kernel set: amx, avx512, avx2, neon or scalar (default: the fastest)";
  return new Option("--cpu <set>", text).env("VIREO_CPU");
}

/** The engine's options that the flags ask for. */
export function engineOptions(flags: EngineFlags): EngineOptions {
  const { backend, format, kvDtype, template, cache } = flags;
  return {
    backend,
    format,
    kvDtype,
    template,
    ...defined({
      threads: flags.threads,
      kernelSet: flags.cpu,
      memoryBytes: flags.memory,
      contextTokens: flags.context,
      maxSequences: flags.sequences,
      maxPrefixes: flags.prefixes,
      maxRows: flags.rows,
      // commander sets `cache` to true where neither --cache nor --no-cache is given
      cacheDir: cache === true ? undefined : cache,
    }),
  };
}
