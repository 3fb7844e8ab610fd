import type { ConversationSummary } from "../state/conversation.ts";
import type { Session } from "../state/session.ts";
import { KEPT_MOST, loadConversation } from "../storage/conversations.ts";
import { download, exportConversation, fileName } from "../storage/export.ts";
import { Icon } from "../ui/icon.tsx";
import { Logo } from "../ui/logo.tsx";
import { useNotice } from "../ui/notices.tsx";
import { ClearButton } from "./clear-button.tsx";
import { ConversationRow } from "./conversation-row.tsx";

interface SidebarProps {
  readonly session: Session;
  readonly kept: readonly ConversationSummary[];
  readonly openId: string;
  readonly onNew: () => void;
  /** Something was chosen: a panel over the page goes away. */
  readonly onChosen: () => void;
  /** The panel is over the page and can be closed. */
  readonly onClose?: (() => void) | undefined;
}

/** The conversations that this browser keeps. */
export function Sidebar(props: SidebarProps) {
  const { session, kept, openId, onNew, onChosen, onClose } = props;
  const actions = useConversationActions(session);
  return (
    <nav className="sidebar" aria-label="Conversations">
      <header className="drawer-head">
        <a className="brand" href="#/">
          <Logo />
          vireo
        </a>
        {onClose === undefined ? null : (
          <>
            <span className="grow" />
            <button
              type="button"
              className="icon-button"
              aria-label="Close chats"
              onClick={onClose}
            >
              <Icon name="close" />
            </button>
          </>
        )}
      </header>
      <button
        type="button"
        className="quiet-button wide"
        title="New chat (Ctrl+K)"
        onClick={() => {
          onNew();
          onChosen();
        }}
      >
        <Icon name="plus" />
        New chat
      </button>
      <ul className="conversations">
        {kept.map((conversation) => (
          <ConversationRow
            key={conversation.id}
            conversation={conversation}
            open={conversation.id === openId}
            actions={actions}
            onOpen={() => {
              location.hash = "#/";
              void session.open(conversation.id);
              onChosen();
            }}
          />
        ))}
      </ul>
      <footer className="sidebar-foot">
        <p className="note">
          Kept in this browser only: the last {KEPT_MOST.conversations} chats at most.
        </p>
        {kept.length === 0 ? null : <ClearButton onClear={() => actions.clear()} />}
      </footer>
    </nav>
  );
}

export type ConversationActions = ReturnType<typeof useConversationActions>;

/** What can be done to a conversation; what the browser's storage refuses is said. */
function useConversationActions(session: Session) {
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
