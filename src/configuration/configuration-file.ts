import { readFile } from "node:fs/promises";
import { VireoError } from "../core/errors.ts";

/** Reads the text of a configuration file. Throws invalid_option if it cannot be read. */
export async function readConfigurationFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? "no reason";
    throw new VireoError("invalid_option", `cannot read ${path}: ${reason}`, { cause });
  }
}
