import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { readConfigurationFile } from "../configuration/configuration-file.ts";
import { readConfiguration } from "../configuration/read-configuration.ts";
import { VireoError } from "../core/errors.ts";
import {
  addProviderKey,
  listProviderKeys,
  readMasterKey,
  removeProviderKey,
  rotateProviderKeys,
} from "../limits/provider-keys.ts";

const DEFAULT_FILE = "vireo-byok.json";
const MASTER_KEY = "VIREO_MASTER_KEY";
const NEW_MASTER_KEY = "VIREO_NEW_MASTER_KEY";

interface FileFlags {
  readonly file: string;
}

interface AddFlags extends FileFlags {
  readonly config: string;
}

/** Adds `vireo byok add`, `list`, `remove` and `rotate`. */
export function addByok(program: Command): void {
  const byok = program
    .command("byok")
    .summary("keep tenants' own keys for providers, encrypted")
    .description(
      "Keeps the keys of tenants for providers of vireo serve --config, encrypted under " +
        `${MASTER_KEY}: 32 random bytes in base64.`,
    );
  const withFile = (command: Command): Command =>
    command.option("-f, --file <path>", "file of encrypted keys", DEFAULT_FILE);

  withFile(byok.command("add <tenant> <provider>"))
    .summary("read a key from standard input and store it encrypted")
    .requiredOption("--config <path>", "configuration that says where the provider is")
    .action(async (tenant: string, provider: string, { file, config }: AddFlags) => {
      const origin = await originOf(config, provider);
      const key = readFileSync(process.stdin.fd, "utf8").trim();
      addProviderKey(file, { tenant, provider, origin }, key, masterKey());
      process.stderr.write(`The key of ${tenant} for ${provider} is used at ${origin} only.\n`);
    });

  withFile(byok.command("list"))
    .summary("list tenants and providers; keys are never shown")
    .action(({ file }: FileFlags) => {
      for (const { tenant, provider, origin, createdUnix } of listProviderKeys(file)) {
        const day = new Date(createdUnix * 1000).toISOString().slice(0, 10);
        process.stdout.write(`${tenant}: ${provider} at ${origin}, since ${day}\n`);
      }
    });

  withFile(byok.command("remove <tenant> <provider>"))
    .summary("remove a key; running servers notice within a second")
    .action((tenant: string, provider: string, { file }: FileFlags) => {
      removeProviderKey(file, { tenant, provider });
    });

  withFile(byok.command("rotate"))
    .summary(`encrypt all keys under ${NEW_MASTER_KEY}`)
    .action(({ file }: FileFlags) => {
      const next = readMasterKey(process.env[NEW_MASTER_KEY], NEW_MASTER_KEY);
      const count = rotateProviderKeys(file, masterKey(), next);
      process.stderr.write(`${count} keys; restart servers with the new ${MASTER_KEY}.\n`);
    });

  byok.addHelpText(
    "after",
    `
Examples:
  export ${MASTER_KEY}=$(openssl rand -base64 32)
  vireo byok add ann openrouter --config vireo.yaml < key.txt
  vireo serve --config vireo.yaml --keys vireo-keys.json --byok ${DEFAULT_FILE}`,
  );
}

/** The master key in the environment. Throws invalid_option if there is none. */
export function masterKey(): Buffer {
  return readMasterKey(process.env[MASTER_KEY], MASTER_KEY);
}

/** The address of a provider. Its own key need not be set here. */
async function originOf(path: string, name: string): Promise<string> {
  const text = await readConfigurationFile(path);
  const anything = new Proxy({}, { get: () => "set" });
  const { configuration, problems } = readConfiguration(text, anything);
  if (problems !== undefined) {
    const message = `${path} has problems; see vireo config check ${path}`;
    throw new VireoError("invalid_option", message);
  }
  const provider = configuration.providers[name];
  if (provider?.kind === "openai-compatible") return new URL(provider.url).origin;
  throw new VireoError("invalid_option", `${path} has no remote provider ${name}`);
}
