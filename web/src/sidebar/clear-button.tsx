import { useState } from "react";

/** Deletes all chats after a confirming second click. */
export function ClearButton({ onClear }: { readonly onClear: () => void }) {
  const [asking, setAsking] = useState(false);
  if (!asking) {
    return (
      <button type="button" className="link-button" onClick={() => setAsking(true)}>
        Delete all chats
      </button>
    );
  }
  return (
    <p className="row">
      <span>Delete all?</span>
      <button
        type="button"
        className="link-button danger"
        onClick={() => {
          setAsking(false);
          onClear();
        }}
      >
        Yes, delete
      </button>
      <button type="button" className="link-button" onClick={() => setAsking(false)}>
        No
      </button>
    </p>
  );
}
