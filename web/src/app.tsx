import { type RefObject, useCallback, useRef } from "react";
import { CodeDialog } from "./code/code-dialog.tsx";
import { ModelPage } from "./model/model-page.tsx";
import { ChatPage } from "./page/chat-page.tsx";
import { Header } from "./page/header.tsx";
import { type Panel, usePanel } from "./page/use-panels.ts";
import { type Playground, usePlayground } from "./page/use-playground.ts";
import { KeyDialog } from "./settings/key-dialog.tsx";
import { SettingsPanel } from "./settings/settings-panel.tsx";
import { Sidebar } from "./sidebar/sidebar.tsx";
import { Drawer } from "./ui/drawer.tsx";
import { useHash } from "./ui/use-hash.ts";
import { useShortcuts } from "./ui/use-shortcuts.ts";

/** The page: chats at the left, the one on the screen, settings at the right. */
export function App() {
  const playground = usePlayground();
  const { session, files } = playground;
  const chats = usePanel("chats", "56rem", true);
  const panel = usePanel("panel", "76rem", false);
  const field = useRef<HTMLTextAreaElement>(null);
  const onModelPage = useHash() === "#/model";
  const startNew = useCallback(() => {
    location.hash = "#/";
    void session.startNew();
    // The model page has no field; after it the field comes with the next rendering.
    requestAnimationFrame(() => field.current?.focus());
  }, [session]);
  useShortcuts({ onNew: startNew, onStop: () => void session.stop() });
  return (
    <div className="app">
      <SkipLink field={field} />
      <Chats playground={playground} panel={chats} onNew={startNew} />
      <div className="main">
        <Header playground={playground} chats={chats} panel={panel} />
        <main className="content">
          {onModelPage ? (
            <ModelPage models={playground.models.models} />
          ) : (
            <ChatPage playground={playground} field={field} />
          )}
        </main>
      </div>
      <Settings playground={playground} panel={panel} />
      <Windows playground={playground} />
      {files.dropping ? (
        <p className="drop-hint">Drop pictures, videos or PDFs to add them</p>
      ) : null}
    </div>
  );
}

/** The first stop of the Tab key: past the chats and the settings. */
function SkipLink({ field }: { readonly field: RefObject<HTMLTextAreaElement | null> }) {
  return (
    <button type="button" className="skip-link" onClick={() => field.current?.focus()}>
      Skip to the question
    </button>
  );
}

interface PartProps {
  readonly playground: Playground;
  readonly panel: Panel;
}

function Chats({ playground, panel, onNew }: PartProps & { readonly onNew: () => void }) {
  if (!panel.open) return null;
  const { session, state } = playground;
  return (
    <Drawer label="Chats" side="left" over={panel.over} onClose={panel.close}>
      <Sidebar
        session={session}
        kept={state.kept}
        openId={state.conversation.id}
        onNew={onNew}
        onChosen={panel.leave}
        onClose={panel.over ? panel.close : undefined}
      />
    </Drawer>
  );
}

function Settings({ playground, panel }: PartProps) {
  if (!panel.open) return null;
  const { settings, change, models, apiKey, setWindow } = playground;
  return (
    <Drawer label="Settings" side="right" over={panel.over} onClose={panel.close}>
      <SettingsPanel
        settings={settings}
        change={change}
        models={models.models}
        apiKey={apiKey}
        onKey={() => setWindow("key")}
        onClose={panel.close}
      />
    </Drawer>
  );
}

function Windows({ playground }: { readonly playground: Playground }) {
  const { window, setWindow, apiKey, setApiKey, state, settings } = playground;
  const close = (): void => setWindow(undefined);
  switch (window) {
    case "key":
      return (
        <KeyDialog
          apiKey={apiKey}
          onClose={close}
          onSave={(key) => {
            setApiKey(key);
            close();
          }}
        />
      );
    case "code":
      return (
        <CodeDialog
          messages={state.conversation.messages}
          draft={state.draft}
          settings={settings}
          needsKey={apiKey !== ""}
          onClose={close}
        />
      );
    default:
      return null;
  }
}
