import { useCallback, useEffect, useMemo, useState } from "react";
import type { ServerValue, SettingsValue } from "../state/contexts.ts";
import { Session } from "../state/session.ts";
import { readSettings } from "../state/settings.ts";
import { type Models, useModels } from "../state/use-models.ts";
import { useStored } from "../storage/use-stored.ts";
import { useNotice } from "../ui/notices.tsx";

/** The values of the page's contexts. */
export interface Playground {
  readonly session: Session;
  readonly settings: SettingsValue;
  readonly server: ServerValue;
}

/** onKeyNeeded: must be the same function in every render. */
export function usePlayground(onKeyNeeded: () => void): Playground {
  const onNotice = useNotice();
  const [apiKey, setApiKey] = useStored("session", "key");
  const models = useModels(apiKey, onKeyNeeded);
  const settings = useStoredSettings(models);
  const [session] = useState(() => new Session({ onKeyNeeded, onNotice }));
  const ready = settings.settings.model !== "" || models.failure !== undefined;
  useEffect(() => {
    session.configure({ settings: settings.settings, apiKey }, ready);
  }, [session, settings.settings, apiKey, ready]);
  useEffect(() => {
    void session.restore();
    const save = (): void => void session.save();
    addEventListener("pagehide", save);
    return () => removeEventListener("pagehide", save);
  }, [session]);
  const server = useMemo((): ServerValue => {
    const model = models.models.find(({ id }) => id === settings.settings.model);
    return { ...models, model, apiKey, setApiKey };
  }, [models, settings.settings.model, apiKey, setApiKey]);
  return { session, settings, server };
}

/** The saved settings, with the model replaced if the server does not serve it. */
function useStoredSettings({ models }: Models): SettingsValue {
  const [stored, store] = useStored("local", "settings");
  const read = useMemo(() => readSettings(stored === "" ? null : stored), [stored]);
  const known = models.some(({ id }) => id === read.model);
  const model = known ? read.model : (models[0]?.id ?? "");
  const settings = useMemo(() => ({ ...read, model }), [read, model]);
  const change = useCallback(
    (patch: Partial<typeof settings>) => store(JSON.stringify({ ...settings, ...patch })),
    [settings, store],
  );
  return useMemo(() => ({ settings, change }), [settings, change]);
}
