import { useState } from "react";
import type { ConversationSummary } from "../conversation/model.ts";
import { Icon } from "../ui/icon.tsx";
import type { ConversationActions } from "./use-conversation-actions.ts";

interface RowProps {
  readonly conversation: ConversationSummary;
  readonly open: boolean;
  readonly actions: ConversationActions;
  readonly onOpen: () => void;
}

export function ConversationRow({ conversation, open, actions, onOpen }: RowProps) {
  const [renaming, setRenaming] = useState(false);
  const { id, title } = conversation;
  if (renaming) {
    return (
      <li>
        <RenameField
          title={title}
          onDone={(next) => {
            setRenaming(false);
            if (next !== "" && next !== title) actions.rename(id, next);
          }}
        />
      </li>
    );
  }
  return (
    <li className="conversation" data-open={open}>
      <button
        type="button"
        className="conversation-title"
        aria-current={open ? "true" : undefined}
        title={title}
        onClick={onOpen}
      >
        {title}
      </button>
      <div className="conversation-actions">
        <button
          type="button"
          className="icon-button small"
          aria-label={`Rename ${title}`}
          onClick={() => setRenaming(true)}
        >
          <Icon name="pencil" />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={`Export ${title} as JSON`}
          onClick={() => actions.save(conversation)}
        >
          <Icon name="download" />
        </button>
        <button
          type="button"
          className="icon-button small"
          aria-label={`Delete ${title}`}
          onClick={() => actions.remove(conversation)}
        >
          <Icon name="trash" />
        </button>
      </div>
    </li>
  );
}

const MAX_TITLE_CHARACTERS = 200;

function RenameField(props: { readonly title: string; readonly onDone: (title: string) => void }) {
  const { title, onDone } = props;
  const [text, setText] = useState(title);
  return (
    <input
      className="rename-field"
      // biome-ignore lint/a11y/noAutofocus: the user has just asked to rename.
      autoFocus
      aria-label="Name of the chat"
      maxLength={MAX_TITLE_CHARACTERS}
      value={text}
      onChange={(event) => setText(event.target.value)}
      onBlur={() => onDone(text.trim())}
      onKeyDown={(event) => {
        if (event.key === "Enter") onDone(text.trim());
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.preventDefault();
        onDone("");
      }}
    />
  );
}
