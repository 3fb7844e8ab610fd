import { homedir } from "node:os";
import { join } from "node:path";
import { type Command, Option } from "commander";
import { VireoError } from "../core/errors.ts";
import { FileStore } from "../files/store.ts";
import { byteSize, wholeBetween } from "./parsers.ts";
import type { Terminal } from "./terminal.ts";

/** Values of the options that withFileOptions() adds. */
export interface FileFlags {
  /** Key file; with one, each key has its own default quota. */
  readonly keys?: string;
  /** False: no files are stored. */
  readonly files?: string | boolean;
  readonly filesQuota: number;
  readonly filesTenantQuota?: number;
  readonly filesHours: number;
}

/** Adds the options of files that clients upload. */
export function withFileOptions(command: Command): Command {
  const folder = "folder for uploaded files (default: vireo/files in ~/.cache)";
  const share = "quota of each key (default: a fifth of the quota with --keys, else all)";
  return command
    .addOption(new Option("--files <dir>", folder).env("VIREO_FILES"))
    .option("--no-files", "do not store files")
    .addOption(
      new Option("--files-quota <size>", "quota of all files together")
        .argParser(byteSize)
        .default(10e9, "10GB"),
    )
    .option("--files-tenant-quota <size>", share, byteSize)
    .option("--files-hours <n>", "hours until a file expires, 1 to 720", wholeBetween(1, 720), 24);
}

/**
 * Opens the folder that the flags name. If the default folder fails, no files are stored and the
 * terminal says so.
 *
 * Throws invalid_option for a named folder that cannot be used.
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
    terminal.note(`uploads are off: ${error.message}`);
    return undefined;
  }
}
