import type { ChatEvent, Usage } from "../core/chat.ts";
import type { VireoError } from "../core/errors.ts";
import { type Block, type BlockEvent, collectBlocks, toBlocks } from "./blocks.ts";
import { toErrorBody } from "./errors.ts";
import { random62 } from "./ids.ts";
import type { ResponseBody } from "./responses-schema.ts";
import { toLogprobList } from "./stream.ts";
import type { EndEvent } from "./usage.ts";

/** What is the same in all objects of one answer. */
export interface ResponseHead {
  readonly id: string;
  readonly createdUnix: number;
  readonly model: string;
  readonly logprobs: boolean;
  readonly body: ResponseBody;
  /** What the request came to where it left things out. */
  readonly temperature: number;
  readonly topP: number;
}

type Json = Readonly<Record<string, unknown>>;
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

/** Writes one answer as events that are numbered from 0. */
export class ResponseWriter {
  private readonly head: ResponseHead;
  private sent = 0;

  constructor(head: ResponseHead) {
    this.head = head;
  }

  /** Throws what the events throw. */
  async *events(events: AsyncIterable<ChatEvent>): AsyncGenerator<ResponseEvent> {
    const response = toResponse(this.head, "in_progress", []);
    for await (const event of toBlocks(events)) {
      switch (event.type) {
        case "start":
          yield this.event("response.created", { response });
          yield this.event("response.in_progress", { response });
          break;
        case "open":
          yield* this.open(event.block);
          break;
        case "delta":
          yield this.delta(event);
          break;
        case "close":
          yield* this.close(event.block);
          break;
        case "end": {
          const whole = toWholeResponse(this.head, event.blocks, event.end);
          yield this.event(`response.${whole.status}`, { response: whole });
        }
      }
    }
  }

  /** What a stream that breaks ends with: one event for those who wait, one that is thrown. */
  failure(error: VireoError, requestId: string): ResponseEvent[] {
    const { error: told } = toErrorBody(error, requestId);
    const { code, message, param } = told;
    const failed = { ...toResponse(this.head, "failed", []), error: { code, message } };
    return [
      this.event("response.failed", { response: failed }),
      this.event("error", { code, message, param, error: told }),
    ];
  }

  private event(type: string, rest: Json): ResponseEvent {
    return { type, sequence_number: this.sent++, ...rest };
  }

  private *open(block: Block): Generator<ResponseEvent> {
    const item = { ...toItem(block, this.head, "in_progress"), ...EMPTY[block.type] };
    yield this.event("response.output_item.added", { output_index: block.index, item });
    if (block.type === "tool_call") return;
    const part = toPart({ ...block, text: "", tokens: [] }, this.head);
    yield this.event("response.content_part.added", { ...inItem(block), part });
  }

  private delta({ block, text, tokens }: Extract<BlockEvent, { type: "delta" }>): ResponseEvent {
    if (block.type === "tool_call") {
      const place = { item_id: itemId(block), output_index: block.index };
      return this.event("response.function_call_arguments.delta", { ...place, delta: text });
    }
    const said = { ...inItem(block), delta: text };
    if (block.type === "reasoning") return this.event("response.reasoning_text.delta", said);
    const logprobs = this.head.logprobs ? toLogprobList(tokens) : [];
    return this.event("response.output_text.delta", { ...said, logprobs });
  }

  private *close(block: Block): Generator<ResponseEvent> {
    const place = { item_id: itemId(block), output_index: block.index };
    if (block.type === "tool_call") {
      const call = { name: block.name, arguments: block.text };
      yield this.event("response.function_call_arguments.done", { ...place, ...call });
    } else {
      const part = toPart(block, this.head);
      const said = { ...inItem(block), text: block.text };
      const logprobs = this.head.logprobs ? toLogprobList(block.tokens) : [];
      yield block.type === "reasoning"
        ? this.event("response.reasoning_text.done", said)
        : this.event("response.output_text.done", { ...said, logprobs });
      yield this.event("response.content_part.done", { ...inItem(block), part });
    }
    const item = toItem(block, this.head, "completed");
    yield this.event("response.output_item.done", { output_index: block.index, item });
  }
}

/** The whole answer at once. Throws what the events throw. */
export async function collectResponse(
  events: AsyncIterable<ChatEvent>,
  head: ResponseHead,
): Promise<Json> {
  const { blocks, end } = await collectBlocks(events);
  return toWholeResponse(head, blocks, end);
}

const EMPTY: Readonly<Record<Block["type"], Json>> = {
  reasoning: { content: [] },
  text: { content: [] },
  tool_call: { arguments: "" },
};
const PREFIX = { reasoning: "rs_", text: "msg_", tool_call: "fc_" } as const;

function itemId({ type, id }: Block): string {
  return PREFIX[type] + id;
}

function inItem(block: Block): Json {
  return { item_id: itemId(block), output_index: block.index, content_index: 0 };
}

function toItem(block: Block, head: ResponseHead, status: Status): Json {
  const id = itemId(block);
  if (block.type === "tool_call") {
    const call = { call_id: `call_${block.id}`, name: block.name, arguments: block.text };
    return { id, type: "function_call", status, ...call };
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

function toWholeResponse(head: ResponseHead, blocks: readonly Block[], end: EndEvent) {
  const status = end.reason === "length" ? "incomplete" : "completed";
  const lastIndex = blocks.length - 1;
  const output = blocks.map((block) =>
    toItem(block, head, block.index === lastIndex ? status : "completed"),
  );
  return {
    ...toResponse(head, status, output),
    ...(status === "incomplete" ? { incomplete_details: { reason: "max_output_tokens" } } : {}),
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
    model: head.model,
    output,
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: body.reasoning?.effort ?? null, summary: null },
    service_tier: "default",
    store: false,
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
