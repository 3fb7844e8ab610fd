// Contents and memory needs of a checkpoint, from config.json and the headers alone.

import { stat } from "node:fs/promises";
import type { WeightFormat } from "../core/dtype.ts";
import { openCheckpointFiles, type TensorEntry, type TensorIndex } from "../weights/safetensors.ts";
import { type LayerKind, type ModelConfig, readModelConfig } from "./config.ts";
import type { LinearPlan } from "./find-tensors.ts";
import { type CheckpointPlan, type LayerPlan, planCheckpoint } from "./names.ts";
import { slotBytes } from "./state.ts";

export type Part = "language model" | "vision tower" | "projector";

export interface PartContent {
  readonly part: Part;
  readonly parameters: number;
  /** Matrices by stored format; `small` are norms, biases, convolutions, positions. */
  readonly kinds: readonly {
    readonly kind: LinearPlan["format"] | "embeddings" | "small";
    readonly tensors: number;
    readonly parameters: number;
  }[];
}

/** Bytes of packed weights in memory if the language model's matrices take this format. */
export interface MemoryPlan {
  readonly format: WeightFormat;
  readonly languageBytes: number;
  readonly headBytes: number;
  readonly embeddingBytes: number;
  /** Vision tower and projector, the same in every format. */
  readonly visionBytes: number;
  readonly smallBytes: number;
  readonly totalBytes: number;
}

export interface Inspection {
  readonly dir: string;
  readonly config: ModelConfig;
  readonly parts: readonly PartContent[];
  readonly layerCounts: Readonly<Record<LayerKind, number>>;
  readonly memory: readonly MemoryPlan[];
  /** bf16 can be quantised; fp8 and nvfp4 keep their format. */
  readonly loadsAs: readonly WeightFormat[];
  /** K and V of all attention layers, bf16. */
  readonly kvBytesPerToken: number;
  /** Convolution window, state and the rows since its last chunk, of all Mamba-2 layers, f32. */
  readonly mambaBytesPerSequence: number;
  readonly files: number;
  readonly diskBytes: number;
  /** Less than diskBytes for a folder of sparse files. */
  readonly allocatedBytes: number;
  readonly ignoredTensors: number;
}

/** Bytes per weight of a packed matrix, scales included.         Source: MODEL.md § Formats. */
const BYTES_PER_WEIGHT: Readonly<Record<WeightFormat, number>> = Object.freeze({
  bf16: 2,
  fp8: 1,
  nvfp4: 0.5 + 1 / 16,
  int8: 1 + 4 / 1280,
  int4: 0.5 + 1 / 64 + 4 / 1280,
});
const FORMATS: readonly WeightFormat[] = ["bf16", "fp8", "nvfp4", "int8", "int4"];
const LETTERS: Readonly<Record<LayerKind, string>> = { mamba2: "M", mlp: "-", attention: "*" };

/**
 * Returns parts, formats and memory of a checkpoint without reading tensor data. Throws
 * invalid_checkpoint or unsupported_checkpoint for a checkpoint that cannot be opened.
 *
 * @example
 * const inspection = await inspectCheckpoint("models/mini");
 */
export async function inspectCheckpoint(dir: string): Promise<Inspection> {
  const index = await openCheckpointFiles(dir);
  const config = await readModelConfig(index);
  return inspectPlan(index, config, planCheckpoint(index, config));
}

/** Inspects a plan that was made before and may have stand-ins for missing tensors. */
export async function inspectPlan(
  index: TensorIndex,
  config: ModelConfig,
  plan: CheckpointPlan,
): Promise<Inspection> {
  const contents = listContents(plan);
  const stats = await Promise.all(index.files.map((file) => stat(file.path)));
  return {
    dir: index.dir,
    config,
    parts: [
      summarize("language model", contents.language),
      summarize("vision tower", contents.vision),
      summarize("projector", contents.projector),
    ],
    layerCounts: countLayers(config.text.layers),
    memory: FORMATS.map((format) => planMemory(format, plan, contents, config)),
    loadsAs: loadableFormats(contents.language.linears),
    kvBytesPerToken: kvBytesPerToken(config),
    mambaBytesPerSequence: slotBytes(config),
    files: index.files.length,
    diskBytes: index.files.reduce((sum, file) => sum + file.bytes, 0),
    // POSIX counts st_blocks in units of 512 bytes whatever the file system's block is.
    allocatedBytes: stats.reduce((sum, file) => sum + file.blocks * 512, 0),
    ignoredTensors: plan.ignored.length,
  };
}

