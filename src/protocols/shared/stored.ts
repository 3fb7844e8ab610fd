import type { ChatMessage, ChatRequest, ContentPart } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { checkTotals } from "./chat-totals.ts";
import { byDetectedType, MAX_BYTES, type StoredPart } from "./media.ts";

/** The stored file of a StoredPart. */
export interface StoredFile {
  readonly bytes: Uint8Array;
  /** Media type; "" if unknown. */
  readonly type: string;
}

function isStored(part: ContentPart): part is StoredPart {
  return part.type !== "text" && "fileId" in part;
}

/** The media of a request that must be read from the file store. */
export function storedMedia({ messages }: ChatRequest): StoredPart[] {
  return messages.flatMap(({ content }) => {
    return typeof content === "string" ? [] : content.filter(isStored);
  });
}

/**
 * Replaces file ids in messages by the stored bytes. The bytes of a document decide its kind, as
 * for a data: URL.
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
    part.type === "document" ? byDetectedType({ ...part, bytes }, param) : { ...part, bytes };
  if (filled.type === "text") return filled;
  const limit = MAX_BYTES[filled.type];
  if (bytes.length <= limit) return filled;
  const actual = bytes.length;
  const message = `${param}: the ${filled.type} has ${actual} bytes; at most ${limit} are accepted`;
  throw new VireoError("media_too_large", message, { param, metadata: { limit, actual } });
}
