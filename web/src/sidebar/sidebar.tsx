import { useSession, useSessionState } from "../state/contexts.ts";
import { MAX_SAVED } from "../storage/conversations.ts";
import { Icon } from "../ui/icon.tsx";
import { Logo } from "../ui/logo.tsx";
import { ClearButton } from "./clear-button.tsx";
import { ConversationRow } from "./conversation-row.tsx";
import { useConversationActions } from "./use-conversation-actions.ts";

interface SidebarProps {
  readonly onNew: () => void;
  /** Called after a choice, so that a drawer closes. */
  readonly onChosen: () => void;
  /** Given if the sidebar is a drawer over the page. */
  readonly onClose?: (() => void) | undefined;
}

/** Lists the saved conversations. */
export function Sidebar(props: SidebarProps) {
  const { onNew, onChosen, onClose } = props;
  const session = useSession();
  const saved = useSessionState((state) => state.saved);
  const openId = useSessionState((state) => state.conversation.id);
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
        {saved.map((conversation) => (
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
      <SidebarFoot onChosen={onChosen} onClear={saved.length === 0 ? undefined : actions.clear} />
    </nav>
  );
}

interface FootProps {
  readonly onChosen: () => void;
  /** Undefined if there is nothing to delete. */
  readonly onClear: (() => void) | undefined;
}

function SidebarFoot({ onChosen, onClear }: FootProps) {
  return (
    <footer className="sidebar-foot">
      <button
        type="button"
        className="quiet-button wide"
        onClick={() => {
          location.hash = "#/files";
          onChosen();
        }}
      >
        <Icon name="page" />
        Files and usage
      </button>
      <button
        type="button"
        className="quiet-button wide"
        onClick={() => {
          location.hash = "#/providers";
          onChosen();
        }}
      >
        <Icon name="info" />
        Providers
      </button>
      <p className="note">
        Chats are saved in this browser only: the last {MAX_SAVED.conversations} at most.
      </p>
      {onClear === undefined ? null : <ClearButton onClear={onClear} />}
    </footer>
  );
}
