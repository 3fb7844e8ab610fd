import type { ChatMessage, ChatRequest, ContentPart } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { FairQueue } from "../../core/fair-queue.ts";
import { LIMITS } from "../../core/limits.ts";
import type { VideoDecoder } from "../../media/video-decoder.ts";
import type { Dialect } from "./dialect.ts";
import { toFilePart, toPageParts } from "./documents.ts";
import type { JsonObject } from "./json-values.ts";
import { toPicturePart } from "./pictures.ts";
import { samplingOf, toFrameParts, toVideoFilePart } from "./videos.ts";

/** Tools for the media of requests: a decoder, and a bound on how many are open at once. */
export interface MediaTools {
  readonly decoder: VideoDecoder;
  /** Maximum number of frames of a video that is sampled here. */
  readonly maxFrames: number;
  readonly queue: FairQueue;
}

/** Media that wait to be decoded, over all requests to a provider. */
const MAX_WAITING_MEDIA = 256;

export function createMediaQueue(): FairQueue {
  const { openAtOnce: slots } = LIMITS.document;
  return new FairQueue({
    things: "media",
    unit: "files",
    slots,
    maxWaitingCost: MAX_WAITING_MEDIA,
  });
}

export interface MessageContext {
  readonly dialect: Dialect;
  readonly tools: MediaTools;
  readonly signal: AbortSignal;
}

/**
 * The messages of a request on the wire. Calls get ids, by which results refer to them; an id
 * depends on its place only, so that the other side finds the conversation in its prefix cache.
 *
 * Throws VireoErrors for media that cannot be read, and the signal's reason.
 */
export async function toWireMessages(
  request: ChatRequest,
  context: MessageContext,
): Promise<JsonObject[]> {
  const messages = withSwitch(request, context.dialect);
  const wire: JsonObject[] = [];
  /** Ids of the calls whose results follow. */
  let open: string[] = [];
  let calls = 0;
  for (const message of messages) {
    if (message.role === "tool") {
      wire.push({ role: "tool", tool_call_id: open.shift() ?? "", content: textOf(message) });
    } else if (message.role === "assistant") {
      const ids = (message.toolCalls ?? []).map(() => callId(calls++));
      open = [...ids];
      wire.push(assistantMessage(message, ids, context.dialect));
    } else if (message.role === "system" || typeof message.content === "string") {
      wire.push({ role: message.role, content: textOf(message) });
    } else {
      const content: JsonObject[] = [];
      for (const part of message.content) content.push(...(await toParts(part, request, context)));
      wire.push({ role: "user", content });
    }
  }
  return wire;
}

/** Nine letters and digits, which some servers insist on. */
function callId(number: number): string {
  return `call${String(number).padStart(5, "0")}`;
}

function assistantMessage(
  message: ChatMessage,
  ids: readonly string[],
  { pastReasoning }: Dialect,
): JsonObject {
  const content = textOf(message);
  const { reasoning, toolCalls = [] } = message;
  const tool_calls = toolCalls.map(({ name, arguments: json }, index) => {
    return { id: ids[index], type: "function", function: { name, arguments: json } };
  });
  return {
    role: "assistant",
    content: content === "" && tool_calls.length > 0 ? null : content,
    ...(tool_calls.length === 0 ? {} : { tool_calls }),
    ...(reasoning === undefined || pastReasoning === undefined
      ? {}
      : { [pastReasoning]: reasoning }),
  };
}

/** Adds /think or /no_think to the system message, for servers that take the switch from there. */
function withSwitch(request: ChatRequest, { switchesInText }: Dialect): readonly ChatMessage[] {
  const { messages, reasoning } = request;
  const enabled = reasoning?.budgetTokens === 0 ? false : reasoning?.enabled;
  if (!switchesInText || enabled === undefined) return messages;
  const word = enabled ? "/think" : "/no_think";
  const [first, ...rest] = messages;
  if (first?.role !== "system") return [{ role: "system", content: word }, ...messages];
  return [{ ...first, content: `${textOf(first)}\n${word}` }, ...rest];
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

async function toParts(
  part: ContentPart,
  request: ChatRequest,
  { dialect, tools, signal }: MessageContext,
): Promise<JsonObject[]> {
  const { exifOrientation, tenant = "" } = request;
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    return tools.queue.run({ tenant, request: request.messages, signal }, work);
  };
  switch (part.type) {
    case "text":
      return [{ type: "text", text: part.text }];
    case "image":
      return [await inTurn(() => toPicturePart(part, dialect, exifOrientation))];
    case "document": {
      const document = { ...defined({ exifOrientation }), ...part };
      const file = toFilePart(document, dialect);
      return file ? [file] : await inTurn(() => toPageParts(document, signal));
    }
    case "video": {
      const file = toVideoFilePart(part, request, dialect);
      const { decoder, maxFrames } = tools;
      const options = { sampling: samplingOf(part, request), decoder, maxFrames, signal };
      return file ? [file] : await inTurn(() => toFrameParts(part, options));
    }
  }
}
