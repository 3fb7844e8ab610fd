import type { ChatMessage, ChatRequest } from "../core/chat.ts";
import type { Delivery } from "../core/delivery.ts";
import { missingFeatures } from "../core/features.ts";
import { describedModel, type Endpoint } from "./endpoint.ts";

/**
 * The request that has an endpoint go on where a broken answer ended: the answer so far becomes the
 * beginning of the assistant's message.
 *
 * Undefined if that is not possible: reasoning was broken off or calls were delivered, the answer
 * has a format that only its beginning can enforce, nothing is left of max_tokens, or the endpoint
 * cannot continue messages.
 */
export function continued(
  request: ChatRequest,
  delivery: Delivery,
  endpoint: Endpoint,
): ChatRequest | undefined {
  const text = delivery.plainText;
  if (text === undefined || request.output !== undefined || request.prompt !== undefined) {
    return undefined;
  }
  const { completionTokens } = delivery.estimate();
  const maxTokens = request.maxTokens && request.maxTokens - completionTokens;
  if (maxTokens !== undefined && maxTokens <= 0) return undefined;
  const next: ChatRequest = {
    ...request,
    messages: withBeginning(request, text),
    continueFinalMessage: true,
    // the reasoning is over, and the text begins where a new one would
    reasoning: { enabled: false },
    ...(maxTokens !== undefined && { maxTokens }),
  };
  const { refused } = missingFeatures(next, describedModel(endpoint)?.features);
  return refused.length > 0 ? undefined : next;
}

function withBeginning(
  { messages, continueFinalMessage }: ChatRequest,
  text: string,
): readonly ChatMessage[] {
  const last = messages.at(-1);
  if (continueFinalMessage !== true || last === undefined) {
    return [...messages, { role: "assistant", content: text }];
  }
  const { content } = last;
  const whole =
    typeof content === "string" ? content + text : [...content, { type: "text" as const, text }];
  return [...messages.slice(0, -1), { ...last, content: whole }];
}
