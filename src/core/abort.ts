/** A signal that can be aborted here, and is aborted when the one that it follows is. */
export interface LinkedAbort {
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** To be called when nobody needs the signal any more: the other one may live on. */
  release(): void;
}

/** What AbortSignal.any does, without its weak references, which every request would pay for. */
export function linkAbort(other: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController();
  const abort = (reason: unknown): void => controller.abort(reason);
  const pass = (): void => abort(other?.reason);
  if (other?.aborted) pass();
  else other?.addEventListener("abort", pass, { once: true });
  return {
    signal: controller.signal,
    abort,
    release: () => other?.removeEventListener("abort", pass),
  };
}
