import {
  type ChildProcess,
  type ForkOptions,
  fork,
  type Serializable,
  type SpawnOptions,
  spawn,
} from "node:child_process";
import type { Readable } from "node:stream";

/** How a child process ended: its exit status, or the signal that killed it. */
export interface ChildEnd {
  readonly status: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
}

/** Time between SIGTERM and SIGKILL. */
const TERM_MS = 200;
/** Time to wait for a process after SIGKILL; one that hangs in the kernel is left behind. */
const KILL_MS = 2000;
/** Pipes of a program that has ended are closed after this time without data. */
const DRAIN_MS = 250;

/**
 * A child process that leads its own process group, so that its children are killed with it.
 *
 * When the child ends, whatever is left of its group is killed. A descendant that left the group
 * and holds the pipes open causes no delay: the pipes are closed once they deliver nothing more.
 */
export class ChildGroup {
  readonly process: ChildProcess;
  /** Rejects if the program cannot be started, with the reason in `code`, as ENOENT. */
  readonly ended: Promise<ChildEnd>;
  private hasEnded = false;
  private stopping: Promise<void> | undefined;

  private constructor(child: ChildProcess) {
    this.process = child;
    this.ended = new Promise<ChildEnd>((resolve, reject) => {
      child.once("error", (error) => {
        if (child.pid !== undefined) return; // it runs; a message or signal failed
        this.hasEnded = true;
        this.closePipes();
        reject(error);
      });
      child.once("exit", (status, signal) => {
        this.hasEnded = true;
        this.signal("SIGKILL");
        this.drainPipes();
        resolve({ status: status ?? undefined, signal: signal ?? undefined });
      });
    });
    this.ended.catch(() => {}); // callers that await it get the error
  }

  /** Starts a program without a shell. */
  static spawn(command: readonly string[], options: SpawnOptions): ChildGroup {
    const [program = "", ...args] = command;
    return new ChildGroup(spawn(program, args, { ...options, detached: true }));
  }

  /** Starts a module in a separate Node.js process with a channel for messages. */
  static fork(module: URL, options: ForkOptions): ChildGroup {
    return new ChildGroup(fork(module, [], { ...options, detached: true }));
  }

  /**
   * Sends a message to a forked module. onFailure: called if it cannot be sent, unless there never
   * was a process, of which `ended` tells.
   */
  send(message: Serializable, onFailure: () => void): void {
    const { process: child } = this;
    if (child.connected) child.send(message, (error) => error && onFailure());
    else if (child.pid !== undefined) onFailure();
  }

  /** Sends a signal to all processes of the group; has no effect if there are none. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.process;
    if (pid === undefined) return;
    try {
      process.kill(-pid, name);
    } catch {
      this.process.kill(name); // no group of that number, or a system without groups
    }
  }

  /**
   * Closes the pipes and ends the group with SIGTERM, then SIGKILL. Resolves when the child has
   * ended, and in any case within TERM_MS + KILL_MS.
   */
  stop(): Promise<void> {
    this.stopping ??= this.end();
    return this.stopping;
  }

  private async end(): Promise<void> {
    this.closePipes();
    if (this.hasEnded) return;
    this.signal("SIGTERM");
    if (await this.endsWithin(TERM_MS)) return;
    this.signal("SIGKILL");
    await this.endsWithin(KILL_MS);
  }

  private async endsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    await Promise.race([this.ended.catch(() => {}), late]);
    clearTimeout(timer);
    return this.hasEnded;
  }

  private closePipes(): void {
    const { stdin, stdout, stderr } = this.process;
    for (const pipe of [stdin, stdout, stderr]) pipe?.destroy();
    if (this.process.connected) this.process.disconnect();
  }

  private drainPipes(): void {
    const open = [this.process.stdout, this.process.stderr].filter((pipe) => pipe !== null);
    const seen = new Map<Readable, number>();
    const timer = setInterval(() => {
      for (const pipe of open) {
        const { bytesRead } = pipe as Readable & { readonly bytesRead: number };
        if (pipe.readableLength === 0 && seen.get(pipe) === bytesRead) pipe.destroy();
        seen.set(pipe, bytesRead);
      }
      if (open.every((pipe) => pipe.closed)) clearInterval(timer);
    }, DRAIN_MS);
    timer.unref();
  }
}
