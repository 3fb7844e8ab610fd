import type { ServerResponse } from "node:http";

const MODEL_FIELDS = { object: "chat.completion.chunk", created: 0 };
const PROMPT_TOKENS = 7;

/** Words of every answer; each is one token. */
export const WORDS: readonly string[] = Object.freeze(
  ["one", "two", "three", "four", "five", "six", "seven", "eight"].map((word) => `${word} `),
);

export interface AnswerRequest {
  readonly model: string;
  readonly isStreamed: boolean;
  /** Name of a tool to call. Undefined: the answer is text. */
  readonly tool: string | undefined;
  /** Words before a fault within the answer. */
  readonly afterTokens: number;
}

/** Writes the pieces of an answer, of which faults leave some out or change some. */
export class FaultyAnswer {
  readonly request: AnswerRequest;
  private readonly response: ServerResponse;

  constructor(response: ServerResponse, request: AnswerRequest) {
    this.response = response;
    this.request = request;
  }

  /** Sends headers. Streams are event streams unless another type is given. */
  head(status = 200, headers: Readonly<Record<string, string>> = {}): void {
    const type = this.request.isStreamed ? "text/event-stream" : "application/json";
    this.response.writeHead(status, { "content-type": type, ...headers });
    this.response.flushHeaders();
  }

  /** Sends headers and a JSON body. */
  json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.response.writeHead(status, { "content-type": "application/json", ...headers });
    this.response.end(JSON.stringify(body));
  }

  write(text: string | Uint8Array): void {
    this.response.write(text);
  }

  /** Waits until what was written is on its way, so that the next piece arrives by itself. */
  async flush(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 2));
  }

  end(text = ""): void {
    this.response.end(text);
  }

  /** Closes the connection in the middle of whatever it is. */
  breakOff(): void {
    this.response.socket?.destroy();
  }

  get isOver(): boolean {
    return this.response.destroyed || this.response.writableEnded;
  }

  /** An event with the JSON of a value. */
  event(value: unknown, lineEnd = "\n"): string {
    return `data: ${JSON.stringify(value)}${lineEnd}${lineEnd}`;
  }

  chunk(choice: object, more: object = {}): object {
    const { model } = this.request;
    return {
      id: "chatcmpl-chaos",
      ...MODEL_FIELDS,
      model,
      choices: [{ index: 0, ...choice }],
      ...more,
    };
  }

  delta(content: string): object {
    return this.chunk({ delta: { content }, finish_reason: null });
  }

  get role(): object {
    return this.chunk({ delta: { role: "assistant", content: "" }, finish_reason: null });
  }

  get finish(): object {
    const finish_reason = this.request.tool === undefined ? "stop" : "tool_calls";
    return this.chunk({ delta: {}, finish_reason });
  }

  get usage(): object {
    return { ...this.chunk({}), choices: [], usage: usageOf(WORDS.length) };
  }

  /** The chunks of a good answer, without its end. */
  get parts(): readonly object[] {
    const { tool } = this.request;
    if (tool === undefined) return WORDS.map((word) => this.delta(word));
    const called = { name: tool, arguments: "" };
    const first = { index: 0, id: "call_1", type: "function", function: called };
    const pieces = ["{", "}"].map((text) => ({ index: 0, function: { arguments: text } }));
    return [first, ...pieces].map((piece) => {
      return this.chunk({ delta: { tool_calls: [piece] }, finish_reason: null });
    });
  }

  /** The parts before a fault within the answer. */
  get firstParts(): readonly object[] {
    return this.parts.slice(0, this.request.afterTokens);
  }

  /** The whole answer in one piece. */
  whole(changes: { readonly finish_reason?: null; readonly usage?: undefined } = {}): object {
    const { model, tool } = this.request;
    const call = { id: "call_1", type: "function", function: { name: tool, arguments: "{}" } };
    const message =
      tool === undefined
        ? { role: "assistant", content: WORDS.join("") }
        : { role: "assistant", content: null, tool_calls: [call] };
    const finish_reason = tool === undefined ? "stop" : "tool_calls";
    return {
      id: "chatcmpl-chaos",
      object: "chat.completion",
      created: 0,
      model,
      choices: [{ index: 0, message, finish_reason, ...changes }],
      usage: usageOf(WORDS.length),
      ...changes,
    };
  }
}

function usageOf(completionTokens: number): object {
  return {
    prompt_tokens: PROMPT_TOKENS,
    completion_tokens: completionTokens,
    total_tokens: PROMPT_TOKENS + completionTokens,
  };
}
