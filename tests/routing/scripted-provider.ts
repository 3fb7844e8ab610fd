import type { ChatEvent, ChatRequest, Usage } from "../../src/core/chat.ts";
import type { UpstreamModel } from "../../src/core/upstream.ts";
import type { Endpoint, Provider, Route } from "../../src/routing/endpoint.ts";

export const USAGE: Usage = {
  promptTokens: 10,
  imageTokens: 0,
  videoTokens: 0,
  cachedTokens: 0,
  completionTokens: 4,
  reasoningTokens: 0,
};
const TIMINGS = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };

/** A step of a scripted answer: a piece of text, an error, or silence until the signal. */
export type Step = string | Error | "silence";

/** A provider that answers by script: the first call by the first script, and so on. */
export interface ScriptedProvider extends Provider {
  readonly requests: ChatRequest[];
  /** Calls whose iteration has not ended. */
  open: number;
  scripts: (readonly Step[])[];
}

/** scripts: the last one is repeated. An answer without an error ends with its usage. */
export function scripted(
  name: string,
  scripts: readonly (readonly Step[])[] = [["Hello"]],
  model: Partial<UpstreamModel> = {},
): ScriptedProvider {
  const provider: ScriptedProvider = {
    name,
    zeroDataRetention: false,
    collectsData: false,
    requests: [],
    open: 0,
    scripts: [...scripts],
    upstream: {
      models: [
        {
          id: "m",
          aliases: [],
          createdUnix: 0,
          ownedBy: name,
          contextTokens: 4096,
          maxOutputTokens: 4096,
          fingerprint: name,
          ...model,
        },
      ],
      ready: true,
      chat: (request, signal) => play(provider, request, signal),
    },
  };
  return provider;
}

async function* play(
  provider: ScriptedProvider,
  request: ChatRequest,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  const script = provider.scripts.length > 1 ? provider.scripts.shift()! : provider.scripts[0]!;
  provider.requests.push(request);
  provider.open += 1;
  try {
    yield { type: "start", promptTokens: 10, imageTokens: 0, videoTokens: 0 };
    for (const step of script) {
      if (step instanceof Error) throw step;
      if (step === "silence") await untilAborted(signal);
      else yield { type: "text", text: step };
    }
    request.onUsage?.(USAGE);
    yield { type: "end", reason: "stop", nativeReason: "eos", usage: USAGE, timings: TIMINGS };
  } finally {
    provider.open -= 1;
  }
}

function untilAborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_, reject) => {
    if (signal?.aborted === true) reject(signal.reason);
    signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

export function endpoint(provider: Provider, rest: Partial<Endpoint> = {}): Endpoint {
  return { provider, model: "m", weight: 1, ...rest };
}

export function route(endpoints: readonly Endpoint[], rest: Partial<Route> = {}): Route {
  return { id: "m", aliases: [], strategy: "ordered", endpoints, ...rest };
}
