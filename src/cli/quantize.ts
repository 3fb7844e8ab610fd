import type { Command } from "commander";
import { openBackend } from "../backends/open.ts";
import { defined } from "../core/defined.ts";
import { loadModel } from "../model/load.ts";
import { modelFolder } from "./model-folder.ts";
import { cacheOption, kernelSetOption, threadsOption, weightFormat } from "./options.ts";
import { bytesText, openTerminal } from "./terminal.ts";

interface QuantizeFlags {
  readonly format: "stored" | "int8" | "int4";
  readonly cache?: string;
  readonly threads?: number;
  readonly cpu?: string;
  readonly verify?: boolean;
}

export function addQuantize(program: Command): void {
  program
    .command("quantize")
    .summary("quantise and pack a checkpoint, so that the first start is fast")
    .description(
      "Quantises a BF16 checkpoint to int8 or int4, or packs it as stored, and writes the result " +
        "to the cache. Other commands find it there with the same --format.",
    )
    .argument("<dir>", "checkpoint folder")
    .addOption(weightFormat().default("int4"))
    .option("--verify", "verify weights that are packed already, and pack damaged ones again")
    .addOption(cacheOption())
    .addOption(threadsOption())
    .addOption(kernelSetOption())
    .addHelpText(
      "after",
      `
Examples:
  vireo quantize /models/nemotron-nano-12b-v2-vl
  vireo quantize /models/nemotron-nano-12b-v2-vl --format int8 --cache /cache
  vireo quantize /models/nemotron-nano-12b-v2-vl --verify`,
    )
    .action(async (dir: string, flags: QuantizeFlags) => {
      await quantize(modelFolder(dir), flags);
    });
}

async function quantize(folder: string, flags: QuantizeFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const started = performance.now();
  const { threads, cpu: kernelSet } = flags;
  const backend = await openBackend("cpu", defined({ threads, kernelSet }));
  try {
    const cacheDir = flags.cache ?? `${folder}/.vireo`;
    const { region, fromCache, cacheError, repaired } = await loadModel(backend, folder, {
      format: flags.format,
      ...(flags.verify ? { verifyFirstBytes: Number.POSITIVE_INFINITY } : {}),
      cacheDir,
      onProgress: ({ doneBytes, totalBytes }) => {
        const percent = Math.floor((doneBytes / Math.max(1, totalBytes)) * 100);
        terminal.progress(`packing: ${percent} % of ${bytesText(totalBytes)}`);
      },
    });
    if (cacheError) {
      terminal.note(`the packed weights cannot be written to ${cacheDir}: ${cacheError}`);
      process.exitCode = 1;
      return;
    }
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    if (repaired) {
      const { from, to } = repaired;
      terminal.note(`the packed weights were damaged between bytes ${from} and ${to}`);
    }
    const verified = flags.verify ? `verified in ${seconds} s` : "was packed already";
    const done = fromCache ? verified : `packed in ${seconds} s`;
    terminal.note(`${flags.format}: ${bytesText(region.bytes)} in ${cacheDir}, ${done}`);
  } finally {
    await backend.close();
  }
}
