import { homedir } from "node:os";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";

export interface CollectionFlags {
  readonly collection: string;
  readonly collections?: string;
}

export function withCollectionOptions(command: Command): Command {
  return command
    .option("--collection <name>", "name of the collection", collectionName, "default")
    .addOption(
      new Option(
        "--collections <folder>",
        "folder of all collections (default: vireo/collections in the user's data folder)",
      ).env("VIREO_COLLECTIONS"),
    );
}

export function collectionFolder({ collection, collections }: CollectionFlags): string {
  if (collections !== undefined) return join(collections, collection);
  const data = process.env.XDG_DATA_HOME || join(homedir(), ".local", "share");
  return join(data, "vireo", "collections", collection);
}

/** A name is a part of a path, so it has no separators and does not begin with a dot. */
function collectionName(text: string): string {
  if (/^[\p{L}\p{N}_][\p{L}\p{N}_.-]{0,63}$/u.test(text)) return text;
  throw new InvalidArgumentError(
    "It must have up to 64 letters, digits, dots, hyphens and underscores.",
  );
}
