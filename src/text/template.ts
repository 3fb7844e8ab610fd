import { assert } from "../core/assert.ts";
import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { AddedTokens, TextRun } from "./added-tokens.ts";
import { FALLBACK_TEMPLATE } from "./fallback-template.ts";
import { createGuard, type Guard } from "./guard.ts";
import { TemplateError } from "./jinja/errors.ts";
import { compileTemplate, type JinjaTemplate } from "./jinja/jinja.ts";
import { findSwitch, type ReasoningSwitch, textOf, withWords } from "./switch.ts";

export type PromptPiece =
  | { readonly kind: "control"; readonly id: number }
  /** To be encoded as ordinary text. */
  | { readonly kind: "text"; readonly text: string }
  /** The place of image or video number `index`, counted from 0 over all messages. */
  | { readonly kind: "image" | "video"; readonly index: number };

export interface RenderOptions {
  readonly tools?: readonly Readonly<Record<string, unknown>>[];
  /** The default unless a message has `/think` or `/no_think`. Undefined: the template's own. */
  readonly enableThinking?: boolean;
  /** The answer continues the last message, which is the assistant's. */
  readonly continueFinalMessage?: boolean;
}

export interface RenderedPrompt {
  readonly pieces: readonly PromptPiece[];
  /** The prompt ends inside a `<think>` block: the answer begins with reasoning. */
  readonly reasoningOpen: boolean;
}

export interface ChatTemplate {
  /** How the template switches reasoning on or off. */
  readonly reasoningSwitch: ReasoningSwitch;
  /** Throws a VireoError if the template refuses the messages. */
  render(messages: readonly ChatMessage[], options?: RenderOptions): RenderedPrompt;
}

/** Files of a checkpoint that may contain the template, in order of precedence. */
export interface TemplateFiles {
  /** Text of chat_template.jinja. */
  readonly jinja?: string;
  /** Parsed chat_template.json. */
  readonly json?: unknown;
  /** Parsed tokenizer_config.json. */
  readonly tokenizerConfig?: unknown;
}

const IMAGE = "<image>";
const VIDEO = "<video>";
const THINK = "<think>";
const END_THINK = "</think>";

/** The template's text, or undefined if there is none. */
export function findTemplate(files: TemplateFiles): string | undefined {
  if (files.jinja !== undefined) return files.jinja;
  return templateIn(files.json) ?? templateIn(files.tokenizerConfig);
}

function templateIn(json: unknown): string | undefined {
  const value = property(json, "chat_template");
  if (typeof value === "string") return value;
  if (!Array.isArray(value)) return undefined;
  const named = value.find((entry) => property(entry, "name") === "default") ?? value[0];
  const text = property(named, "template");
  return typeof text === "string" ? text : undefined;
}

