import { type ReactNode, useState } from "react";
import type { Paper } from "../state/conversation.ts";
import { Dialog } from "../ui/dialog.tsx";
import { PageView } from "./page-view.tsx";

interface PageDialogProps {
  readonly paper: Paper;
  readonly page?: number;
  /** Drawn over the page, in its pixels. */
  readonly over?: (width: number, height: number) => ReactNode;
  readonly onClose: () => void;
}

/** A document to be turned over, page by page. */
export function PageDialog({ paper, page = 1, over, onClose }: PageDialogProps) {
  const [number, setNumber] = useState(page);
  return (
    <Dialog title={paper.name} className="page-dialog" onClose={onClose}>
      <PageView
        paper={paper}
        number={number}
        onNumber={setNumber}
        withText
        {...(over === undefined ? {} : { over })}
      />
    </Dialog>
  );
}
