import type { ChatEvent, NativeFinishReason, Usage } from "../../core/chat.ts";
import { type Block, collectBlocks, toBlocks } from "../shared/blocks.ts";
import { random62 } from "../shared/ids.ts";
import type { Answerer } from "../shared/provider.ts";
import type { EndEvent } from "../shared/usage.ts";

/** Fields that all objects of one answer share. */
export interface MessageHead {
  readonly id: string;
  readonly answerer: Answerer;
  readonly stopSequences: readonly string[];
}

type Json = Readonly<Record<string, unknown>>;

/** An event of the stream; its type is also its name. */
export interface MessageEvent extends Json {
  readonly type: string;
}

/** `msg_<24 letters and digits>` */
export function newMessageId(): string {
  return `msg_${random62(24)}`;
}

/** The events of a streamed answer. Throws what the events throw. */
export async function* toMessageEvents(
  events: AsyncIterable<ChatEvent>,
  head: MessageHead,
): AsyncGenerator<MessageEvent> {
  for await (const event of toBlocks(events)) {
    switch (event.type) {
      case "start": {
        const usage = { ...NO_USAGE, promptTokens: event.promptTokens };
        const empty = toMessage(head, [], undefined, usage);
        yield { type: "message_start", message: empty };
        break;
      }
      case "open": {
        const { block } = event;
        const content_block = { ...toContent(block), ...EMPTY[block.type] };
        yield { type: "content_block_start", index: block.index, content_block };
        break;
      }
      case "delta":
        yield {
          type: "content_block_delta",
          index: event.block.index,
          delta: toDelta(event.block.type, event.text),
        };
        break;
      case "close":
        yield { type: "content_block_stop", index: event.block.index };
        break;
      case "end": {
        const { end } = event;
        yield { type: "message_delta", delta: toStop(head, end), usage: toMessageUsage(end.usage) };
        yield { type: "message_stop" };
      }
    }
  }
}

/** Collects the complete answer. Throws what the events throw. */
export async function collectMessage(
  events: AsyncIterable<ChatEvent>,
  head: MessageHead,
): Promise<Json> {
  const { blocks, end } = await collectBlocks(events);
  return toMessage(head, blocks, end, end.usage);
}

const NO_USAGE: Usage = {
  promptTokens: 0,
  imageTokens: 0,
  videoTokens: 0,
  cachedTokens: 0,
  completionTokens: 0,
  reasoningTokens: 0,
};

const EMPTY: Readonly<Record<Block["type"], Json>> = {
  reasoning: { thinking: "" },
  text: { text: "" },
  tool_call: { input: {} },
};

function toDelta(type: Block["type"], text: string): Json {
  if (type === "reasoning") return { type: "thinking_delta", thinking: text };
  if (type === "text") return { type: "text_delta", text };
  return { type: "input_json_delta", partial_json: text };
}

/** Clients require a signature; this server does not check it. */
function toContent(block: Block): Json {
  const { type, text } = block;
  if (type === "reasoning") return { type: "thinking", thinking: text, signature: "" };
  if (type === "text") return { type: "text", text };
  return { type: "tool_use", id: `toolu_${block.id}`, name: block.name, input: toInput(text) };
}

/** Parses arguments. Without a schema the model may write any text, which becomes `value`. */
function toInput(text: string): unknown {
  try {
    const input = JSON.parse(text) as unknown;
    return typeof input === "object" && input !== null ? input : { value: input };
  } catch {
    return { value: text };
  }
}

function toMessage(
  head: MessageHead,
  blocks: readonly Block[],
  end: EndEvent | undefined,
  usage: Usage,
): Json {
  return {
    id: head.id,
    type: "message",
    role: "assistant",
    model: head.answerer.model,
    content: blocks.map(toContent),
    ...(end === undefined ? { stop_reason: null, stop_sequence: null } : toStop(head, end)),
    usage: toMessageUsage(usage),
  };
}

const STOP_REASONS: Readonly<Record<NativeFinishReason, string>> = {
  eos: "end_turn",
  stop_string: "stop_sequence",
  length: "max_tokens",
  context: "model_context_window_exceeded",
  tool_call: "tool_use",
  grammar_end: "end_turn",
  content_filter: "refusal",
};

function toStop({ stopSequences }: MessageHead, end: EndEvent): Json {
  const reason = end.reason === "tool_calls" ? "tool_use" : STOP_REASONS[end.nativeReason];
  // The engine does not report which of several stop strings matched.
  const known = reason === "stop_sequence" && stopSequences.length === 1;
  return { stop_reason: reason, stop_sequence: known ? stopSequences[0] : null };
}

/** In this protocol input_tokens excludes cached tokens. */
function toMessageUsage(usage: Usage): Json {
  return {
    input_tokens: usage.promptTokens - usage.cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: usage.completionTokens,
    service_tier: "standard",
  };
}
