// The process in which an isolated engine runs. It answers calls from the server's process and
// ends with it. The server decides when it ends, so signals to the whole service do not stop it.

import type { ChatRequest } from "../core/chat.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import { toPlainError } from "../core/plain-error.ts";
import { type Engine, open } from "../runtime/engine.ts";
import type { Call, FromEngine, IsolatedOptions, ToEngine } from "./messages.ts";
import { receiveMedia, type SharedRequest } from "./shared-bytes.ts";

/** Replies are sent together once per turn of the event loop: a step has one per sequence. */
const outbox: FromEngine[] = [];

function send(reply: FromEngine): void {
  if (outbox.length === 0) setImmediate(flush);
  outbox.push(reply);
}

function flush(): void {
  if (process.connected) process.send?.(outbox);
  outbox.length = 0;
}

let engine: Engine | undefined;
const running = new Map<number, AbortController>();

process.on("message", (message: ToEngine) => {
  switch (message.kind) {
    case "open":
      void start(message.dir, message.options);
      break;
    case "call":
      void answer(message.id, message.call, message.shared);
      break;
    case "abort":
      running.get(message.id)?.abort(new Error("the caller has stopped"));
  }
});
process.on("disconnect", () => process.exit());
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => {});

async function start(dir: string, options: IsolatedOptions): Promise<void> {
  try {
    engine = await open(dir, {
      ...options,
      onDamage: () => setImmediate(() => process.exit(1)), // the next process packs them again
      onProgress: (progress) => send({ kind: "progress", progress }),
      log: (level: LogLevel, event: string, fields?: LogFields) =>
        send({ kind: "log", level, event, fields }),
    });
    send({ kind: "opened", info: engine.info, models: engine.models });
  } catch (error) {
    send({ kind: "unopened", error: toPlainError(error) });
  }
}

async function answer(id: number, call: Call, shared: SharedRequest | undefined): Promise<void> {
  const controller = new AbortController();
  running.set(id, controller);
  try {
    const request = shared === undefined ? { messages: [] } : await receiveMedia(shared);
    const value = await perform(id, call, request, controller.signal);
    send({ id, kind: "done", value });
  } catch (error) {
    send({ id, kind: "failed", error: toPlainError(error) });
  } finally {
    running.delete(id);
  }
}

async function perform(
  id: number,
  call: Call,
  request: ChatRequest,
  signal: AbortSignal,
): Promise<unknown> {
  if (engine === undefined) throw new Error("bug: calls follow the message that opens the engine");
  switch (call.name) {
    case "chat": {
      const reporting: ChatRequest = {
        ...request,
        onAdmitted: () => send({ id, kind: "admitted" }),
        onUsage: (usage) => send({ id, kind: "usage", usage }),
      };
      for await (const event of engine.chat(reporting, signal)) send({ id, kind: "event", event });
      return undefined;
    }
    case "estimate": {
      const { decode } = call;
      return await engine.estimate(request, { signal, decode });
    }
    case "video":
    case "document":
      return await engine.inspector[call.name](request, signal);
    case "tokenize":
      return await engine.capabilities.tokenize?.(call.text, { tenant: call.tenant, signal });
    case "detokenize":
      return await engine.capabilities.detokenize?.(call.ids, { tenant: call.tenant, signal });
    case "load":
      return engine.load;
  }
}
