import { type Command, InvalidArgumentError, Option } from "commander";
import { LIMITS } from "../core/limits.ts";
import type { EngineOptions } from "../runtime/engine.ts";

/** What commander hands over for the options below. */
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

/** The model in the box, beside the program. */
export const EMBEDDED_MODEL = "mini";

/** Options of every command that opens a model. */
export function withEngineOptions(command: Command): Command {
  return command
    .option("-m, --model <dir>", "checkpoint folder (config.json, *.safetensors)", EMBEDDED_MODEL)
    .addOption(weightFormat())
    .addOption(
      new Option("--kv-dtype <dtype>", "keys and values of the attention layers")
        .choices(["bf16", "f32"])
        .default("bf16"),
    )
    .option("--threads <n>", "threads that compute (default: one per core)", wholeNumber)
    .option("--memory <size>", "limit for weights and caches, as 12GB (default: 85 %)", byteSize)
    .option("--context <tokens>", "longest prompt and answer together", wholeNumber)
    .option("--sequences <n>", "requests computed at once (default: 16)", wholeNumber)
    .option("--prefixes <n>", "prompt beginnings kept for reuse (default: 32; 0: none)", countOf)
    .option("--rows <n>", "rows of one step: decode rows and prompt chunks", wholeNumber)
    .option("--cache <dir>", "folder for packed weights (default: .vireo in the checkpoint)")
    .option("--no-cache", "keep packed weights in memory only")
    .addOption(templateOption())
    .addOption(
      new Option("--cpu <set>", "kernel set: amx, avx512, avx2, neon or scalar").env("VIREO_CPU"),
    )
    .addOption(
      new Option("--backend <name>", "where it computes")
        .choices(["cpu", "reference", "null"])
        .default("cpu")
        .hideHelp(),
    );
}

/** Of every command that looks at pictures. */
export function exifOrientation(): Option {
  return new Option(
    "--exif-orientation <how>",
    '"ignore" shows pictures as they are stored, as the model\'s reference does ' +
      '(default: "apply" turns them upright)',
  ).choices(["apply", "ignore"]);
}

/** Where ffmpeg is looked for. */
export function programs(): { programPath?: string } {
  return process.env.PATH ? { programPath: process.env.PATH } : {};
}

export function templateOption(): Option {
  return new Option(
    "--template <which>",
    "chat template: the checkpoint's; fallback: the built-in one for what that fails; builtin",
  )
    .choices(["checkpoint", "fallback", "builtin"])
    .default("checkpoint");
}

export function weightFormat(): Option {
  return new Option("--format <format>", "how weights are held: as stored, or made from BF16")
    .choices(["stored", "int8", "int4"])
    .default("stored");
}

/** The engine's options that the flags ask for. */
export function engineOptions(flags: EngineFlags): EngineOptions {
  return {
    backend: flags.backend,
    format: flags.format,
    kvDtype: flags.kvDtype,
    template: flags.template,
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(flags.cpu === undefined ? {} : { kernelSet: flags.cpu }),
    ...(flags.memory === undefined ? {} : { memoryBytes: flags.memory }),
    ...(flags.context === undefined ? {} : { contextTokens: flags.context }),
    ...(flags.sequences === undefined ? {} : { maxSequences: flags.sequences }),
    ...(flags.prefixes === undefined ? {} : { maxPrefixes: flags.prefixes }),
    ...(flags.rows === undefined ? {} : { maxRows: flags.rows }),
    ...(flags.cache === false ? { cacheDir: false } : {}),
    ...(typeof flags.cache === "string" ? { cacheDir: flags.cache } : {}),
  };
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("It must be a whole number from 1 on.");
  }
  return value;
}

/** A whole number from 0 on. */
function countOf(text: string): number {
  return text.trim() === "0" ? 0 : wholeNumber(text);
}

/** A parser of numbers between two bounds, both included. */
export function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = realNumber(text);
    if (value < least || value > most) {
      throw new InvalidArgumentError(`It must be from ${least} to ${most}.`);
    }
    return value;
  };
}

/** As between(), without fractions. */
export function wholeBetween(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = between(least, most)(text);
    if (!/^\d+$/.test(text.trim())) throw new InvalidArgumentError("It must be a whole number.");
    return value;
  };
}

/** Settings of videos, with the engine's own bounds. */
export const framesPerSecond = between(0, 1000);
export const maxFrames = wholeBetween(1, LIMITS.framesPerVideo);
export const dotsPerInch = between(LIMITS.minPageDpi, LIMITS.maxPageDpi);
export const pruningRate = between(0, 0.999);

export function realNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) {
    throw new InvalidArgumentError("It must be a number.");
  }
  return value;
}

const UNITS = { "": 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12 } as const;

/** "12GB", "800M", "16GiB", "123456" → bytes. */
export function byteSize(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i.exec(text.trim());
  if (!match) throw new InvalidArgumentError("It must be a size, as 12GB or 800M.");
  const unit = (match[2] ?? "").toLowerCase() as keyof typeof UNITS;
  const factor = match[3] ? 1024 ** Math.round(Math.log10(UNITS[unit]) / 3) : UNITS[unit];
  return Math.floor(Number(match[1]) * factor);
}
