import type { ChildProcess } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import type { ChildEnd, ChildGroup } from "./child-group.ts";

export interface SupervisorOptions {
  /** Starts the process; called again each time it has ended. */
  readonly start: () => ChildGroup;
  /** Called with each process that was started. */
  readonly onStart: (process: ChildProcess) => void;
  /** Called after a process has ended and its last message was received. */
  readonly onEnd: (end: ChildEnd) => void;
}

/** A process that ran at least this long is restarted at once. */
const STABLE_MS = 10_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 10_000;
/** Time to wait for the last messages of a process that has ended. */
const LAST_MESSAGES_MS = 200;

/** Delay before the next start. restarts: those since a process last ran for STABLE_MS. */
export function restartDelayMs(restarts: number): number {
  if (restarts === 0) return 0;
  return Math.min(FIRST_DELAY_MS * 2 ** (restarts - 1), MAX_DELAY_MS);
}

/** Keeps one child process running: it is started again when it ends, with growing delays. */
export class Supervisor {
  /** Number of times that the process was started again. */
  restarts = 0;
  private readonly options: SupervisorOptions;
  private group: ChildGroup | undefined;
  private timer: NodeJS.Timeout | undefined;
  private restartsSinceStable = 0;
  private closed = false;

  constructor(options: SupervisorOptions) {
    this.options = options;
    this.start();
  }

  /** Ends the process without a restart. */
  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    await this.group?.stop();
  }

  private start(): void {
    const began = performance.now();
    const group = this.options.start();
    this.group = group;
    this.options.onStart(group.process);
    const disconnected = new Promise<void>((resolve) => {
      group.process.once("disconnect", resolve);
    });
    const noEnd: ChildEnd = { status: undefined, signal: undefined };
    void group.ended
      .catch(() => noEnd) // it could not be started
      .then(async (end) => {
        await Promise.race([disconnected, sleep(LAST_MESSAGES_MS)]);
        group.process.removeAllListeners("message");
        this.options.onEnd(end);
        this.startAgain(performance.now() - began);
      });
  }

  private startAgain(ranMs: number): void {
    if (this.closed) return;
    if (ranMs >= STABLE_MS) this.restartsSinceStable = 0;
    const again = (): void => {
      this.restarts += 1;
      this.start();
    };
    this.timer = setTimeout(again, restartDelayMs(this.restartsSinceStable));
    this.restartsSinceStable += 1;
  }
}
