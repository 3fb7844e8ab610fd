import type { ChatEvent, ChatRequest, Usage } from "./chat.ts";
import type { CountTokens } from "./token-count.ts";

/** Collects the delivered part of an answer: its client is billed for that. */
export class Delivery {
  private readonly request: ChatRequest;
  private readonly count: CountTokens;
  private readonly reasoning: string[] = [];
  private readonly texts: string[] = [];
  private readonly calls: string[] = [];

  constructor(request: ChatRequest, count: CountTokens) {
    this.request = request;
    this.count = count;
  }

  add(event: ChatEvent): void {
    if (event.type === "reasoning") this.reasoning.push(event.text);
    else if (event.type === "text") this.texts.push(event.text);
    else if (event.type === "tool_call") this.calls.push(event.name, event.arguments);
  }

  get isEmpty(): boolean {
    return this.reasoning.length + this.texts.length + this.calls.length === 0;
  }

  /** The text of the answer so far. Undefined if something else than text was delivered too. */
  get plainText(): string | undefined {
    return this.calls.length > 0 || this.texts.length === 0 ? undefined : this.texts.join("");
  }

  /** Counts what was delivered, for a provider that reported nothing or broke off. */
  estimate(): Usage {
    const reasoningTokens = this.count(this.reasoning.join(""));
    const answer = this.texts.join("") + this.calls.join("");
    return {
      promptTokens: promptTokens(this.request, this.count),
      imageTokens: 0,
      videoTokens: 0,
      cachedTokens: 0,
      completionTokens: reasoningTokens + this.count(answer),
      reasoningTokens,
      estimated: true,
    };
  }
}

/** Tokens of all text of a request, for a provider that does not count its prompts. */
function promptTokens({ messages, prompt, tools }: ChatRequest, count: CountTokens): number {
  if (typeof prompt === "object") return prompt.length;
  const texts = messages.flatMap(({ content, toolCalls = [] }) => [
    ...(typeof content === "string"
      ? [content]
      : content.map((part) => (part.type === "text" ? part.text : ""))),
    ...toolCalls.map((call) => call.name + call.arguments),
  ]);
  if (typeof prompt === "string") texts.push(prompt);
  if (tools !== undefined) texts.push(JSON.stringify(tools));
  return count(texts.join("\n"));
}
