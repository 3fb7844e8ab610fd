import type { Command } from "commander";
import { readConfigurationFile } from "../configuration/configuration-file.ts";
import { readConfiguration } from "../configuration/read-configuration.ts";
import {
  type Configuration,
  configurationSchema,
  endpointsOf,
  keepsNothing,
} from "../configuration/schema.ts";
import { inColumns } from "./columns.ts";
import { printable } from "./terminal.ts";

/** Adds `vireo config check` and `vireo config schema`. */
export function addConfig(program: Command): void {
  const config = program
    .command("config")
    .summary("check a configuration for vireo serve --config")
    .description("Checks files that configure providers and routes for vireo serve --config.");
  config
    .command("check <file>")
    .summary("explain every problem with line and column, and print the routes")
    .action((file: string) => check(file));
  config
    .command("schema")
    .summary("print the JSON Schema of the file, for editors")
    .action(() => {
      process.stdout.write(`${JSON.stringify(configurationSchema(), null, 2)}\n`);
    });
  config.addHelpText(
    "after",
    `
Examples:
  vireo config check vireo.yaml
  vireo serve --config vireo.yaml`,
  );
}

async function check(file: string): Promise<void> {
  const text = await readConfigurationFile(file);
  const { problems, configuration } = readConfiguration(text, process.env);
  if (problems !== undefined) {
    for (const { line, column, message } of problems) {
      process.stderr.write(printable(`${file}:${line}:${column}: ${message}\n`));
    }
    process.stderr.write(`${problems.length} problem${problems.length === 1 ? "" : "s"}\n`);
    process.exitCode = 1;
    return;
  }
  process.stdout.write(`${routesTable(configuration)}\n`);
}

const COLUMNS = ["model", "tried", "provider", "its model", "prompt", "answer", "context", "zdr"];

/** The routes that result from a configuration, one line per endpoint. */
function routesTable({ models, providers }: Configuration): string {
  const rows = Object.entries(models).flatMap(([id, config]) =>
    endpointsOf(config).map((endpoint, index) => {
      const { provider, model = id, prices, context, weight = 1 } = endpoint;
      const own = providers[provider]!;
      const tried = config.strategy === "weighted" ? `weight ${weight}` : String(index + 1);
      return [
        index === 0 ? id : "",
        tried,
        `${provider} (${own.kind})`,
        model,
        prices?.prompt ?? "-",
        prices?.completion ?? "-",
        context === undefined ? "as reported" : String(context),
        keepsNothing(own) ? "yes" : "no",
      ];
    }),
  );
  return inColumns([COLUMNS, ...rows]).join("\n");
}
