import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { type Files, useFiles } from "../composer/use-files.ts";
import type { State } from "../state/reducer.ts";
import { Session } from "../state/session.ts";
import { readSettings, type Settings } from "../state/settings.ts";
import { type Models, useModels } from "../state/use-models.ts";
import { useStored } from "../state/use-stored.ts";
import { useNotice } from "../ui/notices.tsx";

/** A window that asks something or shows something. */
export type Window = "key" | "code";

/** Everything that the parts of the page share. */
export interface Playground {
  readonly session: Session;
  readonly state: State;
  readonly running: boolean;
  readonly settings: Settings;
  readonly change: (patch: Partial<Settings>) => void;
  readonly models: Models;
  readonly apiKey: string;
  readonly setApiKey: (key: string) => void;
  readonly window: Window | undefined;
  readonly setWindow: (window: Window | undefined) => void;
  readonly files: Files;
}

export function usePlayground(): Playground {
  const notice = useNotice();
  const [apiKey, setApiKey] = useStored("session", "key");
  const [window, setWindow] = useState<Window>();
  const onKeyNeeded = useCallback(() => setWindow("key"), []);
  const models = useModels(apiKey, onKeyNeeded);
  const [settings, change] = useSettings(models);
  // The session outlives renderings and reads what holds when it asks.
  const now = useRef({ settings, apiKey });
  now.current = { settings, apiKey };
  const [session] = useState(
    () =>
      new Session({
        settings: () => now.current.settings,
        key: () => now.current.apiKey,
        onKeyNeeded,
        onNotice: notice,
      }),
  );
  const state = useSyncExternalStore(session.subscribe, session.getState);
  const settled = useSettled(settings.model !== "" || models.failure !== undefined);
  const asked = useCallback(() => settled().then(() => now.current), [settled]);
  const files = useFiles(session, asked, notice);
  useEffect(() => {
    void session.restore();
    const save = (): void => void session.save();
    addEventListener("pagehide", save);
    return () => removeEventListener("pagehide", save);
  }, [session]);
  const last = state.conversation.messages.at(-1);
  const running = last?.role === "assistant" && last.status === "streaming";
  return {
    session,
    state,
    running,
    settings,
    change,
    models,
    apiKey,
    setApiKey,
    window,
    setWindow,
    files,
  };
}

/** Returns how to wait until something has become so. */
function useSettled(isSo: boolean): () => Promise<void> {
  const state = useRef({ isSo, waiting: [] as (() => void)[] });
  state.current.isSo = isSo;
  useEffect(() => {
    if (isSo) for (const go of state.current.waiting.splice(0)) go();
  }, [isSo]);
  return useCallback(async () => {
    const { current } = state;
    if (!current.isSo) await new Promise<void>((go) => current.waiting.push(go));
  }, []);
}

/** The settings that the browser keeps, with a model that the server has. */
function useSettings({ models }: Models): [Settings, (patch: Partial<Settings>) => void] {
  const [stored, store] = useStored("local", "settings");
  const read = useMemo(() => readSettings(stored === "" ? null : stored), [stored]);
  const known = models.some(({ id }) => id === read.model);
  const model = known ? read.model : (models[0]?.id ?? "");
  const settings = useMemo(() => ({ ...read, model }), [read, model]);
  const change = useCallback(
    (patch: Partial<Settings>) => store(JSON.stringify({ ...settings, ...patch })),
    [settings, store],
  );
  return [settings, change];
}
