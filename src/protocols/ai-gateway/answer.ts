import type { ChatEvent, Usage } from "../../core/chat.ts";
import { costOf, type Prices, showPrice } from "../../core/prices.ts";
import { type Block, collectBlocks, toBlocks } from "../shared/blocks.ts";
import type { Answerer } from "../shared/provider.ts";
import type { EndEvent } from "../shared/usage.ts";
import type { Warning } from "./call.ts";

/** Fields that all objects of one answer share. */
export interface CallHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly answerer: Answerer;
  readonly prices: Prices;
  readonly warnings: readonly Warning[];
}

type Json = Readonly<Record<string, unknown>>;

/** The stream parts of an answer, in the SDK's format. Throws what the events throw. */
export async function* toStreamParts(
  events: AsyncIterable<ChatEvent>,
  head: CallHead,
): AsyncGenerator<Json> {
  for await (const event of toBlocks(events)) {
    switch (event.type) {
      case "start":
        yield { type: "stream-start", warnings: head.warnings };
        yield { type: "response-metadata", ...toMetadata(head) };
        break;
      case "open":
        yield { type: `${PREFIX[event.block.type]}-start`, ...openOf(event.block) };
        break;
      case "delta":
        yield {
          type: `${PREFIX[event.block.type]}-delta`,
          id: event.block.id,
          delta: event.text,
        };
        break;
      case "close":
        yield { type: `${PREFIX[event.block.type]}-end`, id: event.block.id };
        if (event.block.type === "tool_call") yield toContent(event.block);
        break;
      case "end":
        yield { type: "finish", ...toFinish(head, event.end) };
    }
  }
}

/** Collects the complete answer. Throws what the events throw. */
export async function collectResult(
  events: AsyncIterable<ChatEvent>,
  head: CallHead,
): Promise<Json> {
  const { blocks, end } = await collectBlocks(events);
  return {
    content: blocks.map(toContent),
    ...toFinish(head, end),
    warnings: head.warnings,
    response: toMetadata(head),
  };
}

const PREFIX = { reasoning: "reasoning", text: "text", tool_call: "tool-input" } as const;

function openOf({ type, id, name }: Block): Json {
  return type === "tool_call" ? { id, toolName: name } : { id };
}

function toContent({ type, id, name, text }: Block): Json {
  if (type !== "tool_call") return { type, text };
  return { type: "tool-call", toolCallId: id, toolName: name, input: text };
}

function toMetadata({ id, createdUnix, answerer: { model } }: CallHead): Json {
  return { id, modelId: model, timestamp: new Date(createdUnix * 1000).toISOString() };
}

const FINISH_REASONS = {
  stop: "stop",
  length: "length",
  tool_calls: "tool-calls",
  content_filter: "content-filter",
} as const;

function toFinish({ id, prices }: CallHead, { reason, nativeReason, usage }: EndEvent): Json {
  return {
    finishReason: { unified: FINISH_REASONS[reason], raw: nativeReason },
    usage: toCallUsage(usage),
    providerMetadata: {
      gateway: { generationId: id, cost: showPrice(costOf(prices, usage)) },
    },
  };
}

function toCallUsage(usage: Usage): Json {
  const { promptTokens, cachedTokens, completionTokens, reasoningTokens } = usage;
  return {
    inputTokens: {
      total: promptTokens,
      noCache: promptTokens - cachedTokens,
      cacheRead: cachedTokens,
      cacheWrite: 0,
    },
    outputTokens: {
      total: completionTokens,
      text: completionTokens - reasoningTokens,
      reasoning: reasoningTokens,
    },
  };
}
