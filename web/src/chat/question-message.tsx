import { memo, useState } from "react";
import type { Question } from "../conversation/model.ts";
import { FileButton } from "../media/file-button.tsx";
import { PictureButton } from "../pictures/picture-button.tsx";
import { CopyButton } from "../ui/copy-button.tsx";
import { Icon } from "../ui/icon.tsx";
import { useThreadActions } from "./actions.ts";

interface QuestionProps {
  readonly question: Question;
}

export const QuestionMessage = memo(function QuestionMessage({ question }: QuestionProps) {
  const [editing, setEditing] = useState(false);
  const { text, pictures, files = [] } = question;
  return (
    <article className="message question" aria-label="You">
      {pictures.length + files.length > 0 ? (
        <ul className="question-pictures" aria-label="Pictures and files">
          {pictures.map((picture) => (
            <li key={picture.id}>
              <PictureButton picture={picture} />
            </li>
          ))}
          {files.map((file) => (
            <li key={file.id}>
              <FileButton file={file} />
            </li>
          ))}
        </ul>
      ) : null}
      {editing ? (
        <EditForm question={question} onClose={() => setEditing(false)} />
      ) : (
        <div className="question-line">
          <div className="message-actions">
            {text === "" ? null : <CopyButton label="question" text={() => text} />}
            <button
              type="button"
              className="icon-button"
              title="Edit and ask again"
              aria-label="Edit question"
              onClick={() => setEditing(true)}
            >
              <Icon name="pencil" />
            </button>
          </div>
          {text === "" ? null : <div className="question-text">{text}</div>}
        </div>
      )}
    </article>
  );
});

function EditForm({ question, onClose }: QuestionProps & { readonly onClose: () => void }) {
  const [text, setText] = useState(question.text);
  const { edit } = useThreadActions();
  const empty = text.trim() === "" && question.pictures.length === 0 && !question.files?.length;
  const send = (): void => {
    if (empty) return;
    onClose();
    edit(question, text);
  };
  return (
    <form
      className="edit-form"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        // biome-ignore lint/a11y/noAutofocus: the user has just asked to edit.
        autoFocus
        aria-label="Question"
        value={text}
        rows={Math.min(10, text.split("\n").length + 1)}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            onClose();
          }
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      <div className="row">
        <span className="note">What came after is asked again.</span>
        <button type="button" className="quiet-button" onClick={onClose}>
          Cancel
        </button>
        <button type="submit" className="main-button" disabled={empty}>
          Ask again
        </button>
      </div>
    </form>
  );
}
