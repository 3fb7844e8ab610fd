#!/usr/bin/env node
import { spawnSync } from "node:child_process";
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
program
  .command("setup")
  .description("build the native kernels for this machine, where they are not built yet")
  .action(() => {
    const script = join(here, "..", "..", "scripts", "setup.mjs");
    process.exitCode = spawnSync(process.execPath, [script], { stdio: "inherit" }).status ?? 1;
  });
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

// Whoever reads may have seen enough, as in `vireo ask … | head`; a server goes on without a log.
process.stderr.on("error", () => {});
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
// Compose files write variables that are not set as empty ones.
for (const [name, value] of Object.entries(process.env)) {
  if (value === "" && /^(VIREO_|PORT$|HOST$)/.test(name)) delete process.env[name];
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof VireoError)) throw error;
  process.stderr.write(`vireo: ${error.message}\n`);
  process.exitCode = 1;
}
