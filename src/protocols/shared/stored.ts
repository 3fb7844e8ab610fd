import type { ChatMessage, ChatRequest, ContentPart } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { checkTotals } from "./chat-totals.ts";
import { byContent, MAX_BYTES, type StoredPart } from "./media.ts";

/** What is read for a StoredPart. */
export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Media type; "" where nobody knows. */
  readonly type: string;
}

function isStored(part: ContentPart): part is StoredPart {
  return part.type !== "text" && "fileId" in part;
}

/** What a request names by id and has to be read before it can be answered. */
export function storedMedia({ messages }: ChatRequest): StoredPart[] {
  return messages.flatMap(({ content }) => {
    return typeof content === "string" ? [] : content.filter(isStored);
  });
}

/**
 * The same messages with what was read in place of ids. A document is what its bytes are: text is
 * text and a video a video, as if it had been sent as a data: URL.
 *
 * Throws media_too_large, and what checkTotals throws.
 */
export function withStored(
  messages: readonly ChatMessage[],
  files: ReadonlyMap<string, StoredFile>,
): ChatMessage[] {
  const filled = messages.map((message): ChatMessage => {
    if (typeof message.content === "string") return message;
    const content = message.content.map((part): ContentPart => {
      const file = isStored(part) ? files.get(part.fileId) : undefined;
      return file && isStored(part) ? fill(part, file) : part;
    });
    return { ...message, content };
  });
  checkTotals(filled);
  return filled;
}

function fill({ fileId: _, param, ...part }: StoredPart, { bytes }: StoredFile): ContentPart {
  const filled =
    part.type === "document" ? byContent({ ...part, bytes }, param) : { ...part, bytes };
  if (filled.type === "text") return filled;
  const limit = MAX_BYTES[filled.type];
  if (bytes.length <= limit) return filled;
  const actual = bytes.length;
  const message = `${param}: the ${filled.type} has ${actual} bytes; at most ${limit} are taken`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit, actual } });
}
