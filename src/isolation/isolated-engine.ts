import type { ChildProcess } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ChatEvent, ChatRequest } from "../core/chat.ts";
import { compiledModule } from "../core/compiled-module.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { EstimateOptions, PromptEstimate } from "../core/estimate.ts";
import { isWithinShare } from "../core/fair-share.ts";
import type { DocumentInspection, VideoInspection } from "../core/inspection.ts";
import { LIMITS } from "../core/limits.ts";
import { type Log, silentLog } from "../core/log.ts";
import { fromPlainError } from "../core/plain-error.ts";
import type {
  Upstream,
  UpstreamCapabilities,
  UpstreamLoad,
  UpstreamModel,
} from "../core/upstream.ts";
import { type ChildEnd, ChildGroup } from "../processes/child-group.ts";
import { Supervisor } from "../processes/supervisor.ts";
import type { EngineInfo, EngineOptions } from "../runtime/engine-options.ts";
import { EventQueue } from "../runtime/event-queue.ts";
import type { FromEngine, IsolatedOptions, ToEngine } from "./messages.ts";
import { makePrivateFolder } from "./private-folder.ts";
import { removeShared, shareMedia } from "./shared-bytes.ts";
import { engineRestarted, Task, type TaskOptions } from "./task.ts";

/** Time after which an aborted request ends, even if the engine has not confirmed it. */
const ABORT_MS = 2000;
/** Time without any reply after which an engine that was told to abort is killed. */
const SILENT_MS = 30_000;

