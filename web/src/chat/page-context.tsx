import { createContext, type ReactNode, useContext, useMemo, useState } from "react";
import { PageDialog } from "../media/page-dialog.tsx";
import type { Paper } from "../state/conversation.ts";
import { Boxes } from "./box-shapes.tsx";

interface PageLinks {
  /** The document that has a page of that number; the first, if several have. */
  readonly paperWith: (page: number) => Paper | undefined;
  readonly show: (page: number) => void;
}

const PageContext = createContext<PageLinks>({
  paperWith: () => undefined,
  show: () => undefined,
});

interface PageProviderProps {
  readonly papers: readonly Paper[];
  readonly children: ReactNode;
}

/** Lets the words of one answer open pages of its documents. */
export function PageProvider({ papers, children }: PageProviderProps) {
  const [shown, show] = useState<number>();
  const links = useMemo(
    () => ({
      paperWith: (page: number) => papers.find(({ pages = 0 }) => page >= 1 && page <= pages),
      show,
    }),
    [papers],
  );
  const paper = shown === undefined ? undefined : links.paperWith(shown);
  return (
    <PageContext value={links}>
      {children}
      {paper === undefined || shown === undefined ? null : (
        <PageDialog
          paper={paper}
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
  const { paperWith, show } = useContext(PageContext);
  const paper = paperWith(page);
  if (paper === undefined) return text;
  return (
    <button
      type="button"
      className="link-button page-link"
      title={`Show page ${page} of ${paper.name}`}
      onClick={() => show(page)}
    >
      {text}
    </button>
  );
}
