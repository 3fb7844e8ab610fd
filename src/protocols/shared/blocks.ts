import { assert } from "../../core/assert.ts";
import type { ChatEvent, ChosenToken } from "../../core/chat.ts";
import { random62 } from "./ids.ts";
import { argumentPieces } from "./tools.ts";
import type { EndEvent } from "./usage.ts";

/** One content block of an answer: reasoning, text or a tool call. */
export interface Block {
  readonly type: "reasoning" | "text" | "tool_call";
  /** Position in the answer, from 0. */
  readonly index: number;
  /** 24 random letters and digits; each protocol adds its own prefix. */
  readonly id: string;
  /** The tool's name; "" for other blocks. */
  readonly name: string;
  /** The text so far; for a tool call, its arguments as JSON text. */
  readonly text: string;
  /** The tokens of the text, if log probabilities were requested. */
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

/** Splits an answer into blocks, one open at a time. Throws what the events throw. */
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
      for (const piece of argumentPieces(event.arguments)) yield append(call, piece);
      yield { type: "close", block: call };
    } else if (event.text !== "") {
      if (open === undefined) {
        open = begin(event.type);
        yield { type: "open", block: open };
      }
      yield append(open, event.text, event.tokens);
    }
  }
}

function append(block: OpenBlock, text: string, tokens: readonly ChosenToken[] = []): BlockEvent {
  block.text += text;
  for (const token of tokens) block.tokens.push(token);
  return { type: "delta", block, text, tokens };
}

export interface CompleteAnswer {
  readonly blocks: readonly Block[];
  readonly end: EndEvent;
}

/** Collects all blocks of an answer. Throws what the events throw. */
export async function collectBlocks(events: AsyncIterable<ChatEvent>): Promise<CompleteAnswer> {
  let answer: CompleteAnswer | undefined;
  for await (const event of toBlocks(events)) if (event.type === "end") answer = event;
  assert(answer !== undefined, "an answer has an end");
  return answer;
}
