import { join } from "node:path";
import { type Command, Option } from "commander";
import { defined } from "../core/defined.ts";
import { type GoldenOptions, runGolden } from "../golden/golden.ts";
import { kernelSetOption, threadsOption } from "./options.ts";

interface GoldenFlags {
  readonly checkpoint: string;
  readonly cases: string;
  readonly backend: GoldenOptions["backend"];
  readonly precision: GoldenOptions["precision"];
  readonly cpu?: string;
  readonly threads?: number;
}

const GOLDEN = join("tests", "golden");

export function addGolden(program: Command): void {
  program
    .command("golden")
    .summary("compare this build with reference numbers")
    .description(
      "Runs every golden case and prints one line for each. Needs the folder tests/golden of the " +
        "repository. Exit status: 0 if no case failed, else 1.",
    )
    .option(
      "--checkpoint <dir>",
      "the tiny BF16 checkpoint; the quantised ones lie beside it",
      join(GOLDEN, "tiny-checkpoint"),
    )
    .option("--cases <dir>", "folder of the cases", join(GOLDEN, "cases"))
    .addOption(
      new Option("--backend <name>", "compute backend")
        .choices(["cpu", "reference"])
        .default("cpu"),
    )
    .addOption(
      new Option("--precision <which>", "precision of activations: float32 (exact), bf16 or both")
        .choices(["exact", "bf16", "both"])
        .default("both"),
    )
    .addOption(threadsOption())
    .addOption(kernelSetOption())
    .addHelpText(
      "after",
      `
Examples:
  vireo golden
  vireo golden --cpu scalar --precision exact
  vireo golden --backend reference`,
    )
    .action(async (flags: GoldenFlags) => {
      const { checkpoint, cases, backend, precision, threads, cpu } = flags;
      const options = {
        checkpoint,
        cases,
        backend,
        precision,
        ...defined({ threads, kernelSet: cpu }),
      };
      const { failed } = await runGolden(options, (line) => {
        process.stdout.write(`${line}\n`);
      });
      if (failed > 0) process.exitCode = 1;
    });
}
