import { useCallback, useEffect, useState } from "react";
import { listModels } from "../api/client.ts";
import { type Failure, toFailure } from "../api/failure.ts";
import type { Model } from "../api/types.ts";

export interface Models {
  readonly models: readonly Model[];
  /** Why there are none, or why the server cannot be reached now. */
  readonly failure?: Failure;
  readonly reload: () => void;
}

const RETRY_MS = 3000;

/** The server's models; asked for again until there is an answer, and when the network is back. */
export function useModels(key: string, onKeyNeeded: () => void): Models {
  const [models, setModels] = useState<readonly Model[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((count) => count + 1), []);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a round asks again.
  useEffect(() => {
    const controller = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    listModels(key, controller.signal).then(
      (found) => {
        setModels(found);
        setFailure(undefined);
      },
      (thrown: unknown) => {
        if (controller.signal.aborted) return;
        const reason = toFailure(thrown);
        setFailure(reason);
        if (reason.status === 401) onKeyNeeded();
        else timer = setTimeout(reload, RETRY_MS);
      },
    );
    return () => {
      controller.abort();
      clearTimeout(timer);
    };
  }, [key, round, reload, onKeyNeeded]);

  useEffect(() => {
    window.addEventListener("online", reload);
    window.addEventListener("offline", reload);
    return () => {
      window.removeEventListener("online", reload);
      window.removeEventListener("offline", reload);
    };
  }, [reload]);

  return { models, reload, ...(failure === undefined ? {} : { failure }) };
}
