#!/usr/bin/env node
import "./uncaught.ts"; // first, so that it sees errors of the other imports

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { VireoError } from "../core/errors.ts";
import { fromSystemError } from "../core/system-errors.ts";
import { addAsk } from "./ask.ts";
import { addBench } from "./bench.ts";
import { addByok } from "./byok.ts";
import { addChaos } from "./chaos.ts";
import { addConfig } from "./config.ts";
import { addEval } from "./eval.ts";
import { addExtract } from "./extract.ts";
import { addGolden } from "./golden.ts";
import { addIndex } from "./index-documents.ts";
import { addInspect } from "./inspect.ts";
import { addKeys } from "./keys.ts";
import { addQuantize } from "./quantize.ts";
import { addSearch } from "./search.ts";
import { addServe } from "./serve.ts";
import { systemMessage } from "./system-message.ts";
import { printable } from "./terminal.ts";
import { addTokens } from "./tokens.ts";
import { addVideo } from "./video.ts";

const here = dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(join(here, "..", "..", "package.json"), "utf8")) as {
  version: string;
};

const program = new Command("vireo")
  .description("Runs NVIDIA Nemotron Nano 12B v2 VL on this machine: ask, extract, serve, measure.")
  .version(version)
  .addHelpText(
    "after",
    `
Examples:
  vireo ask "What is the total?" --image invoice.png
  vireo extract invoices/ --schema invoice
  vireo serve
  vireo ask --help`,
  )
  .showHelpAfterError("(see vireo --help)");
addAsk(program);
addExtract(program);
addVideo(program);
addIndex(program);
addSearch(program);
addTokens(program);
addServe(program);
addKeys(program);
addConfig(program);
addByok(program);
addChaos(program);
addInspect(program);
addQuantize(program);
program
  .command("setup")
  .summary("build the native kernels for this machine, unless they are built")
  .description("Builds the native kernels for this machine. Does nothing if they are up to date.")
  .action(() => {
    const script = join(here, "..", "..", "scripts", "setup.mjs");
    process.exitCode = spawnSync(process.execPath, [script], { stdio: "inherit" }).status ?? 1;
  });
addBench(program);
addEval(program);
addGolden(program);

// The reader of a pipe may close it early (`vireo ask … | head`). A server runs on without a log.
process.stderr.on("error", () => {});
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});
// Compose files set unset variables to empty texts.
for (const [name, value] of Object.entries(process.env)) {
  if (value === "" && /^(VIREO_|PORT$|HOST$)/.test(name)) delete process.env[name];
}

try {
  await program.parseAsync();
} catch (error) {
  const known = error instanceof VireoError ? error : fromSystemError(error);
  if (known === undefined) throw error;
  const message = known === error ? known.message : systemMessage(error, known.message);
  process.stderr.write(`vireo: ${printable(message)}\n`);
  process.exitCode = 1;
}
