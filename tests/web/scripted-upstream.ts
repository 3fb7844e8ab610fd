import type { ChatEvent, ChatRequest, Usage } from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import type { PromptEstimate } from "../../src/core/estimate.ts";
import type { Upstream } from "../../src/core/upstream.ts";
import { chooseGrid, countTiles } from "../../src/media/tiling.ts";

export const MODEL = "nvidia/nemotron-nano-12b-v2-vl";
const CONTEXT_TOKENS = 131_072;
const TILE_PX = 512;
const TILE_TOKENS = 256;

/** An answer: events in order; a number waits that many milliseconds, an error is thrown. */
export type Script = readonly (string | number | Event)[];
type Event = ChatEvent | Error;

export interface ScriptedUpstream extends Upstream {
  readonly requests: ChatRequest[];
  readonly scripts: Map<string, Script>;
}

/** Answers the last user text by its script, piece by piece; repeats other texts. */
export function createScriptedUpstream(id: string = MODEL): ScriptedUpstream {
  const requests: ChatRequest[] = [];
  const scripts = new Map<string, Script>();
  return {
    models: [
      {
        id,
        aliases: [],
        createdUnix: 1_760_000_000,
        ownedBy: "nvidia",
        contextTokens: CONTEXT_TOKENS,
        maxOutputTokens: CONTEXT_TOKENS,
        fingerprint: "f00d",
      },
    ],
    ready: true,
    requests,
    scripts,
    chat: (request, signal) => {
      requests.push(request);
      const text = lastText(request);
      return play(scripts.get(text) ?? text.split(/(?<= )/), request, signal);
    },
    capabilities: { estimate: async (request) => countPrompt(request) },
  };
}

function countPrompt(request: ChatRequest): PromptEstimate {
  const images = pictures(request).map((bytes) => {
    const [width, height] = pngSize(bytes);
    const grid = chooseGrid(width, height, { tilePx: TILE_PX, maxTiles: request.maxTiles ?? 12 });
    const tiles = countTiles(grid);
    const tokens = tiles * TILE_TOKENS;
    return { width, height, ...grid, thumbnail: tiles > 1, tilePx: TILE_PX, tokens };
  });
  const imageTokens = images.reduce((sum, { tokens }) => sum + tokens, 0);
  const promptTokens = 20 + lastText(request).length + imageTokens;
  const others = { videoTokens: 0, toolTokens: 0, videos: [], documents: [] };
  return { promptTokens, imageTokens, ...others, images, contextTokens: CONTEXT_TOKENS };
}

async function* play(
  script: Script,
  request: ChatRequest,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  if (script[0] instanceof VireoError) throw script[0];
  const { promptTokens, imageTokens } = countPrompt(request);
  yield { type: "start", promptTokens, imageTokens, videoTokens: 0 };
  let completionTokens = 0;
  let reasoningTokens = 0;
  for (const step of script) {
    if (step instanceof Error) throw step;
    if (typeof step === "number") await sleep(step, signal);
    else if (typeof step !== "string") {
      if (step.type === "reasoning") reasoningTokens += 1;
      yield step;
    } else yield { type: "text", text: step };
    completionTokens += typeof step === "number" ? 0 : 1;
  }
  const usage: Usage = {
    promptTokens,
    imageTokens,
    videoTokens: 0,
    cachedTokens: 0,
    completionTokens,
    reasoningTokens,
  };
  const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
  yield { type: "end", reason: "stop", nativeReason: "eos", usage, timings };
}

function pictures({ messages }: ChatRequest): Uint8Array[] {
  return messages.flatMap(({ content }) =>
    typeof content === "string"
      ? []
      : content.flatMap((part) => (part.type === "image" ? [part.bytes] : [])),
  );
}

function pngSize(bytes: Uint8Array): [width: number, height: number] {
  const file = Buffer.from(bytes);
  return [file.readUInt32BE(16), file.readUInt32BE(20)];
}

function lastText({ messages }: ChatRequest): string {
  const content = messages.findLast(({ role }) => role === "user")?.content ?? "";
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
