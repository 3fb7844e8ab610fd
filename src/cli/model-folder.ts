import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { VireoError } from "../core/errors.ts";

/** Models that come with vireo; tiny has random weights, for tests. */
const EMBEDDED_MODELS: readonly string[] = ["mini", "tiny"];
const models = join(dirname(fileURLToPath(import.meta.url)), "..", "..", "models");

/**
 * Finds a checkpoint folder by its path, a model that comes with vireo by its name, or a repository
 * of the Hugging Face hub by owner/name if it is in the local cache.
 *
 * Throws invalid_option, with the command that downloads a missing repository.
 */
export function modelFolder(name: string): string {
  for (const folder of [resolve(name), join(models, name), ...hubSnapshots(name)]) {
    if (existsSync(join(folder, "config.json"))) return folder;
  }
  throw notFound(name);
}

/** Finds a folder to inspect, by the same names; the folder may lack files. */
export function folderToInspect(name: string): string {
  const folders = [join(models, name), ...hubSnapshots(name)].filter((folder) => {
    return existsSync(join(folder, "config.json"));
  });
  const [folder] = [resolve(name), ...folders].filter((one) => {
    return existsSync(one) && statSync(one).isDirectory();
  });
  if (folder === undefined) throw notFound(name);
  return folder;
}

const REPOSITORY = /^[A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*$/;

/** Snapshots of a repository in the hub's cache; the snapshot of `main` comes first. */
function hubSnapshots(name: string): string[] {
  if (!REPOSITORY.test(name)) return [];
  const folder = join(hubCache(), `models--${name.replace("/", "--")}`);
  const snapshots = join(folder, "snapshots");
  if (!existsSync(snapshots)) return [];
  const main = join(folder, "refs", "main");
  const head = existsSync(main) ? [readFileSync(main, "utf8").trim()] : [];
  const revisions = [...new Set([...head, ...readdirSync(snapshots)])];
  return revisions.filter((one) => /^[\w.-]+$/.test(one)).map((one) => join(snapshots, one));
}

/** Download folder of Hugging Face's own tools. */
function hubCache(): string {
  const { HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME } = process.env;
  const named = HF_HUB_CACHE || HUGGINGFACE_HUB_CACHE;
  if (named) return named;
  const home = HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface");
  return join(home, "hub");
}

function notFound(name: string): VireoError {
  const way = REPOSITORY.test(name)
    ? `; it is not in ${hubCache()} either; get it with: hf download ${name}`
    : "";
  const text = `no checkpoint at ${name}: a folder with config.json and *.safetensors is needed`;
  return new VireoError("invalid_option", text + way, { param: "model" });
}

/** The id of a model that comes with vireo, whichever path led to its folder. */
export function identityOf(folder: string): { readonly modelId?: string } {
  const real = realpathSync(folder);
  const name = EMBEDDED_MODELS.find((one) => {
    const path = join(models, one);
    return existsSync(path) && realpathSync(path) === real;
  });
  return name === undefined ? {} : { modelId: `vireo/${name}` };
}
