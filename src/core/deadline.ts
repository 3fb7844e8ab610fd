import { type LinkedAbort, linkAbort } from "./abort.ts";
import { VireoError } from "./errors.ts";

/**
 * A signal that is aborted with `request_timeout` after `ms` milliseconds, or earlier with
 * `signal`. Call `release` when the work is done: it stops the timer.
 */
export function startDeadline(signal: AbortSignal | undefined, ms: number): LinkedAbort {
  const linked = linkAbort(signal);
  const timer = setTimeout(() => linked.abort(tooLate(ms)), ms);
  return {
    ...linked,
    release: () => {
      clearTimeout(timer);
      linked.release();
    },
  };
}

function tooLate(ms: number): VireoError {
  const message = `the request took longer than ${ms / 1000} s, which this server allows`;
  return new VireoError("request_timeout", message);
}
