// The worker thread that renders long conversations. It holds the templates and the added tokens,
// not the tokenizer, and answers one message with one message, in order.

import { workerData } from "node:worker_threads";
import type { ChatMessage } from "../core/chat.ts";
import { serveTasks } from "../threads/worker-lane.ts";
import { type AddedToken, openAddedTokens } from "./added-tokens.ts";
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

const { sources, addedTokens } = workerData as TemplateWorkerData;
const tokens = openAddedTokens(addedTokens);
const compiled = new Map<number, ChatTemplate>();

function templateOf(source: number): ChatTemplate {
  const template = compiled.get(source) ?? createChatTemplate(tokens, sources[source]);
  compiled.set(source, template);
  return template;
}

/** Returns a RenderedPrompt as JSON. */
function render({ source, messages, options }: RenderCommand): string {
  const parsed = JSON.parse(messages) as readonly ChatMessage[];
  return JSON.stringify(templateOf(source).render(parsed, options));
}

serveTasks<RenderCommand, string>(render);
