import { join } from "node:path";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { type ModelConfig, parseModelConfig } from "../model/config.ts";
import type { Fields } from "../model/config-fields.ts";
import { checkFields, type FieldCheck } from "../model/supported.ts";
import { TENSOR } from "../model/tensor-names.ts";
import { isJsonObject, type JsonObject, readJsonFile } from "../weights/json.ts";
import type { TensorIndex } from "../weights/safetensors.ts";

export interface ConfigReport {
  /** Keys that decide whether this network is implemented. */
  readonly fields: readonly FieldCheck[];
  /** Absent: config.json cannot be used. */
  readonly sizes?: ModelConfig;
  /** One sentence each: files that cannot be read, sizes that contradict each other. */
  readonly problems: readonly string[];
  readonly raw: Readonly<Record<ConfigFile, JsonObject | undefined>>;
}

export type ConfigFile = "config" | "generation" | "preprocessor" | "tokenizer" | "quantisation";

const NAMES: Readonly<Record<ConfigFile, string>> = Object.freeze({
  config: "config.json",
  generation: "generation_config.json",
  preprocessor: "preprocessor_config.json",
  tokenizer: "tokenizer_config.json",
  quantisation: "hf_quant_config.json",
});

/** Reads a checkpoint's small JSON files as far as possible. */
export async function inspectConfig(dir: string, index: TensorIndex): Promise<ConfigReport> {
  const problems: string[] = [];
  const read = async (name: ConfigFile): Promise<JsonObject | undefined> => {
    try {
      return await readJsonFile(join(dir, NAMES[name]), LIMITS.checkpoint.tokenizerFileBytes);
    } catch (error) {
      problems.push(messageOf(error));
      return undefined;
    }
  };
  const raw = {
    config: await read("config"),
    generation: await read("generation"),
    preprocessor: await read("preprocessor"),
    tokenizer: await read("tokenizer"),
    quantisation: await read("quantisation"),
  };
  if (raw.config === undefined) return { fields: [], problems, raw };
  const fields = fieldsOf(raw.config);
  const { config, generation, preprocessor } = raw;
  const files = {
    config,
    ...(generation && { generation }),
    ...(preprocessor && { preprocessor }),
  };
  try {
    const sizes = parseModelConfig(files, (name) => shapeOf(name, index, config));
    return { fields, sizes, problems, raw };
  } catch (error) {
    const message = messageOf(error);
    const isListed = fields.some(({ problem }) => problem === message);
    return { fields, problems: isListed ? problems : [...problems, message], raw };
  }
}

function fieldsOf(config: JsonObject): readonly FieldCheck[] {
  const part = (...keys: readonly string[]): Fields => {
    const key = keys.find((one) => isJsonObject(config[one]));
    const values = key === undefined ? {} : (config[key] as JsonObject);
    return { where: `config.json: ${key ?? keys[0]}`, values };
  };
  const root = { where: "config.json", values: config };
  return checkFields(root, part("llm_config", "text_config"), part("vision_config"));
}

/** A tensor's shape; of one whose shard is missing, what config.json says of it. */
function shapeOf(
  name: string,
  index: TensorIndex,
  config: JsonObject,
): readonly number[] | undefined {
  const stored = index.tensors.get(name)?.shape;
  if (stored !== undefined) return stored;
  const number = (value: unknown): number | undefined =>
    typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
  const llm = config.llm_config ?? config.text_config;
  const vision = config.vision_config;
  const args = isJsonObject(vision) && isJsonObject(vision.args) ? vision.args : {};
  if (name === TENSOR.embeddings) {
    const rows = isJsonObject(llm) ? number(llm.vocab_size) : undefined;
    return rows === undefined ? undefined : [rows];
  }
  if (name === TENSOR.prefix) {
    const rows = number(args.register_multiple);
    return rows === undefined ? undefined : [rows];
  }
  const patch = number(config.patch_size) ?? 16;
  const side = (number(args.cpe_max_size) ?? 0) / patch;
  return name === TENSOR.position && side > 0 ? [1, side * side] : undefined;
}

export function messageOf(error: unknown): string {
  if (error instanceof VireoError) return error.message;
  throw error;
}
