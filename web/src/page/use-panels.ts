import { useState } from "react";
import { useStored } from "../storage/use-stored.ts";
import { useMedia } from "../ui/use-media.ts";

/** A panel at the side: a column on wide screens, and a drawer over the page on narrow ones. */
export interface Panel {
  readonly open: boolean;
  /** Over the page. */
  readonly over: boolean;
  readonly toggle: () => void;
  readonly close: () => void;
  /** Must be called after a choice in the panel: a drawer closes, a column stays open. */
  readonly leave: () => void;
}

/** `name`: the storage key under which the browser saves whether the column is open. */
export function usePanel(name: string, columnFrom: string, openAtFirst: boolean): Panel {
  const column = useMedia(`(min-width: ${columnFrom})`);
  const [stored, store] = useStored("local", name);
  const [overOpen, setOverOpen] = useState(false);
  const columnOpen = stored === "" ? openAtFirst : stored === "open";
  const open = column ? columnOpen : overOpen;
  const set = (next: boolean): void => {
    if (column) store(next ? "open" : "closed");
    else setOverOpen(next);
  };
  return {
    open,
    over: !column,
    toggle: () => set(!open),
    close: () => set(false),
    leave: () => setOverOpen(false),
  };
}
