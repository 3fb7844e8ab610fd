import { basename, resolve } from "node:path";
import { VireoError } from "../core/errors.ts";
import type { UpstreamModel } from "../core/upstream.ts";
import type { ModelConfig } from "./config.ts";
import { hasPublishedShape } from "./published.ts";

const PUBLISHED_ID = "nvidia/nemotron-nano-12b-v2-vl";
/** Other names that requests use for the published model. */
const PUBLISHED_ALIASES: readonly string[] = [
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-BF16",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-FP8",
  "nvidia/NVIDIA-Nemotron-Nano-12B-v2-VL-NVFP4-QAD",
  "nemotron-nano-12b-v2-vl",
  "nemotron-nano-12b-v2-vl-bf16",
  "nemotron-nano-12b-v2-vl-fp8",
  "nemotron-nano-12b-v2-vl-nvfp4-qad",
];
/** Day on which the model was published, 2025-10-28, in seconds. */
const PUBLISHED_UNIX = 1_761_609_600;
const NAME = /^[A-Za-z0-9][\w.-]{0,95}(\/[A-Za-z0-9][\w.-]{0,95})?$/;
const HUB_SNAPSHOT = /\/models--([^/]+?)--([^/]+)\/snapshots\/[^/]+$/;

export interface ModelIdentity
  extends Pick<UpstreamModel, "id" | "aliases" | "ownedBy" | "abilities"> {
  readonly createdUnix: number;
  /** True if the sizes are those of the published 12B model, whose card and licence then apply. */
  readonly published: boolean;
}

/**
 * Names a checkpoint by the requested id; else by the published name if its sizes are the published
 * ones; else by its name in config.json; else by its folder. A checkpoint of other sizes gets a
 * published name only by request.
 *
 * Throws invalid_option for a requested id that is not a name.
 */
export function identify(dir: string, config: ModelConfig, requestedId?: string): ModelIdentity {
  const published = hasPublishedShape(config);
  const id = requestedId ?? (published ? PUBLISHED_ID : (ownName(config) ?? folderName(dir)));
  if (!NAME.test(id)) {
    const shown = JSON.stringify(id.slice(0, 200));
    const text = `the model id is ${shown}; it must be "name" or "owner/name"`;
    throw new VireoError("invalid_option", text, { param: "modelId" });
  }
  return {
    id,
    aliases: published ? [PUBLISHED_ID, ...PUBLISHED_ALIASES].filter((name) => name !== id) : [],
    ownedBy: id.includes("/") ? id.split("/", 1)[0]! : "local",
    createdUnix: published ? PUBLISHED_UNIX : 0,
    published,
  };
}

/** `_name_or_path` of config.json, unless it is a path or the name of the published model. */
function ownName({ name }: ModelConfig): string | undefined {
  if (name === undefined || !NAME.test(name)) return undefined;
  const claims = [PUBLISHED_ID, ...PUBLISHED_ALIASES].some(
    (one) => one.toLowerCase() === name.toLowerCase(),
  );
  return claims ? undefined : name;
}

/** `owner/name` of a snapshot in the Hugging Face cache, else the folder's own name. */
function folderName(dir: string): string {
  const path = resolve(dir).replaceAll("\\", "/");
  const [, owner, name] = HUB_SNAPSHOT.exec(path) ?? [];
  const clean = (text: string): string =>
    text
      .replace(/[^\w.-]+/g, "-")
      .replace(/^[^A-Za-z0-9]+/, "")
      .slice(0, 96) || "model";
  if (owner !== undefined && name !== undefined) return `${clean(owner)}/${clean(name)}`;
  return clean(basename(path));
}

/** The entry of a model in the server's list. */
export function describeModel(
  identity: ModelIdentity,
  details: Pick<UpstreamModel, "fingerprint" | "contextTokens" | "videoPruningRate" | "reasoning">,
): UpstreamModel {
  return { ...identity, maxOutputTokens: details.contextTokens, ...details };
}