function property(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

/**
 * Compiles a chat template (Jinja); without a source, the published format of this model family.
 *
 * Throws invalid_checkpoint if the source cannot be compiled.
 */
export function createChatTemplate(
  { addedTokens, splitAdded }: AddedTokens,
  source: string = FALLBACK_TEMPLATE,
): ChatTemplate {
  const template = compile(source);
  const contents = addedTokens.map((token) => token.content);
  const marks = [THINK, END_THINK];
  const guard = createGuard([...contents, IMAGE, VIDEO, ...marks], marks);
  const run = (variables: Record<string, unknown>): string => {
    try {
      return template.render(variables);
    } catch (cause) {
      throw refusal(cause, guard);
    }
  };
  const renderText = (
    messages: readonly ChatMessage[],
    variables: Record<string, unknown>,
  ): string =>
    run({
      messages: messages.map((message) => messageForTemplate(message, guard)),
      add_generation_prompt: true,
      bos_token: "<s>",
      eos_token: "<SPECIAL_12>",
      // transformers always sets both
      tools: null,
      documents: null,
      ...variables,
    });
  const reasoningSwitch = findSwitch(renderText);
  return {
    reasoningSwitch,
    render(messages, options = {}) {
      const media = checkMedia(messages);
      const { tools, enableThinking } = options;
      const inWords = enableThinking !== undefined && reasoningSwitch === "words";
      const switched = inWords ? withWords(messages, enableThinking) : messages;
      const [turns, start] = splitContinuation(switched, options.continueFinalMessage === true);
      const rendered = renderText(turns, {
        ...defined({ enable_thinking: enableThinking }),
        ...(tools === undefined || tools.length === 0 ? {} : { tools: hideDeep(tools, guard) }),
      });
      const runs = splitAdded(rendered + guard.hide(start, { keepMarks: true }));
      const reasoningOpen = opensReasoning(runs);
      if (enableThinking === true && reasoningSwitch === "none" && !reasoningOpen) throw noSwitch();
      return { pieces: toPieces(runs, guard, media), reasoningOpen };
    },
  };
}

function noSwitch(): VireoError {
  const message =
    "the chat template of this model cannot turn reasoning on; ask without it, or serve with " +
    "--template builtin";
  return new VireoError("unsupported_parameter", message, { param: "reasoning" });
}

function compile(source: string): JinjaTemplate {
  try {
    return compileTemplate(source);
  } catch (cause) {
    const where = cause instanceof TemplateError ? `, line ${cause.line}` : "";
    const reason = cause instanceof Error ? cause.message.slice(0, 200) : "not a template";
    throw new VireoError("invalid_checkpoint", `chat template${where}: ${reason}`, { cause });
  }
}

function refusal(cause: unknown, guard: Guard): VireoError {
  const details = { param: "messages", cause };
  if (cause instanceof RangeError) {
    return new VireoError("out_of_range", "the messages are nested too deeply", details);
  }
  const reason = cause instanceof Error ? guard.show(cause.message).slice(0, 200) : "no reason";
  if (cause instanceof TemplateError && cause.kind !== "raised") {
    const message = `line ${cause.line} of the chat template of this model fails: ${reason}`;
    return new VireoError("invalid_type", message, details);
  }
  const message = `the chat template of this model refuses the messages: ${reason}`;
  return new VireoError("invalid_type", message, details);
}

interface MediaCounts {
  readonly image: number;
  readonly video: number;
}

/** Counts the media; templates place them in user messages only and drop others silently. */
function checkMedia(messages: readonly ChatMessage[]): MediaCounts {
  const counts = { image: 0, video: 0 };
  messages.forEach(({ role, content }, index) => {
    if (typeof content === "string") return;
    for (const { type } of content) {
      if (type === "text") continue;
      assert(type !== "document", "pages of documents are images by now");
      counts[type] += 1;
      if (role === "user") continue;
      const article = type === "image" ? "an image" : "a video";
      const message = `${article} in a message of role ${role}; put it in a user message`;
      throw new VireoError("unsupported_modality", message, {
        param: `messages[${index}].content`,
      });
    }
  });
  return counts;
}

function splitContinuation(
  messages: readonly ChatMessage[],
  continued: boolean,
): [readonly ChatMessage[], string] {
  if (!continued) return [messages, ""];
  const last = messages.at(-1);
  if (last?.role !== "assistant" || last.toolCalls !== undefined) {
    const message = "only a last message of role assistant, without tool calls, can be continued";
    throw new VireoError("invalid_type", message, { param: `messages[${messages.length - 1}]` });
  }
  return [messages.slice(0, -1), textOf(last.content)];
}

function messageForTemplate(message: ChatMessage, guard: Guard): Record<string, unknown> {
  const { role, content, toolCalls, reasoning } = message;
  // templates drop text before </think>, so reasoning that must stay is passed as text
  const thought = reasoning === undefined ? "" : `<think>\n${reasoning}\n</think>\n\n`;
  const keepMarks = role === "system" || (role === "assistant" && thought === "");
  const options = { keepMarks };
  const shown =
    typeof content === "string"
      ? guard.hide(thought + content, options)
      : withThought(content, thought).map((part) =>
          part.type === "text"
            ? { type: "text", text: guard.hide(part.text, options) }
            : { type: part.type },
        );
  if (toolCalls === undefined || toolCalls.length === 0) return { role, content: shown };
  const calls = toolCalls.map((call) => ({
    type: "function",
    function: { name: guard.hide(call.name), arguments: guard.hide(call.arguments) },
  }));
  return { role, content: shown, tool_calls: calls };
}

function withThought(content: readonly ContentPart[], thought: string): readonly ContentPart[] {
  return thought === "" ? content : [{ type: "text", text: thought }, ...content];
}

/** Hides every text and key of a JSON value. */
function hideDeep(value: unknown, guard: Guard): unknown {
  if (typeof value === "string") return guard.hide(value);
  if (Array.isArray(value)) return value.map((entry) => hideDeep(entry, guard));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value);
  return Object.fromEntries(
    entries.map(([key, entry]) => [guard.hide(key), hideDeep(entry, guard)]),
  );
}

/** Checks only the last turn, because an earlier one may hold an unclosed tag. */
function opensReasoning(runs: readonly TextRun[]): boolean {
  const last = runs.findLastIndex((run) => typeof run !== "string" && run.special);
  const turn = runs.slice(last + 1).map((run) => (typeof run === "string" ? run : run.content));
  const text = turn.join("");
  return text.lastIndexOf(THINK) > text.lastIndexOf(END_THINK);
}

function toPieces(runs: readonly TextRun[], guard: Guard, media: MediaCounts): PromptPiece[] {
  const placed = { image: 0, video: 0 };
  const pieces = runs.map((run): PromptPiece => {
    if (typeof run === "string") return { kind: "text", text: guard.show(run) };
    if (run.content === IMAGE) return { kind: "image", index: placed.image++ };
    if (run.content === VIDEO) return { kind: "video", index: placed.video++ };
    return { kind: "control", id: run.id };
  });
  for (const kind of ["image", "video"] as const) {
    if (placed[kind] === media[kind]) continue;
    const message =
      `the chat template of this model has places for ${placed[kind]} ${kind}s, ` +
      `the messages have ${media[kind]}`;
    throw new VireoError("unsupported_modality", message, { param: "messages" });
  }
  return pieces;
}
