import { createHash } from "node:crypto";
import type { ChatMessage, ChatRequest } from "../core/chat.ts";

const MAX_CONVERSATIONS = 10_000;
const REMEMBERED_MS = 30 * 60_000;
/** A conversation is recognised by its opening; later messages are not read. */
const OPENING_MESSAGES = 2;
const OPENING_BYTES = 64 * 1024;

/**
 * Identifies the conversation that a request belongs to: equal for all requests of a tenant with
 * the same first messages, which is what the prefix cache of a provider is keyed by too.
 */
export function conversationKey({
  tenant = "",
  model = "",
  messages,
  prompt,
}: ChatRequest): string {
  const hash = createHash("sha256").update(JSON.stringify([tenant, model]));
  if (prompt !== undefined) hash.update(JSON.stringify(prompt).slice(0, OPENING_BYTES));
  for (const message of opening(messages)) {
    hash.update(`\0${message.role}\0`);
    addContent(hash, message.content);
  }
  return hash.digest("base64");
}

/** The messages up to the first one of the user, which every later request repeats. */
function opening(messages: readonly ChatMessage[]): readonly ChatMessage[] {
  const user = messages.findIndex(({ role }) => role === "user");
  return messages.slice(0, Math.min(OPENING_MESSAGES, user === -1 ? messages.length : user + 1));
}

function addContent(hash: ReturnType<typeof createHash>, content: ChatMessage["content"]): void {
  if (typeof content === "string") {
    hash.update(content.slice(0, OPENING_BYTES));
    return;
  }
  for (const part of content) {
    if (part.type === "text") hash.update(part.text.slice(0, OPENING_BYTES));
    else hash.update(part.bytes.subarray(0, OPENING_BYTES));
  }
}

/** Remembers which provider answered a conversation, so that its next request goes there too. */
export class Conversations {
  private readonly providers = new Map<
    string,
    { readonly provider: string; readonly ms: number }
  >();

  /** Undefined for a conversation that is new or old. */
  providerOf(key: string, nowMs: number): string | undefined {
    const entry = this.providers.get(key);
    return entry !== undefined && nowMs - entry.ms < REMEMBERED_MS ? entry.provider : undefined;
  }

  remember(key: string, provider: string, nowMs: number): void {
    this.providers.delete(key);
    this.providers.set(key, { provider, ms: nowMs });
    if (this.providers.size <= MAX_CONVERSATIONS) return;
    const [oldest] = this.providers.keys();
    if (oldest !== undefined) this.providers.delete(oldest);
  }
}
