import { homedir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { VireoError } from "../core/errors.ts";
import { FileStore } from "../files/store.ts";
import { byteSize, wholeBetween } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What commander hands over for the options below. */
export interface FileFlags {
  /** A key for each user, which decides what a share is. */
  readonly keys?: string;
  /** False: none are kept. */
  readonly files?: string | boolean;
  readonly filesQuota: number;
  readonly filesTenantQuota?: number;
  readonly filesHours: number;
}

/** Options of files that clients upload. */
export function withFileOptions(command: Command): Command {
  const folder = "folder for files that clients upload (default: vireo/files in ~/.cache)";
  const share = "for the files of each key (default: with --keys a fifth, else all)";
  return command
    .addOption(new Option("--files <dir>", folder).env("VIREO_FILES"))
    .option("--no-files", "keep no files")
    .addOption(
      new Option("--files-quota <size>", "for all files together")
        .argParser(byteSize)
        .default(10e9, "10GB"),
    )
    .option("--files-tenant-quota <size>", share, byteSize)
    .option("--files-hours <n>", "how long a file is kept at most", wholeBetween(1, 720), 24);
}

/**
 * Opens the folder that the flags name. The usual one may fail: then no files are kept, and the
 * terminal says so.
 *
 * Throws invalid_option for a folder that was named and cannot be used.
 */
export async function openFiles(
  flags: FileFlags,
  terminal: Terminal,
): Promise<FileStore | undefined> {
  const { files, filesQuota: quotaBytes, filesTenantQuota, filesHours, keys } = flags;
  if (files === false) return undefined;
  const isNamed = typeof files === "string";
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  const share = keys === undefined ? quotaBytes : Math.floor(quotaBytes / 5);
  try {
    return await FileStore.open({
      folder: isNamed ? files : join(cache, "vireo", "files"),
      quotaBytes,
      tenantQuotaBytes: filesTenantQuota ?? share,
      ttlSeconds: filesHours * 3600,
    });
  } catch (error) {
    if (isNamed || !(error instanceof VireoError)) throw error;
    terminal.note(`no files are kept: ${error.message}`);
    return undefined;
  }
}
