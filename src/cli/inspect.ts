import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { type ExpectedSpeed, expectSpeed } from "../bench/speed.ts";
import { plainJson } from "../core/plain-json.ts";
import { formatReport } from "../inspect/format.ts";
import { type CheckpointReport, inspectFolder } from "../inspect/report.ts";
import { folderToInspect } from "./model-folder.ts";
import { EMBEDDED_MODEL } from "./options.ts";
import { openTerminal, printable } from "./terminal.ts";

interface InspectFlags {
  readonly json?: boolean;
  readonly speed: boolean;
}

/** Seconds of measuring: enough for many runs of each format, of which the best counts. */
const SPEED_SECONDS = 2;

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .summary("check whether a checkpoint works on this machine")
    .description(
      "Checks a checkpoint part by part: files, config, every tensor, quantisation, end tokens, " +
        "video pruning, the chat template on twelve kinds of requests, memory and speed here. " +
        "Reads headers only. Exit status: 0 if everything works, else 1.",
    )
    .argument("[dir]", "checkpoint folder, or owner/name in the Hugging Face cache", EMBEDDED_MODEL)
    .option("--json", "write JSON")
    .option("--no-speed", "do not measure this machine, which takes seconds")
    .addHelpText(
      "after",
      `
Examples:
  vireo inspect /models/nemotron-nano-12b-v2-vl
  vireo inspect nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-FP8
  vireo inspect mini --json --no-speed`,
    )
    .action(async (dir: string, flags: InspectFlags) => {
      const report = await inspectFolder(folderToInspect(dir));
      const speed = flags.speed ? await measure(report) : [];
      const text = flags.json
        ? plainJson({ ...report, ...(flags.speed ? { speed } : {}) }, 2)
        : printable(formatReport(report, speed));
      process.stdout.write(`${text.trimEnd()}\n`);
      if (!report.works) process.exitCode = 1;
    });
}

async function measure({ contents }: CheckpointReport): Promise<readonly ExpectedSpeed[]> {
  if (contents === undefined) return [];
  const terminal = openTerminal(process.stderr);
  terminal.progress("measuring this machine ...");
  const kernelSet = process.env.VIREO_CPU;
  try {
    const options = { threads: availableParallelism(), seconds: SPEED_SECONDS };
    return await expectSpeed(contents, { ...options, ...(kernelSet ? { kernelSet } : {}) });
  } finally {
    terminal.progress("");
  }
}
