import { useEffect, useEffectEvent } from "react";

interface Shortcuts {
  /** Ctrl+K or Cmd+K. */
  readonly onNew: () => void;
  /** Escape, unless something else handles it. */
  readonly onStop: () => void;
}

export function useShortcuts({ onNew, onStop }: Shortcuts): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent): void => {
    // An open dialog handles its own keys, and the running answer continues.
    if (event.defaultPrevented || event.isComposing) return;
    if (document.querySelector("dialog[open]") !== null) return;
    const command = event.ctrlKey || event.metaKey;
    if (command && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      onNew();
    }
    if (event.key === "Escape") onStop();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent): void => onKeyDown(event);
    document.addEventListener("keydown", listener);
    return () => document.removeEventListener("keydown", listener);
  }, []);
}
