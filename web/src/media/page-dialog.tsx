import { type ReactNode, useState } from "react";
import type { DocumentFile } from "../conversation/model.ts";
import { Dialog } from "../ui/dialog.tsx";
import { PageView } from "./page-view.tsx";

interface PageDialogProps {
  readonly file: DocumentFile;
  readonly page?: number;
  /** Drawn over the page, in its pixels. */
  readonly over?: (width: number, height: number) => ReactNode;
  readonly onClose: () => void;
}

/** A dialog that shows a document page by page. */
export function PageDialog({ file, page = 1, over, onClose }: PageDialogProps) {
  const [number, setNumber] = useState(page);
  return (
    <Dialog title={file.name} className="page-dialog" onClose={onClose}>
      <PageView
        file={file}
        number={number}
        onNumber={setNumber}
        withText
        {...(over === undefined ? {} : { over })}
      />
    </Dialog>
  );
}
