import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { fromPlainError } from "../core/plain-error.ts";
import type { Call, TaskReply } from "./messages.ts";
import type { SharedRequest } from "./shared-bytes.ts";

export interface TaskOptions extends Pick<ChatRequest, "onAdmitted" | "onUsage"> {
  readonly call: Call;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: ChatEvent) => void;
}

/** Times that a request is sent whose engine ends before the request waits in its queue. */
const MAX_SENDS = 2;

/** One call of the engine process, which may have to be sent again to the next process. */
export class Task {
  readonly call: Call;
  readonly tenant: string;
  readonly signal: AbortSignal | undefined;
  readonly result: Promise<unknown>;
  /** The request with its large media in files; undefined if the call has no request. */
  shared: SharedRequest | undefined;
  /** The task can be sent: its large media have been moved to files. */
  isPrepared = false;
  /** True if the task was sent to the current process. */
  isSent = false;
  /** True if no caller waits for the result any longer. */
  isAbandoned = false;
  private readonly options: TaskOptions;
  private sends = 0;
  /** The first event was delivered, so the request was in the engine's queue. */
  private hasStarted = false;
  private isAdmitted = false;
  private resolve: (value: unknown) => void = () => {};
  private reject: (error: unknown) => void = () => {};

  constructor(options: TaskOptions, tenant: string) {
    this.tenant = tenant;
    this.options = options;
    this.call = options.call;
    this.signal = options.signal;
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.result.catch(() => {}); // The error of an abandoned task is ignored.
  }

  markSent(): void {
    this.isSent = true;
    this.sends += 1;
  }

  /** Whether the next process may answer it: nothing was computed, or it was not tried often. */
  get mayBeSentAgain(): boolean {
    if (this.isAdmitted || this.isAbandoned || this.signal?.aborted) return false;
    return this.hasStarted || this.sends < MAX_SENDS;
  }

  /** Delivers a reply. Returns true if it was the last one. */
  receive(reply: TaskReply): boolean {
    switch (reply.kind) {
      case "event":
        if (reply.event.type !== "start" || !this.hasStarted) this.options.onEvent?.(reply.event);
        this.hasStarted = true;
        return false;
      case "admitted":
        if (!this.isAdmitted) this.options.onAdmitted?.();
        this.isAdmitted = true;
        return false;
      case "usage":
        this.options.onUsage?.(reply.usage);
        return false;
      case "done":
        this.resolve(reply.value);
        return true;
      case "failed":
        this.fail(fromPlainError(reply.error));
        return true;
    }
  }

  /** An aborted task fails with the reason of its signal. */
  fail(error: unknown): void {
    this.reject(this.signal?.aborted ? this.signal.reason : error);
  }
}

/** The error of a request that was computed when its engine ended. */
export function engineRestarted(): VireoError {
  const message =
    "the engine ended while it computed this answer and is being started again; " +
    "send the request again";
  return new VireoError("engine_restarted", message, { retryAfterMs: 1000 });
}
