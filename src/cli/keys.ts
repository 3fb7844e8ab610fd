import type { Command } from "commander";
import { addKey, readKeyFile, removeKey } from "../limits/keys.ts";
import { wholeNumber } from "./options.ts";

const DEFAULT_FILE = "vireo-keys.json";

interface FileFlags {
  readonly file: string;
}

interface AddFlags extends FileFlags {
  readonly requests?: number;
  readonly tokens?: number;
  readonly concurrent?: number;
  readonly days?: number;
}

/** vireo keys add | list | remove */
export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .summary("keys for vireo serve --keys: add, list, remove")
    .description("Makes and revokes the keys that vireo serve --keys FILE asks for.");
  const withFile = (command: Command): Command =>
    command.option("-f, --file <path>", "key file", DEFAULT_FILE);

  withFile(keys.command("add <name>"))
    .summary("make a key and print it; only its hash is kept")
    .option("--requests <n>", "requests a minute", wholeNumber)
    .option("--tokens <n>", "tokens a minute, of prompts and answers", wholeNumber)
    .option("--concurrent <n>", "requests at once", wholeNumber)
    .option("--days <n>", "days until it expires", wholeNumber)
    .action((name: string, flags: AddFlags) => {
      const limits = {
        ...(flags.requests === undefined ? {} : { requestsPerMinute: flags.requests }),
        ...(flags.tokens === undefined ? {} : { tokensPerMinute: flags.tokens }),
        ...(flags.concurrent === undefined ? {} : { concurrentRequests: flags.concurrent }),
      };
      const now = Math.floor(Date.now() / 1000);
      const expiry = flags.days === undefined ? {} : { expiresUnix: now + flags.days * 86_400 };
      const key = addKey(flags.file, { name, limits, ...expiry });
      process.stdout.write(`${key}\n`);
      process.stderr.write(`Kept as a hash in ${flags.file}; this is the only time it is shown.\n`);
    });

  withFile(keys.command("list"))
    .summary("names, limits and ages")
    .action(({ file }: FileFlags) => {
      const records = readKeyFile(file);
      if (records.length === 0) process.stderr.write(`There are no keys in ${file}.\n`);
      for (const { name, createdUnix, expiresUnix, limits } of records) {
        const day = (unix: number) => new Date(unix * 1000).toISOString().slice(0, 10);
        const until = expiresUnix === undefined ? "" : `, until ${day(expiresUnix)}`;
        const bounds = Object.entries(limits).map(([limit, amount]) => `, ${limit} ${amount}`);
        process.stdout.write(`${name}: since ${day(createdUnix)}${until}${bounds.join("")}\n`);
      }
    });

  withFile(keys.command("remove <name>"))
    .summary("revoke a key; running servers notice within a second")
    .action((name: string, { file }: FileFlags) => {
      removeKey(file, name);
      process.stderr.write(`The key of ${name} is revoked.\n`);
    });
}
