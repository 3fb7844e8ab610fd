import type { ConversationSummary } from "../conversation/model.ts";
import type { Session } from "../state/session.ts";
import { loadConversation } from "../storage/conversations.ts";
import { download } from "../ui/download.ts";
import { useNotice } from "../ui/notices.tsx";
import { exportConversation, fileName } from "./export.ts";

export type ConversationActions = ReturnType<typeof useConversationActions>;

/** Returns the actions on saved conversations. Each shows a notice if the storage fails. */
export function useConversationActions(session: Session) {
  const notice = useNotice();
  const attempt = (work: () => Promise<void>): void => {
    work().catch(() => notice("The browser's storage refused."));
  };
  return {
    rename: (id: string, title: string) => attempt(() => session.rename(id, title)),
    remove: ({ id, title }: ConversationSummary) =>
      attempt(async () => {
        const undo = await session.remove(id);
        if (undo === undefined) return;
        notice(`Deleted “${title}”.`, { label: "Undo", run: () => attempt(undo) });
      }),
    save: ({ id, title }: ConversationSummary) =>
      attempt(async () => {
        const conversation = await loadConversation(id);
        if (conversation === undefined) return;
        download(await exportConversation(conversation), fileName(title, "json"));
      }),
    clear: () =>
      attempt(async () => {
        await session.clear();
        notice("All chats are deleted.");
      }),
  };
}
