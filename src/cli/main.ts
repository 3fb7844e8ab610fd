#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { VireoError } from "../core/errors.ts";
import { addAsk } from "./ask.ts";
import { bench } from "./bench.ts";
import { addExtract } from "./extract.ts";
import { golden } from "./golden.ts";
import { addInspect } from "./inspect.ts";
import { addKeys } from "./keys.ts";
import { addQuantize } from "./quantize.ts";
import { addServe } from "./serve.ts";
import { addTokens } from "./tokens.ts";
import { addVideo } from "./video.ts";

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(here, "..", "..", "package.json"), "utf8")) as {
  version: string;
};

const program = new Command("vireo")
  .description("NVIDIA Nemotron Nano 12B v2 VL on this machine: ask it, serve it, measure it.")
  .version(version)
  .showHelpAfterError("(vireo --help tells more)");
addAsk(program);
addExtract(program);
addVideo(program);
addTokens(program);
addServe(program);
addKeys(program);
addInspect(program);
addQuantize(program);
addTool("bench", "measure kernels and model speed here", bench);
addTool("golden", "compare with reference numbers, case by case", golden);

/** Commands that read their own arguments and return an exit status. */
function addTool(name: string, summary: string, run: (args: string[]) => Promise<number>): void {
  program
    .command(name)
    .summary(summary)
    .helpOption(false)
    .allowUnknownOption()
    .argument("[args...]")
    .action(async (_: unknown, __: unknown, command: Command) => {
      process.exitCode = await run(command.args);
    });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof VireoError)) throw error;
  process.stderr.write(`vireo: ${error.message}\n`);
  process.exitCode = 1;
}
