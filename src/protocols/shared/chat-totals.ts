import type { ChatMessage } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";

/** The text of a message, without its media. */
export function textOf({ content }: Pick<ChatMessage, "content">): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/**
 * Checks the media and the text of a whole request against LIMITS.
 *
 * Throws too_many_images, too_many_videos, too_many_documents, or out_of_range for too many parts
 * or too much text.
 */
export function checkTotals(messages: readonly ChatMessage[], param = "messages"): void {
  const media = { image: 0, video: 0, document: 0 };
  let [characters, parts] = [0, 0];
  for (const message of messages) {
    characters += textOf(message).length;
    characters += message.reasoning?.length ?? 0;
    for (const call of message.toolCalls ?? []) characters += call.arguments.length;
    if (typeof message.content === "string") continue;
    parts += message.content.length;
    for (const { type } of message.content) if (type !== "text") media[type] += 1;
  }
  const { images, videos, documents } = LIMITS.request;
  for (const [code, kind, limit] of [
    ["too_many_images", "image", images],
    ["too_many_videos", "video", videos],
    ["too_many_documents", "document", documents],
  ] as const) {
    const actual = media[kind];
    if (actual <= limit) continue;
    const message = `${param} has ${actual} ${kind}s; at most ${limit} are accepted`;
    throw new VireoError(code, message, { param, metadata: { limit, actual } });
  }
  if (parts > LIMITS.request.parts) {
    const limit = LIMITS.request.parts;
    const message = `${param} has ${parts} parts; at most ${limit} are accepted`;
    throw new VireoError("out_of_range", message, { param, metadata: { limit, actual: parts } });
  }
  if (characters > LIMITS.request.textCharacters) {
    const limit = LIMITS.request.textCharacters;
    const message = `${param} has ${characters} characters; at most ${limit} are accepted`;
    throw new VireoError("out_of_range", message, { param });
  }
}
