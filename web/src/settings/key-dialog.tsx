import { useState } from "react";
import { Dialog } from "../ui/dialog.tsx";

interface KeyDialogProps {
  readonly apiKey: string;
  readonly onSave: (key: string) => void;
  readonly onClose: () => void;
}

/** Asks for the key of a server that wants one. */
export function KeyDialog({ apiKey, onSave, onClose }: KeyDialogProps) {
  const [text, setText] = useState(apiKey);
  return (
    <Dialog title="API key" className="key-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          onSave(text.trim());
        }}
      >
        <p>This server answers only with a key. Ask whoever runs it.</p>
        <label className="field">
          <span>Key</span>
          <input
            type="password"
            autoComplete="off"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <p className="note">
          It is kept until this tab is closed, sent to this server only, and never put into copied
          code.
        </p>
        <div className="row">
          <button type="submit" className="main-button">
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}
