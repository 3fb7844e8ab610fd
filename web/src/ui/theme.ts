import { useEffect } from "react";
import { useStored } from "../storage/use-stored.ts";

export type Theme = "auto" | "light" | "dark";
const ORDER: readonly Theme[] = ["auto", "light", "dark"];

/** Returns the theme and a function that selects the next one. "auto" follows the system. */
export function useTheme(): { readonly theme: Theme; readonly next: () => void } {
  const [stored, store] = useStored("local", "theme");
  const theme = ORDER.find((name) => name === stored) ?? "auto";
  useEffect(() => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  const next = (): void => store(ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length] ?? "auto");
  return { theme, next };
}
