import { createContext, useContext, useSyncExternalStore } from "react";
import type { Model } from "../api/types.ts";
import type { State } from "./reducer.ts";
import type { Session } from "./session.ts";
import { DEFAULTS, type Settings } from "./settings.ts";
import type { Models } from "./use-models.ts";

/** The settings and how to change them. */
export interface SettingsValue {
  readonly settings: Settings;
  readonly change: (patch: Partial<Settings>) => void;
}

/** The server's models and the API key for it. */
export interface ServerValue extends Models {
  /** The model that is chosen in the settings. */
  readonly model?: Model | undefined;
  readonly apiKey: string;
  readonly setApiKey: (key: string) => void;
}

const SettingsContext = createContext<SettingsValue>({
  settings: DEFAULTS,
  change: () => undefined,
});

const ServerContext = createContext<ServerValue>({
  models: [],
  reload: () => undefined,
  apiKey: "",
  setApiKey: () => undefined,
});

const SessionContext = createContext<Session | undefined>(undefined);

export const SettingsProvider = SettingsContext.Provider;
export const ServerProvider = ServerContext.Provider;
export const SessionProvider = SessionContext.Provider;

export function useSettings(): SettingsValue {
  return useContext(SettingsContext);
}

export function useServer(): ServerValue {
  return useContext(ServerContext);
}

/** Throws outside of a SessionProvider. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === undefined) throw new Error("there is no session above this component");
  return session;
}

/**
 * Selects a part of the session's state. The component renders again only if that part changes.
 *
 * select: returns a value of the state itself, or a primitive; never a new object.
 */
export function useSessionState<T>(select: (state: State) => T): T {
  const session = useSession();
  return useSyncExternalStore(session.subscribe, () => select(session.getState()));
}

export function isRunning({ conversation }: State): boolean {
  const last = conversation.messages.at(-1);
  return last?.role === "assistant" && last.status === "streaming";
}
