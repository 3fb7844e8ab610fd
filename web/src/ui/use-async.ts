import { useEffect, useEffectEvent, useState } from "react";
import { type Failure, toFailure } from "../api/failure.ts";

/** A value that is being loaded: neither field is set while the first load runs. */
export interface Async<T> {
  readonly value?: T;
  readonly failure?: Failure;
}

export interface AsyncOptions<T> {
  /** Waits this long before it loads; a new key starts the wait again. */
  readonly delayMs?: number;
  /** Returns the last result while the next one loads or the key is undefined. */
  readonly keepPrevious?: boolean;
  /** A value that is known already: nothing is loaded for it. */
  readonly cached?: (key: string) => T | undefined;
}

interface Loaded<T> extends Async<T> {
  readonly key?: string;
}

/**
 * Loads a value, and loads it again whenever `key` changes. The superseded load is aborted.
 *
 * key: names the value; for undefined, nothing is loaded.
 * load: is called with the newest props and state of the component.
 */
export function useAsync<T>(
  key: string | undefined,
  load: (signal: AbortSignal) => Promise<T>,
  { delayMs = 0, keepPrevious = false, cached }: AsyncOptions<T> = {},
): Async<T> {
  const [loaded, setLoaded] = useState<Loaded<T>>({});
  const known = key === undefined ? undefined : cached?.(key);
  const start = useEffectEvent((name: string, signal: AbortSignal): void => {
    load(signal).then(
      (value) => signal.aborted || setLoaded({ key: name, value }),
      (thrown: unknown) => {
        if (signal.aborted) return;
        const failure = toFailure(thrown);
        setLoaded(({ value }) => ({
          key: name,
          failure,
          ...(keepPrevious && value !== undefined ? { value } : {}),
        }));
      },
    );
  });
  const isKnown = known !== undefined;
  useEffect(() => {
    if (key === undefined || isKnown) return;
    const controller = new AbortController();
    const timer = setTimeout(() => start(key, controller.signal), delayMs);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [key, isKnown, delayMs]);
  if (known !== undefined) return { value: known };
  return keepPrevious || (key !== undefined && loaded.key === key) ? loaded : {};
}
