import type { Command } from "commander";
import { defined } from "../core/defined.ts";
import { addKey, generateKey, readKeyFile, removeKey } from "../limits/keys.ts";
import { wholeNumber } from "./parsers.ts";

const DEFAULT_FILE = "vireo-keys.json";

interface FileFlags {
  readonly file: string;
}

interface AddFlags extends FileFlags {
  readonly requests?: number;
  readonly tokens?: number;
  readonly concurrent?: number;
  readonly days?: number;
  readonly zdr?: boolean;
  readonly operator?: boolean;
}

const EXAMPLES = `
Examples:
  vireo keys add anna --requests 60 --days 90
  vireo keys add monitoring --operator
  vireo keys list
  vireo serve --keys ${DEFAULT_FILE}`;

/** Adds `vireo keys add`, `list`, `remove` and `generate`. */
export function addKeys(program: Command): void {
  const keys = program
    .command("keys")
    .summary("add, list and remove keys for vireo serve --keys")
    .description("Makes and revokes the keys that vireo serve --keys FILE requires.");
  const withFile = (command: Command): Command =>
    command.option("-f, --file <path>", "key file", DEFAULT_FILE);

  withFile(keys.command("add <name>"))
    .summary("make a key and print it; only its hash is stored")
    .option("--requests <n>", "requests per minute (default: no limit)", wholeNumber)
    .option(
      "--tokens <n>",
      "tokens per minute, of prompts and answers (default: no limit)",
      wholeNumber,
    )
    .option("--concurrent <n>", "requests at once (default: no limit)", wholeNumber)
    .option("--days <n>", "days until the key expires (default: never)", wholeNumber)
    .option("--zdr", "keep nothing of its requests and answers (zero data retention)")
    .option("--operator", "the key may read /metrics, which concern all keys")
    .action((name: string, flags: AddFlags) => {
      const limits = defined({
        requestsPerMinute: flags.requests,
        tokensPerMinute: flags.tokens,
        concurrentRequests: flags.concurrent,
      });
      const now = Math.floor(Date.now() / 1000);
      const expiry = flags.days === undefined ? {} : { expiresUnix: now + flags.days * 86_400 };
      const policy = defined({ zeroDataRetention: flags.zdr, operator: flags.operator });
      const key = addKey(flags.file, { name, limits, ...expiry, ...policy });
      process.stdout.write(`${key}\n`);
      process.stderr.write(`Only its hash is stored, in ${flags.file}: copy the key now.\n`);
    });

  withFile(keys.command("list"))
    .summary("list names, limits and dates of keys")
    .action(({ file }: FileFlags) => {
      const records = readKeyFile(file);
      if (records.length === 0) process.stderr.write(`There are no keys in ${file}.\n`);
      for (const { name, createdUnix, expiresUnix, limits, operator } of records) {
        const day = (unix: number) => new Date(unix * 1000).toISOString().slice(0, 10);
        const until = expiresUnix === undefined ? "" : `, until ${day(expiresUnix)}`;
        const bounds = Object.entries(limits).map(([limit, amount]) => `, ${limit} ${amount}`);
        const scope = operator ? ", operator" : "";
        const dates = `since ${day(createdUnix)}${until}`;
        process.stdout.write(`${name}: ${dates}${bounds.join("")}${scope}\n`);
      }
    });

  keys
    .command("generate")
    .summary("print a random key, for VIREO_API_KEY; nothing is stored")
    .action(() => {
      process.stdout.write(`${generateKey()}\n`);
    });

  keys.addHelpText("after", EXAMPLES);

  withFile(keys.command("remove <name>"))
    .summary("revoke a key; running servers notice within a second")
    .action((name: string, { file }: FileFlags) => {
      removeKey(file, name);
      process.stderr.write(`The key of ${name} is revoked.\n`);
    });
}
