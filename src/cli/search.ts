import { existsSync } from "node:fs";
import type { Command } from "commander";
import { VireoError } from "../core/errors.ts";
import { openCollection } from "../retrieval/collection.ts";
import type { Hit } from "../retrieval/search.ts";
import {
  type CollectionFlags,
  collectionFolder,
  withCollectionOptions,
} from "./collection-folder.ts";
import { wholeBetween } from "./parsers.ts";
import { openTerminal, printable } from "./terminal.ts";

interface SearchFlags extends CollectionFlags {
  readonly limit: number;
  readonly json?: boolean;
}

export function addSearch(program: Command): void {
  const command = program
    .command("search")
    .summary("find pages in a collection that `vireo index add` has made")
    .description(
      "Prints the pages that have words of the query, best first, and why. Exit status 1 if " +
        "there is none.",
    )
    .argument("<query>", "words, numbers, dates or identifiers")
    .option("-n, --limit <n>", "maximum hits, 1 to 100", wholeBetween(1, 100), 10)
    .option("--json", "print JSON");
  withCollectionOptions(command)
    .addHelpText(
      "after",
      `
Examples:
  vireo search "INV-2016/08"
  vireo search "total of the last invoice" --collection invoices --json`,
    )
    .action(search);
}

async function search(query: string, flags: SearchFlags): Promise<void> {
  const folder = collectionFolder(flags);
  if (!existsSync(folder)) {
    const message =
      `there is no collection named ${flags.collection}; ` +
      `make it by: vireo index add FOLDER --collection ${flags.collection}`;
    throw new VireoError("invalid_option", message);
  }
  const collection = await openCollection(folder);
  try {
    const result = collection.search(query, flags.limit);
    if (flags.json) process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else {
      for (const hit of result.hits) process.stdout.write(`${lineOf(hit)}\n`);
      openTerminal(process.stderr).note(result.missing);
    }
    if (result.hits.length === 0) process.exitCode = 1;
  } finally {
    await collection.close();
  }
}

function lineOf({ names, page, channels, matched, snippet, equalPages }: Hit): string {
  const found = Object.entries(channels).map(([channel, rank]) => `${channel} ${rank}`);
  const equal = equalPages > 0 ? `, and ${equalPages} equal pages` : "";
  const why = `${found.join(", ")}: ${matched.join(", ")}${equal}`;
  return printable(`${names[0]}, page ${page} (${why})`).concat(`\n  ${printable(snippet)}`);
}
