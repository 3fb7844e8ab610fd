import { type Command, Option } from "commander";
import { openBackend } from "../backends/open.ts";
import { loadModel } from "../model/load.ts";
import { modelFolder } from "./model-folder.ts";
import { wholeNumber } from "./options.ts";
import { bytesText, openTerminal } from "./terminal.ts";

interface QuantizeFlags {
  readonly format: "stored" | "int8" | "int4";
  readonly cache?: string;
  readonly threads?: number;
  readonly cpu?: string;
}

export function addQuantize(program: Command): void {
  program
    .command("quantize")
    .summary("pack a checkpoint ahead of time, so that the first start is quick")
    .description(
      "Turns a BF16 checkpoint into int8 or int4 (or packs it as stored) and keeps the result " +
        "in the cache, where ask and serve find it with the same --format.",
    )
    .argument("<dir>", "checkpoint folder")
    .addOption(
      new Option("--format <format>", "format of the language model's matrices")
        .choices(["stored", "int8", "int4"])
        .default("int4"),
    )
    .option("--cache <dir>", "folder for packed weights (default: .vireo in the checkpoint)")
    .option("--threads <n>", "threads that compute (default: one per core)", wholeNumber)
    .addOption(new Option("--cpu <set>", "kernel set to pack for").env("VIREO_CPU"))
    .action(async (dir: string, flags: QuantizeFlags) => {
      await quantize(modelFolder(dir), flags);
    });
}

async function quantize(folder: string, flags: QuantizeFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const started = performance.now();
  const backend = await openBackend("cpu", {
    ...(flags.threads === undefined ? {} : { threads: flags.threads }),
    ...(flags.cpu === undefined ? {} : { kernelSet: flags.cpu }),
  });
  try {
    const cacheDir = flags.cache ?? `${folder}/.vireo`;
    const { region, fromCache, cacheError } = await loadModel(backend, folder, {
      format: flags.format,
      cacheDir,
      onProgress: ({ doneBytes, totalBytes }) => {
        const percent = Math.floor((doneBytes / Math.max(1, totalBytes)) * 100);
        terminal.progress(`packing: ${percent} % of ${bytesText(totalBytes)}`);
      },
    });
    if (cacheError) {
      terminal.note(`the packed weights could not be kept in ${cacheDir}: ${cacheError}`);
      process.exitCode = 1;
      return;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const done = fromCache ? "was packed already" : `packed in ${seconds} s`;
    terminal.note(`${flags.format}: ${bytesText(region.bytes)} in ${cacheDir}, ${done}`);
  } finally {
    await backend.close();
  }
}
