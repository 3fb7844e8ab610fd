import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { TemplateError } from "./jinja/errors.ts";
import type { RenderedPrompt, RenderOptions } from "./template.ts";
import type {
  RenderCommand,
  RenderFailure,
  RenderReply,
  TemplateWorkerData,
  WorkerCommand,
} from "./template-worker.ts";

/** A worker runs compiled JavaScript, even where tests run the sources. */
const WORKER = import.meta.url.endsWith(".ts")
  ? new URL("../../dist/text/template-worker.js", import.meta.url)
  : new URL("./template-worker.js", import.meta.url);

const BYTES_PER_MIB = 1024 * 1024;
const RETRY_AFTER_MS = 2000;

interface Job {
  readonly command: RenderCommand;
  settle(reply: RenderReply): void;
  /** Does nothing once the job is settled. */
  fail(error: unknown): void;
}

/**
 * Renders conversations in one worker thread, in the order in which they come.
 *
 * The worker starts with the first conversation and keeps the process alive only while it renders.
 * If it dies, its conversation fails and the next one starts another worker.
 */
export class TemplateRenderer {
  private readonly data: TemplateWorkerData;
  private readonly waiting: Job[] = [];
  private running: Job | undefined;
  private worker: Worker | undefined;
  private closed: Error | undefined;

  constructor(data: TemplateWorkerData) {
    this.data = data;
  }

  /**
   * Renders with the template number `source`.
   *
   * Throws what `ChatTemplate.render` throws, the signal's reason, queue_full, and internal_error
   * if the worker dies.
   */
  async render(
    source: number,
    messages: readonly ChatMessage[],
    options: RenderOptions = {},
    signal?: AbortSignal,
  ): Promise<RenderedPrompt> {
    signal?.throwIfAborted();
    if (this.closed !== undefined) throw this.closed;
    if (this.waiting.length >= LIMITS.template.waiting) throw queueFull(this.waiting.length);
    const json = JSON.stringify(messages.map(withoutBytes));
    const reply = await this.enqueue({ source, messages: json, options }, signal);
    if ("failure" in reply) throw errorOf(reply.failure);
    return JSON.parse(reply.output) as RenderedPrompt;
  }

  /**
   * Fails all conversations with `reason`. Resolves when the worker has ended.
   *
   * The worker ends by itself after the rendering that runs, whose steps are bounded: Node 20 can
   * abort if a thread is terminated while V8 compiles for it.
   */
  async close(reason: Error): Promise<void> {
    this.closed ??= reason;
    for (const job of this.waiting.splice(0)) job.fail(this.closed);
    this.running?.fail(this.closed);
    const { worker } = this;
    if (worker === undefined) return;
    const exited = once(worker, "exit");
    worker.ref();
    worker.postMessage("close" satisfies WorkerCommand);
    await exited;
  }

  private async enqueue(command: RenderCommand, signal?: AbortSignal): Promise<RenderReply> {
    const { promise, resolve, reject } = withResolvers<RenderReply>();
    const job: Job = { command, settle: resolve, fail: reject };
    const abort = (): void => {
      // a rendering that runs goes to its end; its result is dropped
      const index = this.waiting.indexOf(job);
      if (index >= 0) this.waiting.splice(index, 1);
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", abort, { once: true });
    this.waiting.push(job);
    this.next();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  private next(): void {
    if (this.running !== undefined) return;
    this.running = this.waiting.shift();
    if (this.running === undefined) {
      this.worker?.unref();
      return;
    }
    this.worker ??= this.start();
    this.worker.ref();
    this.worker.postMessage(this.running.command);
  }

  private start(): Worker {
    const worker = new Worker(WORKER, {
      workerData: this.data,
      execArgv: [],
      env: {},
      resourceLimits: { maxOldGenerationSizeMb: LIMITS.template.workerBytes / BYTES_PER_MIB },
    });
    let cause: unknown;
    worker.on("message", (reply: RenderReply) => {
      this.running?.settle(reply);
      this.running = undefined;
      this.next();
    });
    worker.on("error", (error) => {
      cause = error;
    });
    worker.once("exit", () => {
      this.worker = undefined;
      this.running?.fail(workerDied(cause));
      this.running = undefined;
      this.next();
    });
    return worker;
  }
}

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Most messages are text alone; they stay the same object. */
function withoutBytes(message: ChatMessage): ChatMessage {
  const { content } = message;
  if (typeof content === "string" || content.every(({ type }) => type === "text")) return message;
  return { ...message, content: content.map(partWithoutBytes) };
}

function partWithoutBytes(part: ContentPart): ContentPart {
  return part.type === "text" ? part : { type: part.type, bytes: NO_BYTES };
}

const NO_BYTES = new Uint8Array(0);

function errorOf({ code, message, param, cause }: RenderFailure): VireoError {
  return new VireoError(code, message, {
    ...defined({ param }),
    ...(cause && { cause: new TemplateError(cause.message, cause.line, cause.kind) }),
  });
}

function queueFull(waiting: number): VireoError {
  const message = `${waiting} long conversations are waiting to be rendered; try again in 2 s`;
  return new VireoError("queue_full", message, {
    retryAfterMs: RETRY_AFTER_MS,
    metadata: { waiting },
  });
}

function workerDied(cause: unknown): VireoError {
  const message =
    "the worker that renders long conversations stopped; send the request again, or shorten it";
  return new VireoError("internal_error", message, { param: "messages", cause });
}
