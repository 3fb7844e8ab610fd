import type { ChatMessage } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import type { QueuedTurn } from "../core/fair-queue.ts";
import { LIMITS } from "../core/limits.ts";
import { TurnAllowance } from "../core/turn-allowance.ts";
import { FALLBACK_TEMPLATE } from "./fallback-template.ts";
import {
  type ChatTemplate,
  createChatTemplate,
  type RenderedPrompt,
  type RenderOptions,
} from "./template.ts";
import { type ProbeResult, probesOf, probeTemplate } from "./template-probes.ts";
import { TemplateRenderer } from "./template-renderer.ts";
import type { Tokenizer } from "./tokenizer.ts";

/**
 * Which template renders the prompts: `checkpoint`, only the checkpoint's; `fallback`, the built-in
 * one for kinds of requests that the checkpoint's cannot render; `builtin`, only the built-in one.
 */
export type TemplateMode = "checkpoint" | "fallback" | "builtin";

export interface OpenedTemplate extends ChatTemplate {
  /** Where the template comes from that renders requests whose probes passed. */
  readonly origin: "checkpoint" | "builtin";
  /** Results for the checkpoint's template, or for the built-in one if that replaces it. */
  readonly probes: readonly ProbeResult[];
  /** Why the checkpoint's template is not used at all. */
  readonly problem?: string;
  /**
   * Renders like `render`; a conversation above the inline bounds is rendered by a worker thread,
   * so that it does not block the event loop. Throws what `TemplateRenderer.render` throws.
   */
  renderAsync(
    messages: readonly ChatMessage[],
    options?: RenderOptions,
    turn?: QueuedTurn,
  ): Promise<RenderedPrompt>;
  /** Ends the worker thread; conversations in it fail with `reason`. */
  close(reason: Error): Promise<void>;
}

/** Up to which size the calling thread renders a conversation. */
export interface InlineBounds {
  readonly maxParts: number;
  readonly maxCharacters: number;
}

const INLINE: InlineBounds = Object.freeze({
  maxParts: LIMITS.template.inlineParts,
  maxCharacters: LIMITS.template.inlineCharacters,
});

interface Candidate {
  readonly source: string;
  readonly template: ChatTemplate;
}

/**
 * Compiles a checkpoint's chat template and probes it with every kind of request. A request of a
 * kind that failed is refused, or rendered by the built-in template if the mode allows it.
 *
 * source: undefined if the checkpoint has none.
 * Throws invalid_checkpoint if the source cannot be compiled and the mode allows no other.
 */
export function openTemplate(
  tokenizer: Tokenizer,
  source: string | undefined,
  mode: TemplateMode = "checkpoint",
  inline: InlineBounds = INLINE,
): OpenedTemplate {
  const builtin = candidate(tokenizer, FALLBACK_TEMPLATE);
  const openBuiltin = (problem?: string): OpenedTemplate => ({
    ...renderers(tokenizer, [builtin], () => 0, inline),
    origin: "builtin",
    probes: probeTemplate(builtin.template, tokenizer),
    ...defined({ problem }),
  });
  if (source === undefined || mode === "builtin") return openBuiltin();
  let own: Candidate;
  try {
    own = candidate(tokenizer, source);
  } catch (error) {
    if (!(error instanceof VireoError)) throw error;
    if (mode === "fallback") return openBuiltin(error.message);
    const text = `${error.message}; --template fallback uses the family's built-in one`;
    throw new VireoError(error.code, text, { cause: error.cause });
  }
  const probes = probeTemplate(own.template, tokenizer);
  const failed = probes.filter(({ problem }) => problem !== undefined);
  const choose: Choose = (messages, options) => {
    const kinds = failed.length === 0 ? undefined : probesOf(messages, options);
    const failure = failed.find(({ name }) => kinds?.has(name));
    if (failure === undefined) return 0;
    if (mode === "fallback") return 1;
    throw refusal(failure);
  };
  return {
    ...renderers(tokenizer, [own, builtin], choose, inline),
    origin: "checkpoint",
    probes,
  };
}

function candidate(tokenizer: Tokenizer, source: string): Candidate {
  return { source, template: createChatTemplate(tokenizer, source) };
}

/** Index of the template that renders a request; throws if none may. */
type Choose = (messages: readonly ChatMessage[], options: RenderOptions) => number;

function renderers(
  { addedTokens }: Tokenizer,
  candidates: readonly [Candidate, ...Candidate[]],
  choose: Choose,
  inline: InlineBounds,
): Pick<OpenedTemplate, "reasoningSwitch" | "render" | "renderAsync" | "close"> {
  const sources = candidates.map(({ source }) => source);
  const renderer = new TemplateRenderer({ sources, addedTokens });
  const allowance = new TurnAllowance(inline.maxCharacters);
  const render: ChatTemplate["render"] = (messages, options = {}) => {
    return candidates[choose(messages, options)]!.template.render(messages, options);
  };
  return {
    reasoningSwitch: candidates[0].template.reasoningSwitch,
    render,
    async renderAsync(messages, options = {}, turn = { tenant: "" }) {
      const { parts, characters } = sizeOf(messages, options, inline);
      const isSmall = parts <= inline.maxParts && characters <= inline.maxCharacters;
      if (isSmall && allowance.take(characters)) return render(messages, options);
      return await renderer.render(choose(messages, options), messages, options, turn);
    },
    close: (reason) => renderer.close(reason),
  };
}

/** Parts and characters of a conversation and its tools, counted no further than to the bounds. */
function sizeOf(
  messages: readonly ChatMessage[],
  { tools = [] }: RenderOptions,
  { maxParts, maxCharacters }: InlineBounds,
): { readonly parts: number; readonly characters: number } {
  let [parts, characters] = [tools.length, charactersIn(tools)];
  for (const { content, reasoning = "", toolCalls = [] } of messages) {
    if (parts > maxParts || characters > maxCharacters) break;
    parts += typeof content === "string" ? 1 : content.length;
    characters += reasoning.length;
    for (const call of toolCalls) characters += call.name.length + call.arguments.length;
    if (typeof content === "string") characters += content.length;
    else for (const part of content) if (part.type === "text") characters += part.text.length;
  }
  return { parts, characters };
}

/** Characters of a JSON value, and one for each value. */
function charactersIn(value: unknown): number {
  if (typeof value === "string") return value.length + 1;
  if (typeof value !== "object" || value === null) return 1;
  return Object.entries(value).reduce(
    (sum, [key, entry]) => sum + key.length + charactersIn(entry),
    1,
  );
}

function refusal({ name, problem, line }: ProbeResult): VireoError {
  const place = line === undefined ? "" : ` (line ${line} of the template)`;
  const message =
    `the chat template of this model cannot render "${name}": ${problem}${place}; the server's ` +
    "operator can allow the built-in template with --template fallback";
  return new VireoError("unsupported_parameter", message, { param: "messages" });
}
