import { once, setMaxListeners } from "node:events";
import { parentPort, type TransferListItem, Worker } from "node:worker_threads";
import { VireoError } from "../core/errors.ts";
import { FairQueue, type QueuedTurn } from "../core/fair-queue.ts";
import { fromPlainError, type PlainError, toPlainError } from "../core/plain-error.ts";

const BYTES_PER_MIB = 1024 * 1024;
const IDLE_MS = 60_000;

export interface WorkerLaneOptions {
  /** The compiled module that the worker runs; it calls `serveTasks`. */
  readonly module: URL;
  readonly data?: unknown;
  readonly maxMemoryBytes: number;
  /** Subject of the tasks in the plural, for messages: "long conversations". */
  readonly things: string;
  /** Unit of the costs, for messages: "megabytes". */
  readonly unit: string;
  readonly maxWaitingCost: number;
  /** The field that made the task large, for errors. */
  readonly param?: string;
}

export interface TaskOptions extends QueuedTurn {
  /** Buffers that move to the worker instead of being copied. */
  readonly transfer?: readonly TransferListItem[];
}

/** A task that runs. */
interface Task {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

type Reply = { readonly value: unknown } | { readonly failure: PlainError };

/**
 * Runs tasks one after the other in a worker thread, in turns by tenant, so that long work does not
 * block the event loop.
 *
 * The thread starts with the first task, keeps the process alive only while it works, and ends
 * after a minute without tasks. If it dies, its task fails and the next task starts another thread.
 */
export class WorkerLane<Command, Value> {
  private readonly options: WorkerLaneOptions;
  private readonly queue: FairQueue;
  private readonly closing = new AbortController();
  private running: Task | undefined;
  private worker: Worker | undefined;
  private idle: NodeJS.Timeout | undefined;

  constructor(options: WorkerLaneOptions) {
    this.options = options;
    const { things, unit, maxWaitingCost } = options;
    setMaxListeners(0, this.closing.signal); // every task that waits listens
    this.queue = new FairQueue({ things, unit, maxWaitingCost, slots: 1 });
  }

  /**
   * Returns the worker's value for a command. A task that runs goes to its end.
   *
   * Throws the VireoError that the worker throws, the signal's reason while the task waits,
   * queue_full, and internal_error if the worker dies.
   */
  async run(command: Command, { transfer = [], ...turn }: TaskOptions): Promise<Value> {
    const { signal: closed } = this.closing;
    closed.throwIfAborted();
    const signal = turn.signal ? AbortSignal.any([turn.signal, closed]) : closed;
    return await this.queue.run({ ...turn, signal }, async () => {
      const value = await this.post(command, transfer);
      turn.signal?.throwIfAborted();
      return value as Value;
    });
  }

  /**
   * Fails all tasks with `reason`. Resolves when the thread has ended.
   *
   * The thread ends by itself after the task that runs, which is bounded: Node.js 20 can abort if a
   * thread is terminated while V8 compiles for it.
   */
  async close(reason: Error): Promise<void> {
    this.closing.abort(reason);
    this.running?.reject(reason);
    clearTimeout(this.idle);
    const { worker } = this;
    if (worker === undefined) return;
    const exited = once(worker, "exit");
    worker.ref();
    worker.postMessage(CLOSE);
    await exited;
  }

  private async post(command: Command, transfer: readonly TransferListItem[]): Promise<unknown> {
    clearTimeout(this.idle);
    this.worker ??= this.start();
    const { worker } = this;
    worker.ref();
    try {
      return await new Promise((resolve, reject) => {
        this.running = { resolve, reject };
        worker.postMessage({ command }, transfer);
      });
    } finally {
      this.running = undefined;
      worker.unref();
      this.idle = setTimeout(() => this.retire(), IDLE_MS);
      this.idle.unref();
    }
  }

  /** Ends the idle thread; the next task starts another. */
  private retire(): void {
    this.worker?.postMessage(CLOSE);
    this.worker = undefined;
  }

  private start(): Worker {
    const { module, data, maxMemoryBytes } = this.options;
    const worker = new Worker(module, {
      workerData: data,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: maxMemoryBytes / BYTES_PER_MIB },
    });
    let cause: unknown;
    worker.on("message", (reply: Reply) => {
      if ("failure" in reply) this.running?.reject(fromPlainError(reply.failure));
      else this.running?.resolve(reply.value);
    });
    worker.on("error", (error) => {
      cause = error;
    });
    worker.once("exit", () => {
      if (this.worker !== worker) return; // retired
      this.worker = undefined;
      this.running?.reject(this.died(cause));
    });
    return worker;
  }

  private died(cause: unknown): VireoError {
    const { things, param } = this.options;
    const message = `the thread for ${things} stopped; send the request again, or shorten it`;
    return new VireoError("internal_error", message, { ...(param && { param }), cause });
  }
}

const CLOSE = "close";

/**
 * Answers the commands of a WorkerLane; to be called once in the worker's module.
 *
 * transferOf: the buffers of a value that move to the caller instead of being copied. Errors other
 * than a VireoError end the worker.
 */
export function serveTasks<Command, Value>(
  answer: (command: Command) => Value | Promise<Value>,
  transferOf: (value: Value) => readonly TransferListItem[] = () => [],
): void {
  const port = parentPort;
  if (port === null) return; // not in a worker
  let last = Promise.resolve();
  const reply = async (command: Command): Promise<void> => {
    try {
      const value = await answer(command);
      port.postMessage({ value } satisfies Reply, transferOf(value));
    } catch (error) {
      if (!(error instanceof VireoError)) throw error;
      port.postMessage({ failure: toPlainError(error) } satisfies Reply);
    }
  };
  port.on("message", (message: typeof CLOSE | { readonly command: Command }) => {
    last = last.then(() => (message === CLOSE ? port.close() : reply(message.command)));
  });
}
