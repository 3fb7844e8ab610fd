import {
  type Conversation,
  type ConversationSummary,
  type Message,
  storedOf,
  summaryOf,
} from "../conversation/model.ts";
import { resultOf, type Store, transact } from "./database.ts";

/** Limits of the saved data. The least recently used conversation is deleted first. */
export const MAX_SAVED = Object.freeze({
  conversations: 100,
  pictureBytes: 256 * 1024 * 1024,
});

export interface StoredPicture {
  readonly id: string;
  readonly blob: Blob;
}

/** A deleted conversation with everything that is needed to restore it. */
export interface Removed {
  readonly conversation: Conversation;
  readonly pictures: readonly StoredPicture[];
}

/** Lists all conversations without their messages, newest first. */
export async function listConversations(): Promise<readonly ConversationSummary[]> {
  const all = await transact("readonly", (store) =>
    resultOf<Conversation[]>(store("conversations").getAll()),
  );
  return all.sort((a, b) => b.updatedAt - a.updatedAt).map(summaryOf);
}

/** Loads a conversation. An answer that was in progress when the page closed becomes `failed`. */
export async function loadConversation(id: string): Promise<Conversation | undefined> {
  const found = await transact("readonly", (store) =>
    resultOf<Conversation | undefined>(store("conversations").get(id)),
  );
  if (found === undefined) return undefined;
  return { ...found, messages: found.messages.map(interrupted) };
}

function interrupted(message: Message): Message {
  if (message.role !== "assistant" || message.status !== "streaming") return message;
  const why = "The page was closed while this answer was being written.";
  return { ...message, status: "failed", failure: { kind: "broken", message: why } };
}

/** Saves a conversation together with pictures that are new in it. */
export async function saveConversation(
  conversation: Conversation,
  pictures: readonly StoredPicture[] = [],
): Promise<void> {
  await transact("readwrite", async (store) => {
    for (const picture of pictures) await resultOf(store("pictures").put(picture));
    await resultOf(store("conversations").put(conversation));
  });
}

export async function loadPicture(id: string): Promise<Blob | undefined> {
  const found = await transact("readonly", (store) =>
    resultOf<StoredPicture | undefined>(store("pictures").get(id)),
  );
  return found?.blob;
}

/** Deletes a conversation with its pictures and files. */
export async function removeConversation(id: string): Promise<Removed | undefined> {
  return transact("readwrite", async (store) => {
    const conversations = store("conversations");
    const conversation = await resultOf<Conversation | undefined>(conversations.get(id));
    if (conversation === undefined) return undefined;
    const pictures: StoredPicture[] = [];
    for (const picture of storedOf(conversation.messages)) {
      const stored = await resultOf<StoredPicture | undefined>(store("pictures").get(picture.id));
      if (stored !== undefined) pictures.push(stored);
      await resultOf(store("pictures").delete(picture.id));
    }
    await resultOf(conversations.delete(id));
    return { conversation, pictures };
  });
}

export async function clearEverything(): Promise<void> {
  await transact("readwrite", async (store) => {
    for (const name of ["conversations", "pictures"] satisfies Store[]) {
      await resultOf(store(name).clear());
    }
  });
}

/**
 * Deletes the oldest conversations beyond the limits, and pictures that no conversation refers to.
 * Never deletes `openId`.
 */
export async function tidy(openId: string): Promise<void> {
  await transact("readwrite", async (store) => {
    const all = await resultOf<Conversation[]>(store("conversations").getAll());
    const used = new Set<string>();
    let bytes = 0;
    for (const [index, conversation] of all.sort(openFirst(openId)).entries()) {
      const pictures = storedOf(conversation.messages);
      bytes += pictures.reduce((sum, picture) => sum + picture.sizeBytes, 0);
      const fits = index < MAX_SAVED.conversations && bytes <= MAX_SAVED.pictureBytes;
      if (!fits && index > 0) await resultOf(store("conversations").delete(conversation.id));
      else for (const picture of pictures) used.add(picture.id);
    }
    for (const id of await resultOf(store("pictures").getAllKeys())) {
      if (!used.has(String(id))) await resultOf(store("pictures").delete(id));
    }
  });
}

function openFirst(openId: string): (a: Conversation, b: Conversation) => number {
  return (a, b) => Number(b.id === openId) - Number(a.id === openId) || b.updatedAt - a.updatedAt;
}
