import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VireoError } from "../core/errors.ts";

/** Models that come with the program: tiny has random weights, for tests. */
const EMBEDDED_MODELS: readonly string[] = ["mini", "tiny"];
const models = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "models");

/** A checkpoint folder by its path, or a model that comes with vireo by its name. */
export function modelFolder(name: string): string {
  for (const folder of [resolve(name), join(models, name)]) {
    if (existsSync(join(folder, "config.json"))) return folder;
  }
  const text = `no checkpoint at ${name}: a folder with config.json and *.safetensors is needed`;
  throw new VireoError("invalid_option", text, { param: "model" });
}

/** The id of a model that comes with the program, by whatever path its folder was named. */
export function identityOf(folder: string): { readonly modelId?: string } {
  const real = realpathSync(folder);
  const name = EMBEDDED_MODELS.find((one) => {
    const path = join(models, one);
    return existsSync(path) && realpathSync(path) === real;
  });
  return name === undefined ? {} : { modelId: `vireo/${name}` };
}
