import type { ChatEvent, FinishReason, Usage } from "../../core/chat.ts";
import type { VireoError } from "../../core/errors.ts";
import { type Block, type BlockEvent, collectBlocks, toBlocks } from "../shared/blocks.ts";
import { toErrorBody } from "../shared/errors.ts";
import { random62 } from "../shared/ids.ts";
import type { Answerer } from "../shared/provider.ts";
import { customInput, type ToolAlias } from "../shared/tool-offer.ts";
import { argumentPieces } from "../shared/tools.ts";
import type { EndEvent } from "../shared/usage.ts";
import type { EchoedBody } from "./responses.ts";
import { toLogprobList } from "./stream.ts";

/** Fields that all objects of one answer share. */
export interface ResponseHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly answerer: Answerer;
  readonly logprobs: boolean;
  readonly body: EchoedBody;
  /** True if the response is stored for later requests. */
  readonly stored: boolean;
  /** Tools that the model knows under another name or form. */
  readonly aliases: ReadonlyMap<string, ToolAlias>;
  /** Effective values, with defaults applied. */
  readonly temperature: number;
  readonly topP: number;
}

export type Json = Readonly<Record<string, unknown>>;
type Status = "in_progress" | "completed" | "incomplete" | "failed";

/** An event of the stream; its type is also its name. */
export interface ResponseEvent extends Json {
  readonly type: string;
  readonly sequence_number: number;
}

/** `resp_<24 letters and digits>` */
export function newResponseId(): string {
  return `resp_${random62(24)}`;
}

/** Writes one answer as numbered events, from 0. */
export class ResponseWriter {
  private readonly head: ResponseHead;
  private readonly onComplete: (response: Json) => void;
  private sequenceNumber = 0;

  /** onComplete: receives the complete response before the last event is sent. */
  constructor(head: ResponseHead, onComplete: (response: Json) => void = () => {}) {
    this.head = head;
    this.onComplete = onComplete;
  }

  /** Throws what the events throw. */
  async *events(events: AsyncIterable<ChatEvent>): AsyncGenerator<ResponseEvent> {
    for await (const event of toBlocks(events)) {
      switch (event.type) {
        case "start": {
          const response = toResponse(this.head, "in_progress", []);
          yield this.event("response.created", { response });
          yield this.event("response.in_progress", { response });
          break;
        }
        case "open":
          yield* this.open(event.block);
          break;
        case "delta":
          // the input of a custom tool is known only when its JSON is complete
          if (!isCustom(event.block, this.head)) yield this.delta(event);
          break;
        case "close":
          yield* this.close(event.block);
          break;
        case "end": {
          const complete = toCompleteResponse(this.head, event.blocks, event.end);
          this.onComplete(complete);
          yield this.event(`response.${complete.status}`, { response: complete });
        }
      }
    }
  }

  /** The last events of a failed stream: `response.failed`, and `error`, which clients throw. */
  failure(error: VireoError, requestId: string): ResponseEvent[] {
    const { error: body } = toErrorBody(error, requestId);
    const { code, message, param } = body;
    const failed = { ...toResponse(this.head, "failed", []), error: { code, message } };
    return [
      this.event("response.failed", { response: failed }),
      this.event("error", { code, message, param, error: body }),
    ];
  }

  private event(type: string, rest: Json): ResponseEvent {
    return { type, sequence_number: this.sequenceNumber++, ...rest };
  }

  private *open(block: Block): Generator<ResponseEvent> {
    const empty = isCustom(block, this.head) ? { input: "" } : EMPTY[block.type];
    const item = { ...toItem(block, this.head, "in_progress"), ...empty };
    yield this.event("response.output_item.added", { output_index: block.index, item });
    if (block.type === "tool_call") return;
    const part = toPart({ ...block, text: "", tokens: [] }, this.head);
    yield this.event("response.content_part.added", { ...inItem(block, this.head), part });
  }

  private delta({ block, text, tokens }: Extract<BlockEvent, { type: "delta" }>): ResponseEvent {
    if (block.type === "tool_call") {
      const place = { item_id: itemId(block, this.head), output_index: block.index };
      return this.event("response.function_call_arguments.delta", { ...place, delta: text });
    }
    const delta = { ...inItem(block, this.head), delta: text };
    if (block.type === "reasoning") return this.event("response.reasoning_text.delta", delta);
    const logprobs = this.head.logprobs ? toLogprobList(tokens) : [];
    return this.event("response.output_text.delta", { ...delta, logprobs });
  }

