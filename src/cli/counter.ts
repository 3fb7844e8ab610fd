import sharp from "sharp";
import type { ChatRequest } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import type { EstimateOptions, PromptEstimate } from "../core/estimate.ts";
import { Estimator } from "../inputs/estimator.ts";
import { identityOf, modelFolder } from "./model-folder.ts";
import { openEngine } from "./open-engine.ts";
import { type EngineFlags, programs } from "./options.ts";
import type { Terminal } from "./terminal.ts";

export interface CounterFlags extends Pick<EngineFlags, "model" | "format" | "template"> {
  readonly context?: number;
  readonly threads?: number;
  readonly time?: boolean;
}

/** Counts tokens. It loads the weights only if times are requested. */
export interface Counter {
  readonly modelId: string;
  estimate(request: ChatRequest, options: EstimateOptions): Promise<PromptEstimate>;
  countText(text: string): number;
  close(): Promise<void>;
}

export async function openCounter(flags: CounterFlags, terminal: Terminal): Promise<Counter> {
  if (flags.time) return await openTimed(flags, terminal);
  const folder = modelFolder(flags.model);
  const estimator = await Estimator.open(folder, {
    ...identityOf(folder),
    ...defined({ contextTokens: flags.context }),
    template: flags.template,
    video: programs(),
  });
  return {
    modelId: estimator.model.id,
    estimate: (request, options) => estimator.estimate(request, options),
    countText: (text) => estimator.countText(text),
    close: () => estimator.close(),
  };
}

async function openTimed(flags: CounterFlags, terminal: Terminal): Promise<Counter> {
  const engineFlags = {
    kvDtype: "bf16",
    cache: true,
    backend: "cpu",
    ...flags,
  } as const;
  const engine = await openEngine(engineFlags, terminal, {});
  try {
    terminal.progress("measuring ...");
    // three rounds: the first one also pages the weights in
    for (const background of ["teal", "olive", "maroon"]) {
      const create = { width: 64, height: 64, channels: 3 as const, background };
      const bytes = await sharp({ create }).png().toBuffer();
      const content = [
        { type: "image", bytes },
        { type: "text", text: "What is it?" },
      ] as const;
      const request: ChatRequest = {
        messages: [{ role: "user", content }],
        maxTokens: 8,
        ignoreEos: true,
      };
      for await (const _ of engine.chat(request));
    }
  } catch (error) {
    await engine.close();
    throw error;
  }
  return {
    modelId: engine.models[0]!.id,
    estimate: (request, options) => engine.estimate(request, options),
    countText: (text) => engine.tokenize(text).length,
    close: () => engine.close(),
  };
}
