import type { ChatEvent, ChatRequest, ChosenToken, Usage } from "../../src/core/chat.ts";
import { VireoError } from "../../src/core/errors.ts";
import type { Upstream } from "../../src/core/upstream.ts";

export const MODEL = "nvidia/nemotron-nano-12b-v2-vl";

const usage: Usage = {
  promptTokens: 14,
  imageTokens: 0,
  videoTokens: 0,
  cachedTokens: 0,
  completionTokens: 3,
  reasoningTokens: 1,
};
const timings = { queueMs: 0, mediaMs: 0, prefillMs: 0, decodeMs: 0 };
const bytes = (text: string): Uint8Array => Buffer.from(text);

export interface FakeUpstream extends Upstream {
  ready: boolean;
  /** The received requests, in order. */
  readonly requests: ChatRequest[];
  /** Requests whose signal was aborted. */
  aborted: number;
  /** The arguments of each call. */
  callArguments: string;
}

/**
 * Answers by script. The last user text selects it: "too long", "break", "crash", "endless",
 * "slow", "full", "use tools"; any other text is repeated.
 */
export function createFakeUpstream(): FakeUpstream {
  const fake: FakeUpstream = {
    models: [
      {
        id: MODEL,
        aliases: ["nano"],
        createdUnix: 1_700_000_000,
        ownedBy: "nvidia",
        contextTokens: 131_072,
        maxOutputTokens: 131_072,
        fingerprint: "f00d",
      },
    ],
    ready: true,
    requests: [],
    aborted: 0,
    callArguments: '{"city":"Aachen"}',
    chat: (request, signal) => answer(fake, request, signal),
    capabilities: {
      estimate: async (request) => ({
        promptTokens: 14,
        imageTokens: 0,
        videoTokens: 0,
        toolTokens: request.tools?.length ?? 0,
        images: [],
        videos: [],
        documents: [],
        contextTokens: 131_072,
      }),
      inspect: {
        video: async () => ({
          width: 2,
          height: 1,
          totalFrames: 1,
          frames: [{ index: 0, jpeg: bytes("no picture") }],
          columns: 2,
          rows: 1,
          ranks: Uint32Array.of(0, 1),
          pruningRate: 0,
        }),
        document: async () => ({
          totalPages: 1,
          failedPages: [],
          pages: [
            { number: 1, width: 2, height: 1, jpeg: bytes("no picture"), undrawn: 0, words: [] },
          ],
        }),
      },
      tokenize: async (text) => [...bytes(text)],
      detokenize: async (ids) => Buffer.from(ids).toString(),
      load: async () => ({
        running: 1,
        waiting: 2,
        kvCacheUsage: 0.25,
        preemptions: 3,
        prefixTokensAsked: 100,
        prefixTokensFound: 40,
      }),
    },
  };
  return fake;
}

async function* answer(
  fake: FakeUpstream,
  request: ChatRequest,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  fake.requests.push(request);
  const text = textOf(request);
  if (text === "too long") {
    throw new VireoError("context_length_exceeded", "131073 tokens; the context holds 131072", {
      param: "messages",
    });
  }
  if (text === "full") {
    throw new VireoError("queue_full", "256 requests wait already", { retryAfterMs: 2000 });
  }
  if (text === "crash") throw new TypeError("secret of /root/x at 0x7f001234");
  if (text === "slow") await sleep(2600, signal);
  yield { type: "start", promptTokens: 14, imageTokens: 0, videoTokens: 0 };
  if (request.reasoning?.enabled === true) yield { type: "reasoning", text: "hm" };
  if (text === "use tools") return yield* callTools(request, fake.callArguments);
  try {
    for (let piece = 0; text === "endless" && piece < 10_000; piece++) {
      yield { type: "text", text: "again " };
      await sleep(5, signal);
    }
  } finally {
    if (signal?.aborted === true) fake.aborted += 1;
  }
  for (const word of text.split(/(?<= )/)) {
    const token: ChosenToken = { id: 1, text: word, bytes: bytes(word), logprob: -0.25, top: [] };
    const other = { id: 2, text: "x", bytes: bytes("x"), logprob: -2 };
    const tokens = [{ ...token, top: Array(request.topLogprobs ?? 0).fill(other) }];
    yield { type: "text", text: word, ...(request.topLogprobs === undefined ? {} : { tokens }) };
    if (text === "break it") throw new VireoError("engine_closed", "the engine was closed");
  }
  request.onUsage?.(usage);
  yield { type: "end", reason: "stop", nativeReason: "eos", usage, timings };
}

/** A call of each tool, in order. */
function* callTools(request: ChatRequest, given: string): Generator<ChatEvent> {
  yield { type: "text", text: "Calling. " };
  for (const [index, { name }] of (request.tools ?? []).entries()) {
    yield { type: "tool_call", index, name, arguments: given };
  }
  request.onUsage?.(usage);
  yield { type: "end", reason: "tool_calls", nativeReason: "tool_call", usage, timings };
}

function textOf({ messages, prompt }: ChatRequest): string {
  if (typeof prompt === "string") return prompt;
  if (prompt !== undefined) return Buffer.from(prompt).toString();
  const content = messages.at(-1)?.content ?? "";
  if (typeof content === "string") return content;
  const said = content.map((part) => (part.type === "text" ? part.text : `[${part.bytes.length}]`));
  return said.join("");
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
