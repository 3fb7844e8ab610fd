import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import type { DocumentFile } from "../conversation/model.ts";
import { PageDialog } from "../media/page-dialog.tsx";
import { Boxes } from "./box-shapes.tsx";

interface PageLinks {
  /** Returns the first document that has a page with that number. */
  readonly documentWith: (page: number) => DocumentFile | undefined;
  readonly show: (page: number) => void;
}

const PageContext = createContext<PageLinks>({
  documentWith: () => undefined,
  show: () => undefined,
});

interface PageProviderProps {
  readonly documents: readonly DocumentFile[];
  readonly children: ReactNode;
}

/** Lets page numbers in an answer's text open pages of its documents. */
export function PageProvider({ documents, children }: PageProviderProps) {
  const [shown, show] = useState<number>();
  const links = useMemo(
    () => ({
      documentWith: (page: number) => documents.find(({ pages = 0 }) => page >= 1 && page <= pages),
      show,
    }),
    [documents],
  );
  const file = shown === undefined ? undefined : links.documentWith(shown);
  return (
    <PageContext value={links}>
      {children}
      {file === undefined || shown === undefined ? null : (
        <PageDialog
          file={file}
          page={shown}
          over={(width, height) => <Boxes width={width} height={height} />}
          onClose={() => show(undefined)}
        />
      )}
    </PageContext>
  );
}

/** Renders "page 3" in an answer as a button that opens the page, if the page exists. */
export function PageLink({ text, page }: { readonly text: string; readonly page: number }) {
  const { documentWith, show } = useContext(PageContext);
  const file = documentWith(page);
  if (file === undefined) return text;
  return (
    <button
      type="button"
      className="link-button page-link"
      title={`Show page ${page} of ${file.name}`}
      onClick={() => show(page)}
    >
      {text}
    </button>
  );
}
