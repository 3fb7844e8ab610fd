import { createContext, type ReactNode, useCallback, useContext, useEffect, useState } from "react";

interface Notice {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
}

type Show = (text: string, action?: Notice["action"]) => void;

const NoticeContext = createContext<Show>(() => undefined);
const SHOWN_MS = 8000;

/** Shows a short message at the foot of the page, with an optional action. */
export function useNotice(): Show {
  return useContext(NoticeContext);
}

export function NoticeArea({ children }: { readonly children: ReactNode }) {
  const [notice, setNotice] = useState<Notice>();
  const show = useCallback<Show>((text, action) => {
    setNotice(action === undefined ? { text } : { text, action });
  }, []);
  useEffect(() => {
    if (notice === undefined) return;
    const timer = setTimeout(() => setNotice(undefined), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  return (
    <NoticeContext value={show}>
      {children}
      <div className="notices" role="status">
        {notice === undefined ? null : (
          <p className="notice">
            {notice.text}
            {notice.action === undefined ? null : (
              <button
                type="button"
                className="link-button"
                onClick={() => {
                  notice.action?.run();
                  setNotice(undefined);
                }}
              >
                {notice.action.label}
              </button>
            )}
          </p>
        )}
      </div>
    </NoticeContext>
  );
}
