import { createContext, useContext } from "react";
import type { Prices } from "../api/types.ts";
import { DEFAULTS, type Settings } from "../state/settings.ts";
import type { Asked } from "./add-file.ts";

/** What looks into files need to know of the page. */
export interface LookContext extends Asked {
  readonly prices: Prices | undefined;
  readonly change: (patch: Partial<Settings>) => void;
}

const AskedContext = createContext<LookContext>({
  settings: DEFAULTS,
  apiKey: "",
  prices: undefined,
  change: () => undefined,
});

export const LookProvider = AskedContext.Provider;

export function useLookContext(): LookContext {
  return useContext(AskedContext);
}
