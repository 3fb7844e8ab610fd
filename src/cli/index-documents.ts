import { stat } from "node:fs/promises";
import { resolve, sep } from "node:path";
import type { Command } from "commander";
import { VireoError } from "../core/errors.ts";
import { listDocuments } from "../extract/batch.ts";
import { type Collection, openCollection } from "../retrieval/collection.ts";
import {
  type CollectionFlags,
  collectionFolder,
  withCollectionOptions,
} from "./collection-folder.ts";
import { interruptible } from "./interruptible.ts";
import { openTerminal, printable, type Terminal } from "./terminal.ts";

export function addIndex(program: Command): void {
  const index = program
    .command("index")
    .summary("collections of documents that `vireo search` finds pages in")
    .description("Builds and maintains collections of documents, which `vireo search` searches.")
    .addHelpText(
      "after",
      `
Examples:
  vireo index add invoices/ --collection invoices
  vireo index status --collection invoices`,
    );
  withCollectionOptions(
    index
      .command("add")
      .description(
        "Adds files, and all files in folders. Unchanged files are not read again, and files " +
          "that have vanished from a folder are removed. The same command continues after an " +
          "interruption.",
      )
      .argument("<files...>", "documents and folders of them"),
  ).action(add);
  withCollectionOptions(
    index.command("status").description("Lists the documents with their states."),
  )
    .option("--json", "print JSON")
    .action(status);
  withCollectionOptions(
    index
      .command("verify")
      .description("Finds and repairs what does not fit together. Exit status 1 if it found any."),
  ).action(verify);
  withCollectionOptions(
    index.command("compact").description("Gives the space of removed documents back to the disk."),
  ).action((flags: CollectionFlags) => using(flags, async (collection) => collection.compact()));
  withCollectionOptions(
    index
      .command("remove")
      .description("Removes documents from the collection; the files themselves stay.")
      .argument("<files...>", "files and folders that were added"),
  ).action(remove);
}

async function using(
  flags: CollectionFlags,
  work: (collection: Collection) => Promise<void>,
): Promise<void> {
  const collection = await openCollection(collectionFolder(flags));
  try {
    await work(collection);
  } finally {
    await collection.close();
  }
}

async function add(paths: string[], flags: CollectionFlags): Promise<void> {
  const terminal = openTerminal(process.stderr);
  const files = (await listDocuments(paths)).map((file) => resolve(file));
  const folders: string[] = [];
  for (const path of paths) if ((await stat(path)).isDirectory()) folders.push(resolve(path));
  await using(flags, async (collection) => {
    const present = new Set(files);
    const vanished = collection.names().filter((name) => {
      return !present.has(name) && folders.some((folder) => name.startsWith(`${folder}${sep}`));
    });
    for (const name of vanished) collection.remove(name);
    await interruptible(terminal, "interrupted; run the same command to continue", (signal) => {
      return addFiles(collection, files, terminal, signal);
    });
    if (vanished.length > 0) terminal.note(`removed, because vanished: ${vanished.length}`);
  });
}

async function addFiles(
  collection: Collection,
  files: readonly string[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const counts = { read: 0, "same content": 0, unchanged: 0, failed: 0, refused: 0 };
  for (const [at, file] of files.entries()) {
    signal.throwIfAborted();
    terminal.progress(printable(`${at + 1}/${files.length} ${file.slice(-60)}`));
    try {
      counts[await collection.add(file, signal)] += 1;
    } catch (error) {
      const isOfFile = error instanceof VireoError && error.code !== "storage_unavailable";
      if (!isOfFile || signal.aborted) throw error;
      terminal.note(printable(`${file}: ${error.message}`));
      counts.refused += 1;
      process.exitCode = 1;
    }
  }
  const text = Object.entries(counts).map(([how, count]) => `${count} ${how}`);
  terminal.note(`${files.length} files: ${text.join(", ")}`);
  if (counts.failed > 0) terminal.note("vireo index status tells why files failed");
}

async function status(flags: CollectionFlags & { readonly json?: boolean }): Promise<void> {
  await using(flags, async (collection) => {
    const documents = collection.status();
    if (flags.json) {
      process.stdout.write(`${JSON.stringify(documents, null, 2)}\n`);
      return;
    }
    for (const { names, state, reason, pages } of documents) {
      const why = reason === undefined ? "" : `: ${reason}`;
      const count = `${pages} ${pages === 1 ? "page" : "pages"}`;
      process.stdout.write(
        `${printable(`${state.padEnd(7)} ${count}  ${names.join(", ")}${why}`)}\n`,
      );
    }
  });
}

async function verify(flags: CollectionFlags): Promise<void> {
  await using(flags, async (collection) => {
    const problems = collection.verify();
    for (const problem of problems) process.stdout.write(`${printable(problem)}\n`);
    if (problems.length > 0) process.exitCode = 1;
    else process.stdout.write("no problem found\n");
  });
}

async function remove(paths: string[], flags: CollectionFlags): Promise<void> {
  await using(flags, async (collection) => {
    for (const path of paths) {
      const count = collection.remove(path);
      process.stdout.write(`${printable(path)}: ${count} files removed\n`);
      if (count === 0) process.exitCode = 1;
    }
  });
}
