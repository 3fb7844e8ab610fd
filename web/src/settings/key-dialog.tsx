import { useState } from "react";
import { useServer } from "../state/contexts.ts";
import { Dialog } from "../ui/dialog.tsx";

interface KeyDialogProps {
  readonly onClose: () => void;
}

/** Asks for the API key of a server that requires one. */
export function KeyDialog({ onClose }: KeyDialogProps) {
  const { apiKey, setApiKey } = useServer();
  const [text, setText] = useState(apiKey);
  return (
    <Dialog title="API key" className="key-dialog" onClose={onClose}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          setApiKey(text.trim());
          onClose();
        }}
      >
        <p>This server requires an API key. Its operator can give you one.</p>
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
          The page stores it until this tab is closed, sends it to this server only, and never puts
          it into copied code.
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
