// The worker thread that renders long conversations. It holds the templates and the added tokens,
// not the tokenizer, and answers one message with one message, in order.

import { parentPort, workerData } from "node:worker_threads";
import type { ChatMessage } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { type ErrorCode, VireoError } from "../core/errors.ts";
import { type AddedToken, openAddedTokens } from "./added-tokens.ts";
import { TemplateError, type TemplateErrorKind } from "./jinja/errors.ts";
import { type ChatTemplate, createChatTemplate, type RenderOptions } from "./template.ts";

export interface TemplateWorkerData {
  readonly sources: readonly string[];
  readonly addedTokens: readonly AddedToken[];
}

export interface RenderCommand {
  /** Index of the template in `sources`. */
  readonly source: number;
  /** ChatMessages without the bytes of their media, as JSON: one string crosses threads fast. */
  readonly messages: string;
  readonly options: RenderOptions;
}

/** `close` ends the worker after the commands before it. */
export type WorkerCommand = RenderCommand | "close";

/** A VireoError in transit. */
export interface RenderFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly param?: string;
  readonly cause?: {
    readonly message: string;
    readonly line: number;
    readonly kind: TemplateErrorKind;
  };
}

export type RenderReply =
  /** A RenderedPrompt as JSON. */
  { readonly output: string } | { readonly failure: RenderFailure };

const { sources, addedTokens } = workerData as TemplateWorkerData;
const tokens = openAddedTokens(addedTokens);
const compiled = new Map<number, ChatTemplate>();

function templateOf(source: number): ChatTemplate {
  const template = compiled.get(source) ?? createChatTemplate(tokens, sources[source]);
  compiled.set(source, template);
  return template;
}

function reply({ source, messages, options }: RenderCommand): RenderReply {
  try {
    const parsed = JSON.parse(messages) as readonly ChatMessage[];
    return { output: JSON.stringify(templateOf(source).render(parsed, options)) };
  } catch (error) {
    if (!(error instanceof VireoError)) throw error; // ends the worker; the client restarts it
    return { failure: failureOf(error) };
  }
}

function failureOf({ code, message, param, cause }: VireoError): RenderFailure {
  return {
    code,
    message,
    ...defined({ param }),
    ...(cause instanceof TemplateError
      ? { cause: { message: cause.message, line: cause.line, kind: cause.kind } }
      : {}),
  };
}

parentPort?.on("message", (command: WorkerCommand) => {
  if (command === "close") parentPort?.close();
  else parentPort?.postMessage(reply(command));
});
