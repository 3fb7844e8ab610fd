import { type RefObject, useCallback, useRef, useState } from "react";
import { CodeDialog } from "./code/code-dialog.tsx";
import { useFiles } from "./composer/use-files.ts";
import { FilesPage } from "./files/files-page.tsx";
import { ModelPage } from "./model/model-page.tsx";
import { ChatPage } from "./page/chat-page.tsx";
import { type DialogName, Header } from "./page/header.tsx";
import { type Panel, usePanel } from "./page/use-panels.ts";
import { usePlayground } from "./page/use-playground.ts";
import { ProvidersPage } from "./providers/providers-page.tsx";
import { KeyDialog } from "./settings/key-dialog.tsx";
import { SettingsPanel } from "./settings/settings-panel.tsx";
import { Sidebar } from "./sidebar/sidebar.tsx";
import {
  ServerProvider,
  SessionProvider,
  SettingsProvider,
  useServer,
  useSession,
} from "./state/contexts.ts";
import { Drawer } from "./ui/drawer.tsx";
import { useNotice } from "./ui/notices.tsx";
import { useHash } from "./ui/use-hash.ts";
import { useShortcuts } from "./ui/use-shortcuts.ts";

/** The whole page with its contexts. */
export function App() {
  const [dialog, setDialog] = useState<DialogName>();
  const askForKey = useCallback(() => setDialog("key"), []);
  const { session, settings, server } = usePlayground(askForKey);
  return (
    <SessionProvider value={session}>
      <SettingsProvider value={settings}>
        <ServerProvider value={server}>
          <Layout onDialog={setDialog} />
          {dialog === "key" ? <KeyDialog onClose={() => setDialog(undefined)} /> : null}
          {dialog === "code" ? <CodeDialog onClose={() => setDialog(undefined)} /> : null}
        </ServerProvider>
      </SettingsProvider>
    </SessionProvider>
  );
}

/** Chats on the left, the open chat in the middle, settings on the right. */
function Layout({ onDialog }: { readonly onDialog: (name: DialogName) => void }) {
  const session = useSession();
  const { model } = useServer();
  const files = useFiles(session, useNotice(), model);
  const chats = usePanel("chats", "56rem", true);
  const panel = usePanel("panel", "76rem", false);
  const field = useRef<HTMLTextAreaElement>(null);
  const startNew = useCallback(() => {
    location.hash = "#/";
    void session.startNew();
    // The other pages have no composer; it appears with the next rendering.
    requestAnimationFrame(() => field.current?.focus());
  }, [session]);
  useShortcuts({ onNew: startNew, onStop: () => void session.stop() });
  return (
    <div className="app">
      <SkipLink field={field} />
      {chats.open ? <Chats panel={chats} onNew={startNew} /> : null}
      <div className="main">
        <Header chats={chats} panel={panel} onDialog={onDialog} />
        <main className="content">
          <Content hash={useHash()}>
            <ChatPage files={files} field={field} />
          </Content>
        </main>
      </div>
      {panel.open ? (
        <Drawer label="Settings" side="right" over={panel.over} onClose={panel.close}>
          <SettingsPanel onKey={() => onDialog("key")} onClose={panel.close} />
        </Drawer>
      ) : null}
      {files.dropping ? (
        <p className="drop-hint">Drop pictures, videos or documents to add them</p>
      ) : null}
    </div>
  );
}

interface ContentProps {
  readonly hash: string;
  /** The page for every other address. */
  readonly children: React.ReactNode;
}

function Content({ hash, children }: ContentProps) {
  if (hash === "#/model") return <ModelPage />;
  if (hash === "#/providers") return <ProvidersPage />;
  return hash === "#/files" ? <FilesPage /> : children;
}

/** The first link in tab order: skips the chats and the settings. */
function SkipLink({ field }: { readonly field: RefObject<HTMLTextAreaElement | null> }) {
  return (
    <button type="button" className="skip-link" onClick={() => field.current?.focus()}>
      Skip to the question
    </button>
  );
}

function Chats({ panel, onNew }: { readonly panel: Panel; readonly onNew: () => void }) {
  return (
    <Drawer label="Chats" side="left" over={panel.over} onClose={panel.close}>
      <Sidebar
        onNew={onNew}
        onChosen={panel.leave}
        onClose={panel.over ? panel.close : undefined}
      />
    </Drawer>
  );
}
