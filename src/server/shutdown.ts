import { VireoError } from "../core/errors.ts";

/**
 * How a server ends: at first it takes no more requests while those that run go on; then those
 * that still run end with an error that names the reason.
 */
export class Shutdown {
  private readonly running = new Set<(reason: Error) => void>();
  private begun = false;

  get isClosing(): boolean {
    return this.begun;
  }

  /** New requests are refused from now on. */
  begin(): void {
    this.begun = true;
  }

  /** Ends what still runs. */
  end(): void {
    this.begun = true;
    for (const abort of [...this.running]) abort(shuttingDown());
  }

  /** A signal that is aborted at the end, and what to call when it is not needed any more. */
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
