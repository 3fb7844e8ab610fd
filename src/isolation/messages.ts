// The messages between a server and its engine process. They are copied by structured clone, which
// keeps typed arrays and bigints but neither functions nor classes of errors.

import type { ChatEvent, Usage } from "../core/chat.ts";
import type { LogFields, LogLevel } from "../core/log.ts";
import type { PlainError } from "../core/plain-error.ts";
import type { UpstreamModel } from "../core/upstream.ts";
import type { EngineInfo, EngineOptions } from "../runtime/engine-options.ts";
import type { PackProgress } from "../weights/packed.ts";
import type { SharedRequest } from "./shared-bytes.ts";

/** Options of an engine that another process can be given. */
export type IsolatedOptions = Omit<EngineOptions, "log" | "onProgress" | "onDamage">;

/** A function of the engine, with the arguments that are not part of a request. */
export type Call =
  | { readonly name: "chat" | "video" | "document" }
  | { readonly name: "estimate"; readonly decode?: boolean }
  | { readonly name: "tokenize"; readonly text: string; readonly tenant: string }
  | {
      readonly name: "detokenize";
      readonly ids: readonly number[];
      readonly tenant: string;
    }
  | { readonly name: "load" };

export type ToEngine =
  | { readonly kind: "open"; readonly dir: string; readonly options: IsolatedOptions }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly call: Call;
      /** For calls that have a request. */
      readonly shared?: SharedRequest;
    }
  | { readonly kind: "abort"; readonly id: number };

export type FromEngine =
  | { readonly kind: "progress"; readonly progress: PackProgress }
  | {
      readonly kind: "log";
      readonly level: LogLevel;
      readonly event: string;
      readonly fields: LogFields | undefined;
    }
  | {
      readonly kind: "opened";
      readonly info: EngineInfo;
      readonly models: readonly UpstreamModel[];
    }
  | { readonly kind: "unopened"; readonly error: PlainError }
  | TaskReply;

/** A reply about one task; `done` and `failed` are its last. */
export type TaskReply = { readonly id: number } & (
  | { readonly kind: "event"; readonly event: ChatEvent }
  /** The request has left the engine's queue. */
  | { readonly kind: "admitted" }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: PlainError }
);
