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
import type { VideoOptions } from "./media/video-settings.ts";
import { Preparer } from "./preparer.ts";
import { chooseContext, openStores } from "./stores.ts";
import { openTextFiles, type TextFiles } from "./text-files.ts";

export interface EstimatorOptions {
  /** Tokens of prompt and answer together. Default: the checkpoint's. */
  readonly contextTokens?: number;
  readonly video?: VideoOptions;
  /** Name under which the model is served. */
  readonly modelId?: string;
  /** Source of the chat template, as for an engine. */
  readonly template?: TemplateMode;
}

/**
 * Replaces a resized image by a hash, because estimates need sizes only. Equal hashes identify
 * frames that repeat.
 */
const sizesOnly: Resize = async (image, width, height) => {
  return { rgb: createHash("sha256").update(image.rgb).digest(), width, height };
};

/**
 * Counts the tokens of requests exactly as an engine with the same checkpoint and options does. It
 * runs the same code but needs no weights.
 *
 * @example
 * const estimator = await Estimator.open("models/mini");
 * const messages = [{ role: "user", content: "Hello" }] as const;
 * const { promptTokens } = await estimator.estimate({ messages });
 * await estimator.close();
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

  /** Reads headers, tokenizer and template of a checkpoint folder. Throws what `open` throws. */
  static async open(dir: string, options: EstimatorOptions = {}): Promise<Estimator> {
    const text = await openTextFiles(dir, options.template);
    const config = await readModelConfig(await openCheckpointFiles(dir));
    const contextTokens = chooseContext(config, options.contextTokens);
    const stores = openStores(config, sizesOnly, options.video);
    const preparer = new Preparer({ model: { config }, text, stores, contextTokens });
    const settings = {
      fingerprint: "",
      contextTokens,
      videoPruningRate: stores.videos.defaultRate,
    };
    const model = describeModel(identify(dir, config, options.modelId), settings);
    return new Estimator(model, text, preparer);
  }

  async estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate> {
    return await this.preparer.estimate(request, () => {}, options);
  }

  /** Number of tokens of a plain text. */
  countText(text: string): number {
    return this.text.tokenizer.encodeText(text).length;
  }

  async close(): Promise<void> {
    await this.preparer.close(new VireoError("engine_closed", "the estimator has been closed"));
  }
}