  private *close(block: Block): Generator<ResponseEvent> {
    const { head } = this;
    const place = { item_id: itemId(block, head), output_index: block.index };
    if (isCustom(block, head)) {
      const input = customInput({ arguments: block.text });
      for (const delta of argumentPieces(input)) {
        yield this.event("response.custom_tool_call_input.delta", { ...place, delta });
      }
      yield this.event("response.custom_tool_call_input.done", { ...place, input });
    } else if (block.type === "tool_call") {
      const call = { name: nameOf(block, head).name, arguments: block.text };
      yield this.event("response.function_call_arguments.done", { ...place, ...call });
    } else {
      const part = toPart(block, head);
      const done = { ...inItem(block, head), text: block.text };
      const logprobs = head.logprobs ? toLogprobList(block.tokens) : [];
      yield block.type === "reasoning"
        ? this.event("response.reasoning_text.done", done)
        : this.event("response.output_text.done", { ...done, logprobs });
      yield this.event("response.content_part.done", { ...inItem(block, head), part });
    }
    const item = toItem(block, head, "completed");
    yield this.event("response.output_item.done", { output_index: block.index, item });
  }
}

/** Collects the complete response. Throws what the events throw. */
export async function collectResponse(
  events: AsyncIterable<ChatEvent>,
  head: ResponseHead,
): Promise<Json> {
  const { blocks, end } = await collectBlocks(events);
  return toCompleteResponse(head, blocks, end);
}

const EMPTY: Readonly<Record<Block["type"], Json>> = {
  reasoning: { content: [] },
  text: { content: [] },
  tool_call: { arguments: "" },
};
const PREFIX = { reasoning: "rs_", text: "msg_", tool_call: "fc_" } as const;

function isCustom(block: Block, { aliases }: ResponseHead): boolean {
  return block.type === "tool_call" && aliases.get(block.name)?.custom === true;
}

/** The client's name of a called tool. */
function nameOf({ name }: Block, { aliases }: ResponseHead): Omit<ToolAlias, "custom"> {
  const { custom: _, ...named } = aliases.get(name) ?? { name };
  return named;
}

function itemId(block: Block, head: ResponseHead): string {
  return (isCustom(block, head) ? "ctc_" : PREFIX[block.type]) + block.id;
}

function inItem(block: Block, head: ResponseHead): Json {
  return { item_id: itemId(block, head), output_index: block.index, content_index: 0 };
}

function toItem(block: Block, head: ResponseHead, status: Status): Json {
  const id = itemId(block, head);
  if (block.type === "tool_call") {
    const call = { call_id: `call_${block.id}`, ...nameOf(block, head) };
    return isCustom(block, head)
      ? {
          id,
          type: "custom_tool_call",
          status,
          ...call,
          input: customInput({ arguments: block.text }),
        }
      : { id, type: "function_call", status, ...call, arguments: block.text };
  }
  const content = [toPart(block, head)];
  return block.type === "reasoning"
    ? { id, type: "reasoning", summary: [], content, status }
    : { id, type: "message", role: "assistant", status, content };
}

function toPart(block: Block, head: ResponseHead): Json {
  const { text, tokens } = block;
  if (block.type === "reasoning") return { type: "reasoning_text", text };
  const logprobs = head.logprobs ? toLogprobList(tokens) : [];
  return { type: "output_text", text, annotations: [], logprobs };
}

/** Why an answer is incomplete, by its finish reason. */
const INCOMPLETE_REASONS: Readonly<Partial<Record<FinishReason, string>>> = {
  length: "max_output_tokens",
  content_filter: "content_filter",
};

function toCompleteResponse(head: ResponseHead, blocks: readonly Block[], end: EndEvent) {
  const incomplete = INCOMPLETE_REASONS[end.reason];
  const status = incomplete === undefined ? "completed" : "incomplete";
  const lastIndex = blocks.length - 1;
  const output = blocks.map((block) =>
    toItem(block, head, block.index === lastIndex ? status : "completed"),
  );
  return {
    ...toResponse(head, status, output),
    ...(incomplete === undefined ? {} : { incomplete_details: { reason: incomplete } }),
    usage: toResponseUsage(end.usage),
  };
}

function toResponse(head: ResponseHead, status: Status, output: readonly Json[]) {
  const { body } = head;
  return {
    id: head.id,
    object: "response",
    created_at: head.createdUnix,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    max_output_tokens: body.max_output_tokens ?? null,
    model: head.answerer.model,
    output,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    service_tier: "default",
    store: head.stored,
    temperature: head.temperature,
    text: { format: body.text?.format ?? { type: "text" } },
    tool_choice: body.tool_choice ?? "auto",
    tools: body.tools ?? [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: head.topP,
    truncation: "disabled",
    usage: null,
    user: body.user ?? null,
    metadata: body.metadata ?? {},
  };
}

function toResponseUsage(usage: Usage): Json {
  return {
    input_tokens: usage.promptTokens,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens,
      image_tokens: usage.imageTokens,
      video_tokens: usage.videoTokens,
    },
    output_tokens: usage.completionTokens,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens },
    total_tokens: usage.promptTokens + usage.completionTokens,
  };
}
