import { VireoError } from "../core/errors.ts";

/**
 * Shuts a server down in two steps. First it refuses new requests while running ones continue; then
 * it ends the remaining requests with an error that gives the reason.
 */
export class Shutdown {
  private readonly running = new Set<(reason: Error) => void>();
  private begun = false;

  get isClosing(): boolean {
    return this.begun;
  }

  /** Starts to refuse new requests. */
  begin(): void {
    this.begun = true;
  }

  /** Ends the running requests. */
  end(): void {
    this.begun = true;
    for (const abort of [...this.running]) abort(shuttingDown());
  }

  /** Returns a signal that is aborted at the end, and a function that releases it. */
  follow(): { readonly signal: AbortSignal; readonly release: () => void } {
    const controller = new AbortController();
    const abort = (reason: Error): void => controller.abort(reason);
    this.running.add(abort);
    return { signal: controller.signal, release: () => this.running.delete(abort) };
  }
}

export function shuttingDown(): VireoError {
  const message = "the server is shutting down; send the request again in a moment";
  return new VireoError("engine_closed", message, { retryAfterMs: 5000 });
}
