import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { checkSchema } from "./extract.ts";
import type { JsonObject } from "./merge.ts";

const FOLDER = fileURLToPath(new URL("../../schemas", import.meta.url));

export interface ShippedSchema {
  readonly name: string;
  readonly description: string;
}

/**
 * Lists the built-in schemas.
 *
 * @example
 * for (const { name, description } of await listSchemas()) console.log(name, description);
 */
export async function listSchemas(): Promise<ShippedSchema[]> {
  const names = await listNames();
  return await Promise.all(
    names.map(async (name) => {
      return { name, description: String((await readSchema(name)).description ?? "") };
    }),
  );
}

/**
 * Reads a schema from a file, or a built-in one by its name, such as "invoice".
 *
 * Throws invalid_schema with the reason.
 *
 * @example
 * const schema = await readSchema("invoice");
 */
export async function readSchema(nameOrPath: string): Promise<JsonObject> {
  const isName = /^[a-z0-9-]+$/.test(nameOrPath);
  const path = isName ? join(FOLDER, `${nameOrPath}.json`) : nameOrPath;
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const names = isName ? (await listNames()).join(", ") : "";
    const hint = isName ? `; there are ${names}, or give a file's path` : "";
    throw new VireoError("invalid_schema", `there is no schema ${nameOrPath}${hint}`, { cause });
  }
  if (text.length > LIMITS.schema.bytes) {
    const message = `${nameOrPath} has ${text.length} characters; at most ${LIMITS.schema.bytes}`;
    throw new VireoError("invalid_schema", message);
  }
  try {
    return checkSchema(JSON.parse(text));
  } catch (cause) {
    if (cause instanceof VireoError) throw cause;
    throw new VireoError("invalid_schema", `${nameOrPath} is not JSON`, { cause });
  }
}

async function listNames(): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".json"));
  return files.map((file) => basename(file, ".json")).sort();
}
