import { useEffect, useRef } from "react";

interface Shortcuts {
  /** Ctrl+K or Cmd+K. */
  readonly onNew: () => void;
  /** Escape, where nothing else takes it. */
  readonly onStop: () => void;
}

export function useShortcuts(shortcuts: Shortcuts): void {
  const now = useRef(shortcuts);
  now.current = shortcuts;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      // An open window has the keys to itself; the answer behind it goes on.
      if (event.defaultPrevented || event.isComposing) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const command = event.ctrlKey || event.metaKey;
      if (command && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
        event.preventDefault();
        now.current.onNew();
      }
      if (event.key === "Escape") now.current.onStop();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
