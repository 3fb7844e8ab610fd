import type { Conversation, MediaFile, Message, Picture } from "../conversation/model.ts";
import { dataUrlOf } from "../pictures/picture-store.ts";

/** Exports a conversation as one JSON file, with its pictures and files as data URLs. */
export async function exportConversation(conversation: Conversation): Promise<Blob> {
  const messages = await Promise.all(conversation.messages.map(withData));
  const file = { format: "vireo-conversation-1", ...conversation, messages };
  return new Blob([JSON.stringify(file, null, 2)], { type: "application/json" });
}

async function withData(message: Message): Promise<unknown> {
  if (message.role !== "user") return message;
  const withUrl = async (stored: Picture | MediaFile) => ({
    ...stored,
    url: await dataUrlOf(stored).catch(() => undefined),
  });
  return {
    ...message,
    pictures: await Promise.all(message.pictures.map(withUrl)),
    files: await Promise.all((message.files ?? []).map(withUrl)),
  };
}

/** Returns a file name for a title. */
export function fileName(title: string, extension: string): string {
  const plain = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 60) || "chat"}.${extension}`;
}
