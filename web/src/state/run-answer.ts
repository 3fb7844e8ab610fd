import { streamChat } from "../api/client.ts";
import { type Delta, isAbort } from "../api/deltas.ts";
import { toFailure } from "../api/failure.ts";
import type { ChatBody } from "../api/types.ts";
import type { Outcome } from "./answer.ts";

/** Short enough to look live, long enough for a slow machine to render long answers. */
const FLUSH_MS = 50;

export interface AnswerRun {
  readonly body: () => Promise<ChatBody>;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Called with the deltas since the last call. */
  readonly onDeltas: (deltas: readonly Delta[]) => void;
}

/** Sends the request and reads the whole answer. Never throws: the outcome tells how it ended. */
export async function runAnswer({ body, key, signal, onDeltas }: AnswerRun): Promise<Outcome> {
  let waiting: Delta[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  let begun = false;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.length > 0) onDeltas(waiting);
    waiting = [];
  };
  try {
    for await (const delta of streamChat(await body(), key, signal)) {
      waiting.push(delta);
      // The first delta is shown at once, so that the time to first token is exact.
      if (begun) timer ??= setTimeout(flush, FLUSH_MS);
      else flush();
      begun = true;
    }
    return { status: "done" };
  } catch (thrown) {
    if (isAbort(thrown) || signal.aborted) return { status: "stopped" };
    return { status: "failed", failure: toFailure(thrown) };
  } finally {
    flush();
  }
}
