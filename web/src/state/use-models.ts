import { useCallback, useEffect, useEffectEvent, useMemo, useState } from "react";
import { listModels } from "../api/client.ts";
import type { Failure } from "../api/failure.ts";
import type { Model } from "../api/types.ts";
import { useAsync } from "../ui/use-async.ts";

export interface Models {
  readonly models: readonly Model[];
  /** The reason why there are no models or why the server is unreachable. */
  readonly failure?: Failure;
  readonly reload: () => void;
}

const RETRY_MS = 3000;
const NO_MODELS: readonly Model[] = [];

/** Loads the server's models; retries until it succeeds and when the network returns. */
export function useModels(apiKey: string, onKeyNeeded: () => void): Models {
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((count) => count + 1), []);
  const { value: models = NO_MODELS, failure } = useAsync(
    `${round} ${apiKey}`,
    (signal) => listModels(apiKey, signal),
    { keepPrevious: true },
  );
  const needKey = useEffectEvent(onKeyNeeded);
  useEffect(() => {
    if (failure === undefined) return;
    if (failure.status === 401) return needKey();
    const timer = setTimeout(reload, RETRY_MS);
    return () => clearTimeout(timer);
  }, [failure, reload]);
  useEffect(() => {
    addEventListener("online", reload);
    addEventListener("offline", reload);
    return () => {
      removeEventListener("online", reload);
      removeEventListener("offline", reload);
    };
  }, [reload]);
  return useMemo(
    () => ({ models, reload, ...(failure === undefined ? {} : { failure }) }),
    [models, failure, reload],
  );
}