export function kvBytesPerToken(config: ModelConfig): number {
  const { layers, attention } = config.text;
  return countLayers(layers).attention * 2 * attention.kvHeads * attention.headDim * 2;
}

interface PartTensors {
  readonly linears: readonly LinearPlan[];
  readonly small: readonly TensorEntry[];
  readonly embeddings?: TensorEntry;
}

interface Contents {
  readonly language: PartTensors;
  readonly vision: PartTensors;
  readonly projector: PartTensors;
}

function listContents(plan: CheckpointPlan): Contents {
  const { vision, projector } = plan;
  const blockLinears = vision.blocks.flatMap((b) => [b.qkv, b.proj, b.fc1, b.fc2]);
  const blockNorms = vision.blocks.flatMap(({ norm1, norm2 }) => [
    ...[norm1.weight, norm1.bias],
    ...[norm2.weight, norm2.bias],
  ]);
  const biases = blockLinears.flatMap(({ bias }) => (bias === undefined ? [] : [bias]));
  return {
    language: {
      embeddings: plan.embeddings,
      linears: [...plan.layers.flatMap(layerLinears), plan.lmHead],
      small: [...plan.layers.flatMap(layerSmall), plan.finalNorm],
    },
    vision: {
      linears: [vision.embedder, ...blockLinears],
      small: [vision.position, vision.prefix, ...blockNorms, ...biases],
    },
    projector: { linears: [projector.up, projector.down], small: [projector.norm] },
  };
}

/** Every matrix of the network. */
export function linearsOf(plan: CheckpointPlan): readonly LinearPlan[] {
  const { language, vision, projector } = listContents(plan);
  return [...language.linears, ...vision.linears, ...projector.linears];
}

function layerLinears(layer: LayerPlan): readonly LinearPlan[] {
  switch (layer.kind) {
    case "mamba2":
      return [layer.inProj, layer.outProj];
    case "mlp":
      return [layer.up, layer.down];
    case "attention":
      return [layer.q, layer.k, layer.v, layer.o];
  }
}

function layerSmall(layer: LayerPlan): readonly TensorEntry[] {
  if (layer.kind !== "mamba2") return [layer.norm];
  const { norm, convWeight, convBias, dtBias, aLog, d, gateNorm } = layer;
  return [norm, convWeight, convBias, dtBias, aLog, d, gateNorm];
}

function summarize(part: Part, tensors: PartTensors): PartContent {
  const groups: PartContent["kinds"][number][] = [];
  if (tensors.embeddings !== undefined) {
    groups.push({ kind: "embeddings", tensors: 1, parameters: elements(tensors.embeddings) });
  }
  for (const format of ["bf16", "fp8", "nvfp4"] as const) {
    const linears = tensors.linears.filter((linear) => linear.format === format);
    const parameters = sum(linears, weights);
    if (linears.length > 0) groups.push({ kind: format, tensors: linears.length, parameters });
  }
  const { small } = tensors;
  groups.push({ kind: "small", tensors: small.length, parameters: sum(small, elements) });
  return { part, parameters: sum(groups, (group) => group.parameters), kinds: groups };
}

function planMemory(
  format: WeightFormat,
  plan: CheckpointPlan,
  { language, vision, projector }: Contents,
  config: ModelConfig,
): MemoryPlan {
  const { gridSide, hidden } = config.vision;
  const headFormat = format === "int8" || format === "int4" ? "int8" : "bf16";
  const headBytes = weights(plan.lmHead) * BYTES_PER_WEIGHT[headFormat];
  const languageWeights = sum(language.linears, weights) - weights(plan.lmHead);
  const languageBytes = languageWeights * BYTES_PER_WEIGHT[format];
  const embeddingBytes = elements(plan.embeddings) * BYTES_PER_WEIGHT.bf16;
  const visionWeights = sum([...vision.linears, ...projector.linears], weights);
  const visionBytes = visionWeights * BYTES_PER_WEIGHT.bf16;
  // The position grid is resized to one tile at loading; only that stays in memory.
  const vectors = [...language.small, ...vision.small, ...projector.small];
  const positions = gridSide * gridSide * hidden - elements(plan.vision.position);
  const smallBytes = (sum(vectors, elements) + positions) * 4;
  const totalBytes = languageBytes + headBytes + embeddingBytes + visionBytes + smallBytes;
  return { format, languageBytes, headBytes, embeddingBytes, visionBytes, smallBytes, totalBytes };
}