export interface IsolatedEngineOptions extends EngineOptions {
  /** Environment of the engine process. Default: none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens a checkpoint folder in a separate process, which is restarted whenever it ends.
 *
 * Throws the errors of `open`, and backend_unavailable if the process ends during opening.
 */
export async function openIsolated(
  dir: string,
  options: IsolatedEngineOptions = {},
): Promise<IsolatedEngine> {
  const folder = await makePrivateFolder();
  const engine = new IsolatedEngine(dir, options, folder);
  try {
    await engine.opened;
    return engine;
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/**
 * An engine in another process. A crash of native code ends that process and not the server.
 *
 * Requests that were being computed then fail with engine_restarted. Those that had not left the
 * engine's queue stay here and are sent to the next process; their callers see only a delay.
 */
export class IsolatedEngine implements Upstream {
  /** Resolves when the first process has opened the model. */
  readonly opened: Promise<void>;
  private readonly dir: string;
  private readonly options: IsolatedOptions;
  private readonly log: Log;
  private readonly onProgress: EngineOptions["onProgress"];
  private readonly folder: string;
  private readonly supervisor: Supervisor;
  private readonly tasks = new Map<number, Task>();
  private nextId = 1;
  private channel: ChildProcess | undefined;
  private isUp = false;
  private closed = false;
  private lastReplyMs = 0;
  private description:
    | { readonly info: EngineInfo; readonly models: readonly UpstreamModel[] }
    | undefined;
  private finishOpening: (error?: unknown) => void = () => {};

  /** Use `openIsolated`. folder: for temporary files; only this engine uses it. */
  constructor(dir: string, options: IsolatedEngineOptions, folder: string) {
    const { env = {}, log = silentLog, onProgress, onDamage: _, ...rest } = options;
    this.dir = dir;
    this.options = rest;
    this.log = log;
    this.onProgress = onProgress;
    this.folder = folder;
    this.opened = new Promise((resolve, reject) => {
      this.finishOpening = (error) => (error === undefined ? resolve() : reject(error));
    });
    this.opened.catch(() => {}); // `openIsolated` awaits it
    this.supervisor = new Supervisor({
      start: () =>
        ChildGroup.fork(compiledModule(import.meta.url, "isolation/engine-process"), {
          serialization: "advanced",
          env: { ...env, TMPDIR: this.temporary },
          execArgv: [],
          stdio: ["ignore", "ignore", "inherit", "ipc"],
        }),
      onStart: (child) => void this.start(child),
      onEnd: (end) => this.end(end),
    });
  }

  get models(): readonly UpstreamModel[] {
    return this.description?.models ?? [];
  }

  get info(): EngineInfo {
    if (this.description === undefined) throw new Error("bug: the engine is not open yet");
    return this.description.info;
  }

  /** The engine's process; undefined while there is none. */
  get pid(): number | undefined {
    return this.channel?.pid;
  }

  get ready(): boolean {
    return this.isUp && !this.closed;
  }

  get capabilities(): UpstreamCapabilities {
    return {
      estimate: (request, options) => this.estimate(request, options),
      tokenize: async (text, { tenant = "", signal } = {}) => {
        const call = { name: "tokenize", text, tenant } as const;
        return (await this.ask({ call, signal })) as readonly number[];
      },
      detokenize: async (ids, { tenant = "", signal } = {}) => {
        const call = { name: "detokenize", ids, tenant } as const;
        return (await this.ask({ call, signal })) as string;
      },
      inspect: {
        video: async (request, signal) => {
          const options = { call: { name: "video" }, signal } as const;
          return (await this.ask(options, request)) as VideoInspection;
        },
        document: async (request, signal) => {
          const options = { call: { name: "document" }, signal } as const;
          return (await this.ask(options, request)) as DocumentInspection;
        },
      },
      load: () => this.load(),
    };
  }

  /** Throws what the engine's `chat` throws, and engine_restarted. */
  async *chat(request: ChatRequest, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
    const { onAdmitted, onUsage } = request;
    const events = new EventQueue<ChatEvent>();
    const onEvent = (event: ChatEvent): void => {
      events.push(event);
      if (events.abandoned) this.abandon(id, task);
    };
    const callbacks = { ...(onAdmitted && { onAdmitted }), ...(onUsage && { onUsage }), onEvent };
    const [id, task] = this.submit({ call: { name: "chat" }, signal, ...callbacks }, request);
    task.result.then(
      () => events.end(),
      (error: unknown) => events.fail(error),
    );
    try {
      yield* events;
    } finally {
      events.close();
      this.abandon(id, task);
    }
  }

  /** Fails all requests and ends the engine's process. */
  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    const error = new VireoError("engine_closed", "the engine has been closed");
    for (const [id, task] of this.tasks) this.finish(id, task, () => task.fail(error));
    await this.supervisor.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async estimate(request: ChatRequest, options?: EstimateOptions): Promise<PromptEstimate> {
    const { decode, signal } = options ?? {};
    const call = { name: "estimate", ...defined({ decode }) } as const;
    return (await this.ask({ call, signal }, request)) as PromptEstimate;
  }

  private async load(): Promise<UpstreamLoad> {
    const { restarts } = this.supervisor;
    const load = this.ready
      ? ((await this.ask({ call: { name: "load" } })) as UpstreamLoad)
      : { ...IDLE, waiting: this.tasks.size };
    return { ...load, restarts };
  }

  private async ask(options: TaskOptions, request?: ChatRequest): Promise<unknown> {
    const [, task] = this.submit(options, request);
    return await task.result;
  }

  /** Throws engine_closed and queue_full, and the signal's reason. */
  private submit(options: TaskOptions, request?: ChatRequest): readonly [number, Task] {
    const { tenant = "" } = request ?? {};
    this.checkOpen(tenant);
    options.signal?.throwIfAborted();
    const id = this.nextId++;
    const task = new Task(options, tenant);
    this.tasks.set(id, task);
    const onAbort = (): void => this.cancel(id, task);
    task.signal?.addEventListener("abort", onAbort, { once: true });
    const release = (): void => task.signal?.removeEventListener("abort", onAbort);
    task.result.then(release, release);
    void this.prepare(id, task, request);
    return [id, task];
  }

  private async prepare(id: number, task: Task, request: ChatRequest | undefined): Promise<void> {
    try {
      if (request !== undefined) task.shared = await shareMedia(request, this.media);
    } catch (error) {
      this.finish(id, task, () => task.fail(error));
      return;
    }
    task.isPrepared = true;
    if (!this.tasks.has(id)) void this.removeFiles(task);
    else if (this.isUp) this.sendTask(id, task);
  }

  private sendTask(id: number, task: Task): void {
    task.markSent();
    const { call, shared } = task;
    this.send({ kind: "call", id, call, ...defined({ shared }) });
  }

  private send(message: ToEngine): void {
    this.channel?.send(message, () => {}); // if it fails, the process has ended: `end` follows
  }

  /** The caller's signal was aborted. A sent task ends when the engine has let it go, or soon. */
  private cancel(id: number, task: Task): void {
    if (!task.isSent) {
      this.finish(id, task, () => task.fail(task.signal?.reason));
      return;
    }
    this.send({ kind: "abort", id });
    const { channel } = this;
    const sentMs = performance.now();
    setTimeout(() => task.fail(task.signal?.reason), ABORT_MS).unref();
    setTimeout(() => {
      if (this.lastReplyMs < sentMs && this.tasks.has(id)) this.killSilent(channel);
    }, SILENT_MS).unref();
  }

  /** Ends a process that has answered nothing for long: it hangs, and the next one may not. */
  private killSilent(channel: ChildProcess | undefined): void {
    if (channel === undefined || channel !== this.channel) return;
    this.log("error", "engine_silent", { seconds: SILENT_MS / 1000 });
    channel.kill("SIGKILL");
  }

  /** Called when the consumer no longer reads the task's events. */
  private abandon(id: number, task: Task): void {
    if (!this.tasks.has(id) || task.isAbandoned) return;
    task.isAbandoned = true;
    this.cancel(id, task);
  }

  private finish(id: number, task: Task, settle: () => void): void {
    this.tasks.delete(id);
    settle();
    void this.removeFiles(task);
  }

  private async removeFiles({ shared }: Task): Promise<void> {
    if (shared !== undefined) await removeShared(shared.paths);
  }

  /** The engine counts its places itself; without it each tenant may have what it leaves free. */
  private checkOpen(tenant: string): void {
    if (this.closed) throw new VireoError("engine_closed", "the engine has been closed");
    if (this.isUp) return;
    const waiting = [...this.tasks.values()].filter((task) => task.tenant === tenant).length;
    if (isWithinShare(waiting + 1, this.tasks.size + 1, LIMITS.queue.requests)) return;
    const message =
      `${waiting} of your requests are waiting for the engine, which is your share now; ` +
      "try again in a few seconds";
    throw new VireoError("queue_full", message, { retryAfterMs: 2000, metadata: { waiting } });
  }

  private get temporary(): string {
    return join(this.folder, "temporary");
  }

  private get media(): string {
    return join(this.folder, "media");
  }

  private async start(child: ChildProcess): Promise<void> {
    child.on("message", (replies: readonly FromEngine[]) => {
      for (const reply of replies) this.receive(reply);
    });
    child.on("error", () => {}); // `end` follows
    await rm(this.temporary, { recursive: true, force: true });
    await mkdir(this.temporary, { recursive: true, mode: 0o700 });
    this.channel = child;
    this.send({ kind: "open", dir: this.dir, options: this.options });
  }

  private receive(reply: FromEngine): void {
    this.lastReplyMs = performance.now();
    switch (reply.kind) {
      case "progress":
        this.onProgress?.(reply.progress);
        return;
      case "log":
        this.log(reply.level, reply.event, reply.fields);
        return;
      case "opened":
        this.description = reply;
        this.isUp = true;
        this.finishOpening();
        for (const [id, task] of this.tasks) if (task.isPrepared) this.sendTask(id, task);
        return;
      case "unopened":
        this.unopened(fromPlainError(reply.error));
        return;
      default: {
        const task = this.tasks.get(reply.id);
        if (task?.receive(reply)) this.finish(reply.id, task, () => {});
      }
    }
  }

  /** The first failure is the caller's; later ones are tried again while requests are told. */
  private unopened(error: Error): void {
    this.log("error", "engine_not_opened", { message: error.message });
    this.finishOpening(error);
    for (const [id, task] of this.tasks) this.finish(id, task, () => task.fail(engineRestarted()));
    this.channel?.kill("SIGKILL");
  }

  private end({ status, signal }: ChildEnd): void {
    this.isUp = false;
    this.channel = undefined;
    if (this.closed) return;
    this.log("error", "engine_ended", { status, signal });
    const how = signal ?? `status ${status ?? "unknown"}`;
    const message = `the engine's process ended with ${how} while it opened the model`;
    this.finishOpening(new VireoError("backend_unavailable", message));
    for (const [id, task] of this.tasks) {
      if (!task.isSent) continue;
      if (task.mayBeSentAgain) task.isSent = false;
      else this.finish(id, task, () => task.fail(engineRestarted()));
    }
  }
}

const IDLE: UpstreamLoad = Object.freeze({
  running: 0,
  waiting: 0,
  kvCacheUsage: 0,
  preemptions: 0,
  prefixTokensAsked: 0,
  prefixTokensFound: 0,
});
