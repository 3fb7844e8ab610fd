import type { Backend, KvDtype } from "../backends/backend.ts";
import type { BackendOptions } from "../backends/open.ts";
import type { Log } from "../core/log.ts";
import type { VideoOptions } from "../inputs/media/video-settings.ts";
import type { TemplateInfo } from "../inputs/text-files.ts";
import type { LoadFormat } from "../model/place-tensors.ts";
import type { TemplateMode } from "../text/open-template.ts";
import type { PackProgress } from "../weights/packed.ts";

/** Options of `open`. */
export interface EngineOptions extends BackendOptions {
  /** Default: "cpu". */
  readonly backend?: Backend["name"];
  /** Format of the weights in memory. Default: "stored". */
  readonly format?: LoadFormat;
  /** Type of the KV cache. Default: "bf16". */
  readonly kvDtype?: KvDtype;
  /** Limit of all memory of the engine. Default: 85 % of the machine's. */
  readonly memoryBytes?: number;
  /** Tokens of prompt and answer together. Default: the checkpoint's. */
  readonly contextTokens?: number;
  /** Maximum number of sequences that run at once. Default: 16. */
  readonly maxSequences?: number;
  /** Maximum number of cached prompt prefixes. Default: 32. */
  readonly maxPrefixes?: number;
  /** Maximum number of rows per step. Default: 256. */
  readonly maxRows?: number;
  /** Folder for packed weights; false: no files. Default: `.vireo` in the checkpoint. */
  readonly cacheDir?: string | false;
  /** Packed weights up to this size are verified before use, others later. Default: 256 MiB. */
  readonly verifyFirstBytes?: number;
  readonly video?: VideoOptions;
  /**
   * Tenants share cached pictures, pages and videos: a file that one has sent is faster for all.
   * Then each can find out by timing whether another has sent a file. Default: false.
   */
  readonly shareMedia?: boolean;
  /**
   * Name under which the model is served. Default: the published name if the checkpoint has the
   * published sizes, else the name in config.json or of the folder.
   */
  readonly modelId?: string;
  /** Chat template that renders the prompts. Default: the checkpoint's alone. */
  readonly template?: TemplateMode;
  /**
   * Whether servers let the model reason when neither the request nor its messages decide. Default:
   * no.
   */
  readonly reasoning?: boolean;
  /**
   * Read the tokenizer for structured output when the engine opens (0.25 s for 131k tokens) instead
   * of at the first request that needs it.
   */
  readonly prewarmGrammars?: boolean;
  readonly onProgress?: (progress: PackProgress) => void;
  /** Called when packed weights in use prove to be damaged; the engine answers no more requests. */
  readonly onDamage?: () => void;
  readonly log?: Log;
}

/** Sizes and settings of an open engine. */
export interface EngineInfo {
  readonly backend: string;
  readonly kernelSet: string;
  readonly threads: number;
  readonly weightBytes: number;
  /** The packed weights were read from the cache folder. */
  readonly fromCache: boolean;
  readonly contextTokens: number;
  /** Maximum number of sequences that run at once. */
  readonly slots: number;
  /** Maximum number of cached prefixes. */
  readonly prefixes: number;
  /** KV pages of all sequences and cached prefixes. */
  readonly pages: number;
  /** Share of a video's tokens that EVS drops unless a request sets it, 0 to below 1. */
  readonly videoPruningRate: number;
  /** The checkpoint's pruning rate, which `video.pruningRate` of the options overrides. */
  readonly checkpointPruningRate: number;
  readonly loadMs: number;
  readonly template: TemplateInfo;
}
