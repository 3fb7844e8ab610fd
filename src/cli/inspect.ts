import type { Command } from "commander";
import { formatInspection, inspectCheckpoint } from "../model/inspect.ts";
import { modelFolder } from "./model-folder.ts";
import { EMBEDDED_MODEL } from "./options.ts";

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .summary("say what a checkpoint holds and what it will take")
    .description(
      "Checks every tensor of a checkpoint folder and prints its parts, formats and memory plan. " +
        "Only headers are read: it works before the weights are downloaded whole.",
    )
    .argument("[dir]", "checkpoint folder", EMBEDDED_MODEL)
    .option("--json", "as JSON, for programs")
    .action(async (dir: string, flags: { readonly json?: boolean }) => {
      const inspection = await inspectCheckpoint(modelFolder(dir));
      const text = flags.json ? JSON.stringify(inspection, null, 2) : formatInspection(inspection);
      process.stdout.write(`${text.trimEnd()}\n`);
    });
}
