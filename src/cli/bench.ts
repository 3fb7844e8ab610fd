import { join } from "node:path";
import { type Command, Option } from "commander";
import { type BenchOptions, type BenchPart, runBench } from "../bench/bench.ts";
import { REAL_PATTERN, type SyntheticOptions } from "../bench/synthetic.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { modelFolder } from "./model-folder.ts";
import { EMBEDDED_MODEL, kernelSetOption } from "./options.ts";
import { between, namesOf, wholeNumber, wholeNumberOrZero, wholeNumbers } from "./parsers.ts";

interface BenchFlags {
  readonly only?: readonly BenchPart[];
  readonly cpu?: string;
  readonly threads: readonly number[];
  readonly seconds: number;
  readonly format: SyntheticOptions["format"];
  readonly pattern: string;
  readonly layers?: number;
  readonly vocab: number;
  readonly vitLayers: number;
  readonly frames: number;
  readonly evs: number;
  readonly load: string;
  readonly loadFormat: BenchOptions["load"]["format"];
  readonly json?: string;
  readonly peer?: string;
  readonly peerScripts?: string;
  readonly peerOut?: string;
  readonly rounds: number;
}

/** Source: MODEL.md § Video. */
const PUBLISHED_RATE = 0.7;
const DEFAULT_PARTS = ["kernels", "ops", "model", "load", "overhead", "serving"] as const;
const PARTS: readonly BenchPart[] = [...DEFAULT_PARTS, "video", "peer"];

export function addBench(program: Command): void {
  const command = program
    .command("bench")
    .summary("measure the kernels and the model on this machine")
    .description(
      "Measures kernels and a network of the real widths with random weights. Speeds are in " +
        "GB/s of packed weights and in tokens per second.",
    )
    .addOption(
      new Option(
        "--only <list>",
        `parts to run, of ${PARTS.join(", ")} (default: all but the ` +
          "last two; video takes minutes)",
      ).argParser(namesOf(PARTS)),
    )
    .option("--seconds <n>", "time for each group of figures", wholeNumber, 10)
    .addOption(threadCounts())
    .addOption(kernelSetOption())
    .option("--json <file>", "also write the figures as JSON");
  withNetworkOptions(command);
  withPeerOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vireo bench --only kernels,ops --threads 1
  vireo bench --only model --layers 62 --format int4
  vireo bench --only load --load /models/nemotron-nano-12b-v2-vl --load-format int8`,
    )
    .action(async (flags: BenchFlags) => {
      await runBench(benchOptions(flags), (text) => {
        process.stdout.write(`${text}\n`);
      });
    });
}

function threadCounts(): Option {
  return new Option("--threads <list>", "thread counts, each of which is measured")
    .argParser(wholeNumbers)
    .default([1, 2], "1,2");
}

function withNetworkOptions(command: Command): Command {
  return command
    .optionsGroup("Network:")
    .addOption(
      new Option("--format <format>", "format of the layers' matrices")
        .choices(["int4", "int8", "bf16", "fp8", "nvfp4"])
        .default("int4"),
    )
    .option("--pattern <text>", "layers: M is Mamba-2, - is MLP, * is attention", "M-*")
    .option("--layers <n>", "use the first n layers of the published model instead", wholeNumber)
    .option("--vocab <n>", "rows of the embedding", wholeNumber, 4096)
    .option("--vit-layers <n>", "blocks of the vision tower", wholeNumberOrZero, 1)
    .option("--frames <n>", "frames of the clip of the part video", wholeNumber, 128)
    .option(
      "--evs <share>",
      "share of the clip's tokens that EVS drops, compared with 0",
      between(0, 0.999),
      PUBLISHED_RATE,
    )
    .option("--load <dir>", "checkpoint whose loading is timed", EMBEDDED_MODEL)
    .addOption(
      new Option("--load-format <format>", "format in which it is loaded")
        .choices(["stored", "int8", "int4"])
        .default("stored"),
    );
}

function withPeerOptions(command: Command): Command {
  return command
    .optionsGroup("Comparison with llama.cpp:")
    .option("--peer <dir>", "folder of llama.cpp's packages; adds the part peer")
    .option("--peer-scripts <dir>", "folder of bench-llama.mjs and mkbench.mjs")
    .option("--peer-out <dir>", "folder for llama.cpp's model file (default: out in --peer)")
    .option("--rounds <n>", "alternating rounds of both programs", wholeNumber, 3);
}

/** Throws invalid_option for options that contradict each other. */
function benchOptions(flags: BenchFlags): BenchOptions {
  const { threads, seconds, frames, layers, format, json } = flags;
  const peer = peerOptions(flags);
  return {
    parts: flags.only ?? [...DEFAULT_PARTS, ...(peer ? ["peer" as const] : [])],
    model: {
      pattern: layers === undefined ? flags.pattern : REAL_PATTERN.slice(0, layers),
      vocabulary: flags.vocab,
      format,
      visionBlocks: flags.vitLayers,
    },
    load: { folder: modelFolder(flags.load), format: flags.loadFormat },
    threads,
    seconds,
    frames,
    pruningRate: flags.evs,
    ...defined({ kernelSet: flags.cpu, peer, json }),
  };
}

function peerOptions(flags: BenchFlags): BenchOptions["peer"] {
  const { peer: packages, peerScripts: scripts, peerOut, rounds } = flags;
  if (packages === undefined) return undefined;
  if (scripts === undefined) {
    const text = "--peer needs --peer-scripts, the folder of bench-llama.mjs and mkbench.mjs";
    throw new VireoError("invalid_option", text, { param: "peer-scripts" });
  }
  const out = peerOut ?? join(packages, "out");
  return { packages, scripts, out, rounds, environment: process.env };
}
