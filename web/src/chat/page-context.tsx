import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import type { DocumentFile } from "../conversation/model.ts";
import { PageDialog } from "../media/page-dialog.tsx";
import { Boxes } from "./box-shapes.tsx";

interface PageLinks {
  /** The document that has a page of that number; the first, if several have. */
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

/** Lets the words of one answer open pages of its documents. */
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

/** "page 3" in an answer: opens that page, where there is one. */
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
