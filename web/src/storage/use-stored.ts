import { useCallback, useState } from "react";
import { type Place, readValue, writeValue } from "./browser-values.ts";

/** A text that the browser saves. */
export function useStored(place: Place, name: string): [string, (value: string) => void] {
  const [value, setValue] = useState(() => readValue(place, name) ?? "");
  const change = useCallback(
    (next: string) => {
      writeValue(place, name, next);
      setValue(next);
    },
    [place, name],
  );
  return [value, change];
}
