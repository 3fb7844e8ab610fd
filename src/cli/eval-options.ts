import { type Command, Option } from "commander";
import { PAGES } from "../eval/pages.ts";
import { PROFILES, type Profile } from "../eval/types.ts";
import type { EngineFlags } from "./options.ts";
import { wholeBetween, wholeNumber } from "./parsers.ts";

/** Values of the options that withEvalOptions() adds, and of those of videos. */
export interface EvalFlags extends EngineFlags {
  readonly data?: string;
  readonly url?: string;
  readonly config?: string;
  readonly apiModel?: string;
  readonly keyEnv?: string;
  readonly profile: Profile;
  readonly reasoning: "on" | "off";
  readonly maxTokens?: number;
  readonly maxTiles?: number;
  readonly fps?: number;
  readonly frames?: number;
  readonly evs?: number;
  readonly limit?: number;
  readonly sample?: number;
  readonly seed?: string;
  readonly concurrency?: number;
  readonly timeout: number;
  readonly budgetUsd?: string;
}

/** Adds the options by which a command asks the items of benchmarks. */
export function withEvalOptions(command: Command): Command {
  return command
    .argument("<benchmarks...>", `benchmarks of vireo eval list, or ${PAGES}`)
    .option("--data <path>", "folder or file of the benchmark's data")
    .option("--url <url>", "answer by another server, as http://127.0.0.1:8000/v1")
    .option("--config <file>", "answer by the providers of a routing configuration")
    .option("--api-model <name>", "the model of that server or configuration")
    .option("--key-env <variable>", "variable of the environment that holds its key")
    .addOption(
      new Option("--profile <name>", "prompts and rules of a harness")
        .choices(PROFILES)
        .default("vlmevalkit"),
    )
    .addOption(
      new Option("--reasoning <on|off>", "reasoning").choices(["on", "off"]).default("off"),
    )
    .option("--max-tokens <n>", "tokens per answer (default: as published)", wholeNumber)
    .option("--max-tiles <n>", "tiles per picture, 1 to 12", wholeBetween(1, 12))
    .option("--limit <n>", "only the first items", wholeNumber)
    .option("--sample <n>", "only a random sample of the items", wholeNumber)
    .option("--seed <text>", "seed of the sample")
    .option("--concurrency <n>", "most items at once (default: 16 here, 64 elsewhere)", wholeNumber)
    .option("--timeout <seconds>", "longest time for an answer", wholeNumber, 3600)
    .option("--budget-usd <amount>", "end the run when its answers have cost this");
}
