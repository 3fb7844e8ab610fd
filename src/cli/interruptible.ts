import type { Terminal } from "./terminal.ts";

/** The exit status of a program that was interrupted. */
const INTERRUPTED = 130;

/** Runs `work`. Ctrl-C aborts it, shows `note` and sets the exit status 130. */
export async function interruptible(
  terminal: Terminal,
  note: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const onInterrupt = (): void => abort.abort(new Error("interrupted"));
  process.once("SIGINT", onInterrupt);
  try {
    await work(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    terminal.note(`\n${note}`);
    process.exitCode = INTERRUPTED;
  } finally {
    process.off("SIGINT", onInterrupt);
  }
}
