import { assert } from "../../core/assert.ts";
import type { ChatEvent, ChosenToken } from "../../core/chat.ts";
import { random62 } from "./ids.ts";
import { argumentPieces } from "./tools.ts";
import type { EndEvent } from "./usage.ts";

/** A part of an answer that is of one kind, as newer protocols divide answers. */
export interface Block {
  readonly type: "reasoning" | "text" | "tool_call";
  /** Counts the blocks of an answer from 0. */
  readonly index: number;
  /** 24 random letters and digits; protocols put a prefix of their own before it. */
  readonly id: string;
  /** Of a tool call: the tool's. */
  readonly name: string;
  /** What was said so far; of a tool call, its arguments as JSON text. */
  readonly text: string;
  /** The tokens that the text came from, if log probabilities were asked for. */
  readonly tokens: readonly ChosenToken[];
}

export type BlockEvent =
  | Extract<ChatEvent, { type: "start" }>
  | { readonly type: "open" | "close"; readonly block: Block }
  | {
      readonly type: "delta";
      readonly block: Block;
      readonly text: string;
      readonly tokens: readonly ChosenToken[];
    }
  | { readonly type: "end"; readonly end: EndEvent; readonly blocks: readonly Block[] };

interface OpenBlock extends Block {
  text: string;
  tokens: ChosenToken[];
}

/** Divides an answer into blocks, one open at a time. Throws what the events throw. */
export async function* toBlocks(events: AsyncIterable<ChatEvent>): AsyncGenerator<BlockEvent> {
  const blocks: OpenBlock[] = [];
  let open: OpenBlock | undefined;
  const begin = (type: Block["type"], name = ""): OpenBlock => {
    const block = { type, index: blocks.length, id: random62(24), name, text: "", tokens: [] };
    blocks.push(block);
    return block;
  };
  for await (const event of events) {
    if (event.type === "start") {
      yield event;
      continue;
    }
    if (open !== undefined && open.type !== event.type) {
      yield { type: "close", block: open };
      open = undefined;
    }
    if (event.type === "end") {
      yield { type: "end", end: event, blocks };
    } else if (event.type === "tool_call") {
      const call = begin("tool_call", event.name);
      yield { type: "open", block: call };
      for (const piece of argumentPieces(event.arguments)) yield say(call, piece);
      yield { type: "close", block: call };
    } else if (event.text !== "") {
      if (open === undefined) {
        open = begin(event.type);
        yield { type: "open", block: open };
      }
      yield say(open, event.text, event.tokens);
    }
  }
}

function say(block: OpenBlock, text: string, tokens: readonly ChosenToken[] = []): BlockEvent {
  block.text += text;
  for (const token of tokens) block.tokens.push(token);
  return { type: "delta", block, text, tokens };
}

export interface WholeAnswer {
  readonly blocks: readonly Block[];
  readonly end: EndEvent;
}

/** All blocks at once. */
export async function collectBlocks(events: AsyncIterable<ChatEvent>): Promise<WholeAnswer> {
  let whole: WholeAnswer | undefined;
  for await (const event of toBlocks(events)) if (event.type === "end") whole = event;
  assert(whole !== undefined, "an answer has an end");
  return whole;
}
