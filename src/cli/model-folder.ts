import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VireoError } from "../core/errors.ts";

const models = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "models");

/** A checkpoint folder by its path, or a model that comes with vireo by its name. */
export function modelFolder(name: string): string {
  for (const folder of [resolve(name), join(models, name)]) {
    if (existsSync(join(folder, "config.json"))) return folder;
  }
  const text = `no checkpoint at ${name}: a folder with config.json and *.safetensors is needed`;
  throw new VireoError("invalid_option", text, { param: "model" });
}