function loadableFormats(linears: readonly LinearPlan[]): readonly WeightFormat[] {
  const stored = linears.find(({ format }) => format !== "bf16")?.format;
  return stored === undefined ? ["bf16", "int8", "int4"] : [stored];
}

function countLayers(layers: readonly LayerKind[]): Record<LayerKind, number> {
  const counts = { mamba2: 0, mlp: 0, attention: 0 };
  for (const kind of layers) counts[kind]++;
  return counts;
}

function elements(entry: TensorEntry): number {
  return entry.shape.reduce((product, size) => product * size, 1);
}

function weights(linear: LinearPlan): number {
  return linear.outputs * linear.inputs;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/**
 * Formats an inspection as plain text for a terminal of 100 columns.
 *
 * @example
 * console.log(formatInspection(await inspectCheckpoint("models/mini")));
 */
export function formatInspection(inspection: Inspection): string {
  const { config, layerCounts: counts, memory } = inspection;
  const { text, vision, image, projector } = config;
  const parameters = sum(inspection.parts, (part) => part.parameters);
  const lines = [
    `${inspection.dir}`,
    `  ${inspection.files} files, ${bytesText(inspection.diskBytes)} (${bytesText(
      inspection.allocatedBytes,
    )} on disk), ${inspection.ignoredTensors} tensors not used`,
    "",
    `Parameters  ${count(parameters)} = ${inspection.parts
      .map((part) => `${count(part.parameters)} ${part.part}`)
      .join(" + ")}`,
    ...inspection.parts.flatMap((part) =>
      part.kinds.map(
        ({ kind, tensors, parameters: own }) =>
          `  ${part.part.padEnd(16)}${kind.padEnd(12)}${pad(tensors, 5)} tensors  ${count(own)}`,
      ),
    ),
    "",
    `Layers      ${text.layers.length} = ${counts.mamba2} Mamba-2 (M) + ${counts.mlp} MLP (-) + ` +
      `${counts.attention} attention (*)`,
    ...wrap(text.layers.map((kind) => LETTERS[kind]).join("")),
    `  hidden ${text.hidden}, vocabulary ${text.vocabulary}, context ${text.contextTokens} tokens`,
    `Vision      ${vision.layers} blocks of ${vision.hidden}, ${vision.prefixTokens} prefix ` +
      `tokens, projector ${projector.input} → ${projector.hidden} → ${projector.output}`,
    `  tiles of ${vision.tilePx} px, ${vision.tokensPerTile} tokens each, at most ` +
      `${image.maxTiles}${image.useThumbnail ? " and a thumbnail" : ""} per image`,
    "",
    "Memory for weights, by format of the language model's matrices",
    `  ${["format", "matrices", "lm_head", "embedding", "vision", "small", "total"]
      .map((title, i) => (i === 0 ? title.padEnd(8) : title.padStart(11)))
      .join("")}`,
    ...memory.map(formatMemory),
    `  this checkpoint loads as ${inspection.loadsAs.join(", ")}`,
    "",
    `Per token     ${bytesText(inspection.kvBytesPerToken)} of keys and values`,
    `Per sequence  ${bytesText(inspection.mambaBytesPerSequence)} of Mamba-2 state`,
    `Per video     EVS drops ${config.videoPruningRate} of its tokens (video_pruning_rate)`,
  ];
  return `${lines.join("\n")}\n`;
}

function formatMemory(plan: MemoryPlan): string {
  const { languageBytes, headBytes, embeddingBytes, visionBytes, smallBytes, totalBytes } = plan;
  const columns = [languageBytes, headBytes, embeddingBytes, visionBytes, smallBytes, totalBytes];
  return `  ${plan.format.padEnd(8)}${columns.map((n) => bytesText(n).padStart(11)).join("")}`;
}

function wrap(pattern: string): string[] {
  const rows: string[] = [];
  for (let at = 0; at < pattern.length; at += 80) rows.push(`  ${pattern.slice(at, at + 80)}`);
  return rows;
}

/** Decimal units, as disks and model cards count. */
export function bytesText(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} GB`;
  if (n >= 1e6) return `${(n / 1e6).toFixed(1)} MB`;
  return n >= 1e3 ? `${(n / 1e3).toFixed(1)} kB` : `${Math.round(n)} B`;
}

function count(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toFixed(2)} B`;
  if (n >= 1e8) return `${(n / 1e9).toFixed(2)} B`;
  return n >= 1e6 ? `${(n / 1e6).toFixed(2)} M` : `${(n / 1e3).toFixed(1)} k`;
}

function pad(n: number, width: number): string {
  return String(n).padStart(width);
}
