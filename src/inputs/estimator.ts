import { createHash } from "node:crypto";
import type { ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import type { EstimateOptions, PromptEstimate } from "../core/estimate.ts";
import type { UpstreamModel } from "../core/upstream.ts";
import type { Resize } from "../media/pixels.ts";
import { readModelConfig } from "../model/config.ts";
import { describeModel, identify } from "../model/model-identity.ts";
import type { TemplateMode } from "../text/open-template.ts";
import { openCheckpointFiles } from "../weights/safetensors.ts";
import type { VideoOptions } from "./media/videos.ts";
import { Preparer } from "./preparer.ts";
import { chooseContext, openStores } from "./stores.ts";
import { openTextFiles, type TextFiles } from "./text-files.ts";

export interface EstimatorOptions {
  /** Default: what the checkpoint says. */
  readonly contextTokens?: number;
  readonly video?: VideoOptions;
  /** Name under which the model is served. */
  readonly modelId?: string;
  /** As for an engine. */
  readonly template?: TemplateMode;
}

/**
 * Sizes are all that is counted, so nobody computes pixels that nobody looks at. In their place
 * stands a hash, by which frames that repeat are found.
 */
const sizesOnly: Resize = async (image, width, height) => {
  return { rgb: createHash("sha256").update(image.rgb).digest(), width, height };
};

/**
 * Counts what requests would be billed, as an engine on the same checkpoint with the same options
 * does: by the same code, but without weights.
 */
export class Estimator {
  readonly model: UpstreamModel;
  private readonly text: TextFiles;
  private readonly preparer: Preparer;

  private constructor(model: UpstreamModel, text: TextFiles, preparer: Preparer) {
    this.model = model;
    this.text = text;
    this.preparer = preparer;
  }

  /** Reads a checkpoint folder's headers, tokenizer and template. Throws as `open` does. */
  static async open(dir: string, options: EstimatorOptions = {}): Promise<Estimator> {
    const text = await openTextFiles(dir, options.template);
    const config = await readModelConfig(await openCheckpointFiles(dir));
    const contextTokens = chooseContext(config, options.contextTokens);
    const stores = openStores(config, sizesOnly, options.video);
    const preparer = new Preparer({ model: { config }, text, stores, contextTokens });
    const told = { fingerprint: "", contextTokens, videoPruningRate: stores.videos.defaultRate };
    const model = describeModel(identify(dir, config, options.modelId), told);
    return new Estimator(model, text, preparer);
  }

  async estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate> {
    return await this.preparer.estimate(request, () => {}, options);
  }

  /** Tokens of a text alone. */
  countText(text: string): number {
    return this.text.tokenizer.encodeText(text).length;
  }

  async close(): Promise<void> {
    await this.preparer.close(new VireoError("engine_closed", "the estimator has been closed"));
  }
}
