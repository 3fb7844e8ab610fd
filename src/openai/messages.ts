import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { type ErrorCode, VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { ChatMessageBody, ChatPart } from "./chat-schema.ts";
import { decodeImageUrl } from "./data-url.ts";

/**
 * Turns checked messages of the protocol into the program's.
 *
 * A developer is the system; system messages at the beginning become one, since the model knows a
 * single system turn. Reasoning in earlier answers is left out, as the model's template does.
 */
export function toChatMessages(bodies: readonly ChatMessageBody[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  bodies.forEach((body, index) => {
    const message = toChatMessage(body, `messages[${index}]`);
    const previous = messages.at(-1);
    if (message.role !== "system" || previous === undefined) {
      messages.push(message);
    } else if (previous.role === "system") {
      const content = `${textOf(previous)}\n\n${textOf(message)}`;
      messages[messages.length - 1] = { role: "system", content };
    } else {
      const why = "comes after other messages; put system messages at the beginning";
      throw refuse("invalid_type", `messages[${index}].role`, why);
    }
  });
  checkTotals(messages);
  return messages;
}

function refuse(code: ErrorCode, param: string, why: string): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}

const ROLES = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
} as const;

function toChatMessage(body: ChatMessageBody, param: string): ChatMessage {
  const role = ROLES[body.role];
  const calls = body.tool_calls ?? [];
  if (calls.length > 0 && role !== "assistant") {
    throw refuse("invalid_type", `${param}.tool_calls`, "may only be in assistant messages");
  }
  const { content } = body;
  if ((content === undefined || content === null) && calls.length === 0) {
    throw refuse("missing_required", `${param}.content`, "is required");
  }
  const toolCalls = calls.map((call) => ({
    name: call.function.name,
    arguments: call.function.arguments,
  }));
  return {
    role,
    content: Array.isArray(content) ? toParts(content, role, `${param}.content`) : (content ?? ""),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
  };
}

function toParts(
  parts: readonly ChatPart[],
  role: ChatMessage["role"],
  param: string,
): ContentPart[] {
  return parts.map((part, index): ContentPart => {
    if (part.type === "refusal") return { type: "text", text: part.refusal };
    if (!("image_url" in part)) return { type: "text", text: part.text };
    const at = `${param}[${index}]`;
    if (role !== "user") {
      throw refuse("unsupported_modality", at, "is an image; images may only be in user messages");
    }
    const nested = typeof part.image_url !== "string";
    const url = typeof part.image_url === "string" ? part.image_url : part.image_url.url;
    return { type: "image", bytes: decodeImageUrl(url, `${at}.image_url${nested ? ".url" : ""}`) };
  });
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

function checkTotals(messages: readonly ChatMessage[]): void {
  let images = 0;
  let characters = 0;
  for (const message of messages) {
    characters += textOf(message).length;
    for (const call of message.toolCalls ?? []) characters += call.arguments.length;
    if (typeof message.content === "string") continue;
    images += message.content.filter((part) => part.type === "image").length;
  }
  if (images > LIMITS.imagesPerRequest) {
    const metadata = { limit: LIMITS.imagesPerRequest, actual: images };
    const message = `messages hold ${images} images; at most ${LIMITS.imagesPerRequest} are taken`;
    throw new VireoError("too_many_images", message, { param: "messages", metadata });
  }
  if (characters > LIMITS.textCharacters) {
    const message = `messages hold ${characters} characters; at most ${LIMITS.textCharacters}`;
    throw new VireoError("out_of_range", message, { param: "messages" });
  }
}
