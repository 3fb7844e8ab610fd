import { useSyncExternalStore } from "react";

/** The part of the address after #, with the #. */
export function useHash(): string {
  return useSyncExternalStore(
    (listener) => {
      addEventListener("hashchange", listener);
      return () => removeEventListener("hashchange", listener);
    },
    () => location.hash,
  );
}
