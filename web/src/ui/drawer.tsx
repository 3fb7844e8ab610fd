import { type ReactNode, useEffect, useRef } from "react";

interface DrawerProps {
  readonly label: string;
  readonly side: "left" | "right";
  /** Over the page, as on narrow screens, or a column of it. */
  readonly over: boolean;
  readonly onClose: () => void;
  readonly children: ReactNode;
}

/** A panel at the side of the page. Over the page it is modal and Escape closes it. */
export function Drawer({ label, side, over, onClose, children }: DrawerProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (!over || dialog === null) return;
    dialog.showModal();
    return () => dialog.close();
  }, [over]);
  if (!over) {
    return (
      <aside className={`drawer drawer-${side}`} aria-label={label}>
        {children}
      </aside>
    );
  }
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape closes it as well.
    <dialog
      ref={element}
      className={`drawer drawer-${side} drawer-over`}
      aria-label={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === element.current) onClose();
      }}
    >
      {children}
    </dialog>
  );
}
