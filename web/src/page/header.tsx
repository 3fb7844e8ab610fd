import { isMini } from "../model/known.ts";
import { useServer, useSettings } from "../state/contexts.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { type Theme, useTheme } from "../ui/theme.ts";
import type { Panel } from "./use-panels.ts";

/** The dialogs that the header and the settings open. */
export type DialogName = "key" | "code";

interface HeaderProps {
  readonly chats: Panel;
  readonly panel: Panel;
  readonly onDialog: (name: DialogName) => void;
}

const THEME_ICONS: Readonly<Record<Theme, IconName>> = {
  auto: "auto",
  light: "sun",
  dark: "moon",
};

export function Header({ chats, panel, onDialog }: HeaderProps) {
  const { settings } = useSettings();
  const { theme, next } = useTheme();
  return (
    <>
      <header className="header">
        <button
          type="button"
          className="icon-button"
          title="Chats"
          aria-label="Chats"
          aria-expanded={chats.open}
          onClick={chats.toggle}
        >
          <Icon name="sidebar" />
        </button>
        <a className="model-link" href="#/model" title={`About ${settings.model || "the model"}`}>
          <span>{settings.model === "" ? "vireo" : settings.model.replace(/^.*\//, "")}</span>
          {isMini(settings.model) ? <span className="badge">10 M parameters</span> : null}
        </a>
        <span className="grow" />
        <button
          type="button"
          className="icon-button"
          title="This request as code"
          aria-label="As code"
          onClick={() => onDialog("code")}
        >
          <Icon name="code" />
        </button>
        <button
          type="button"
          className="icon-button"
          title={`Theme: ${theme}`}
          aria-label={`Theme: ${theme}; change it`}
          onClick={next}
        >
          <Icon name={THEME_ICONS[theme]} />
        </button>
        <button
          type="button"
          className="icon-button"
          title="Settings"
          aria-label="Settings"
          aria-expanded={panel.open}
          onClick={panel.toggle}
        >
          <Icon name="sliders" />
        </button>
      </header>
      <ConnectionNotice onDialog={onDialog} />
    </>
  );
}

/** Shows that the server does not respond. The page keeps trying. */
function ConnectionNotice({ onDialog }: Pick<HeaderProps, "onDialog">) {
  const { failure, reload } = useServer();
  if (failure === undefined) return null;
  const needsKey = failure.status === 401;
  return (
    <p className="connection" role="status">
      <Icon name="alert" />
      <span className="grow">{needsKey ? "This server requires a key." : failure.message}</span>
      <button
        type="button"
        className="link-button"
        onClick={needsKey ? () => onDialog("key") : reload}
      >
        {needsKey ? "Enter it" : "Try now"}
      </button>
    </p>
  );
}
