import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type ChatEvent,
  type ChatRequest,
  type ChosenToken,
  GREEDY,
  type Usage,
} from "../../src/core/chat.ts";
import { openTextFiles } from "../../src/inputs/text-files.ts";
import { type Engine, open } from "../../src/runtime/engine.ts";
import type { EngineOptions } from "../../src/runtime/engine-options.ts";

export const TINY = new URL("../../models/tiny", import.meta.url).pathname;

/** An engine on models/tiny that writes nothing to disk, under the name that most tests use. */
export function openTiny(options: EngineOptions = {}): Promise<Engine> {
  const modelId = "nvidia/nemotron-nano-12b-v2-vl";
  return open(TINY, { cacheDir: false, contextTokens: 4096, modelId, ...options });
}

export async function usingTiny<T>(
  options: EngineOptions,
  body: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openTiny(options);
  try {
    return await body(engine);
  } finally {
    await engine.close();
  }
}

export async function inFolder<T>(body: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), "vireo-engine-"));
  try {
    return await body(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** A greedy request of 24 tokens that no end token cuts short. */
export function requestOf(text: string, changes: Partial<ChatRequest> = {}): ChatRequest {
  return {
    messages: [{ role: "user", content: text }],
    sampling: GREEDY,
    maxTokens: 24,
    ignoreEos: true,
    stop: [],
    topLogprobs: 0,
    reasoning: { enabled: false },
    ...changes,
  };
}

export interface Answered {
  readonly ids: readonly number[];
  readonly tokens: readonly ChosenToken[];
  readonly text: string;
  readonly reasoning: string;
  readonly end: Extract<ChatEvent, { type: "end" }>;
  readonly usage: Usage;
}

export async function ask(
  engine: Engine,
  request: ChatRequest,
  signal?: AbortSignal,
): Promise<Answered> {
  const tokens: ChosenToken[] = [];
  const said = { text: "", reasoning: "" };
  let end: Answered["end"] | undefined;
  for await (const event of engine.chat(request, signal)) {
    if (event.type === "end") end = event;
    if (event.type !== "text" && event.type !== "reasoning") continue;
    said[event.type] += event.text;
    tokens.push(...(event.tokens ?? []));
  }
  if (!end) throw new Error("the answer has no end");
  return { ids: tokens.map(({ id }) => id), tokens, ...said, end, usage: end.usage };
}

/** A bias that limits answers to the letters a to z, for any model. */
export async function lettersOnly(): Promise<readonly (readonly [number, number])[]> {
  const { tokenizer } = await openTextFiles(TINY);
  const letters = [..."abcdefghijklmnopqrstuvwxyz"];
  return letters.map((letter) => [tokenizer.encodeText(letter, 10)[0]!, 100] as const);
}

/** Waits until nothing runs or waits; fails after that many steps of the engine. */
export async function settled(engine: Engine, maxSteps = 1): Promise<void> {
  const from = engine.stats.steps;
  while (engine.stats.running + engine.stats.waiting > 0) {
    if (engine.stats.steps > from + maxSteps) throw new Error("the engine is still at work");
    await new Promise((resolve) => setImmediate(resolve));
  }
}
