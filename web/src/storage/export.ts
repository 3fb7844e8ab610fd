import { dataUrlOf } from "../pictures/picture-store.ts";
import type { Conversation, MediaFile, Message, Picture } from "../state/conversation.ts";

/** A conversation as one JSON file, with its pictures and files as data URLs. */
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

/** Hands a file to the browser's downloads. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** A title as the name of a file. */
export function fileName(title: string, extension: string): string {
  const plain = title.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-+|-+$/g, "");
  return `${plain.slice(0, 60) || "chat"}.${extension}`;
}
