/** No request may block the event loop longer, because every other client waits meanwhile. */
export const STALL_BUDGET_MS = 100;

const TICK_MS = 20;
/** Shorter delays are the timer's own. */
const MIN_STALL_MS = 10;

/**
 * Measures stalls of the event loop: how much later than planned a timer fires. A machine that is
 * overloaded delays it too.
 */
export class LoopWatch {
  private readonly listeners: ((stallMs: number) => void)[] = [];
  private readonly now: () => number;
  private timer: NodeJS.Timeout | undefined;
  private expectedMs = 0;

  /** now: milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.now = now;
  }

  /** Calls `listener` with the duration of each stall of 10 ms and more. */
  onStall(listener: (stallMs: number) => void): void {
    this.listeners.push(listener);
  }

  start(): void {
    if (this.timer !== undefined) return;
    this.expectedMs = this.now() + TICK_MS;
    this.timer = setInterval(() => this.tick(), TICK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The timer calls it. */
  tick(): void {
    const now = this.now();
    const stallMs = now - this.expectedMs;
    this.expectedMs = now + TICK_MS;
    if (stallMs >= MIN_STALL_MS) for (const listener of this.listeners) listener(stallMs);
  }
}
