import type { ChatMessage, ReasoningOptions } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { textOf } from "./chat-totals.ts";
import { hasVideo } from "./media.ts";
import { findModel } from "./models.ts";
import type { ReasoningFormat } from "./reasoning-format.ts";
import { REASONING_WITH_VIDEO, type RequestWarning } from "./warnings.ts";

/** Reasoning settings that a request states in its own fields. */
export interface RequestedReasoning {
  readonly enabled?: boolean | undefined;
  readonly budgetTokens?: number | null | undefined;
}

export interface ResolvedReasoning {
  /** The model's name without its suffix. */
  readonly model: string;
  /** For the engine; `enabled` holds unless a message contains `/think` or `/no_think`. */
  readonly options: ReasoningOptions;
  /** True if the answer begins with reasoning. */
  readonly thinks: boolean;
  readonly warnings: readonly RequestWarning[];
}

export interface ResolvedChatReasoning extends ResolvedReasoning {
  /** Where reasoning appears in the answer, if there is any. */
  readonly format: ReasoningFormat;
}

/** Fields of a chat request that control reasoning and its length. */
export interface ReasoningFields {
  readonly reasoning?:
    | {
        readonly enabled?: boolean | null | undefined;
        readonly effort?: string | null | undefined;
        readonly max_tokens?: number | null | undefined;
        readonly exclude?: boolean | null | undefined;
      }
    | null
    | undefined;
  readonly reasoning_effort?: string | null | undefined;
  readonly reasoning_format?: ReasoningFormat | null | undefined;
  readonly include_reasoning?: boolean | null | undefined;
  readonly thinking_token_budget?: number | null | undefined;
  readonly chat_template_kwargs?:
    | { readonly enable_thinking?: boolean | null | undefined }
    | null
    | undefined;
}

/**
 * Resolves the reasoning of a request in any protocol, in order of precedence: the last switch in
 * a message, the request's fields, the suffix of the model's name, the server's default. The
 * default does not apply to requests with a video.
 *
 * model: the requested name, perhaps with a suffix, not yet looked up.
 */
export function resolveReasoning(
  requested: RequestedReasoning,
  model: string,
  messages: readonly ChatMessage[],
  models: readonly UpstreamModel[],
): ResolvedReasoning {
  const { name, thinks: bySuffix } = splitModelName(model);
  const video = hasVideo(messages);
  const byDefault = video ? undefined : findModel(models, name)?.reasoning;
  const enabled = requested.enabled ?? bySuffix ?? byDefault;
  const { budgetTokens } = requested;
  const thinks = lastSwitch(messages) ?? enabled ?? false;
  return {
    model: name,
    options: {
      ...defined({ enabled }),
      ...(budgetTokens ? { budgetTokens } : {}),
    },
    thinks,
    warnings: thinks && video ? [REASONING_WITH_VIDEO] : [],
  };
}

/**
 * Resolves the reasoning of a chat request, which has several fields for each setting.
 *
 * Throws out_of_range if two fields, or a field and the model's suffix, contradict each other.
 */
export function resolveChatReasoning(
  body: ReasoningFields,
  model: string,
  messages: readonly ChatMessage[],
  models: readonly UpstreamModel[],
): ResolvedChatReasoning {
  const { reasoning, thinking_token_budget: budget, reasoning_format: format } = body;
  const budgetTokens = agree<number>([
    ["thinking_token_budget", budget],
    ["reasoning.max_tokens", reasoning?.max_tokens],
  ]);
  const enabled = agree<boolean>([
    ["model", splitModelName(model).thinks],
    ["chat_template_kwargs.enable_thinking", body.chat_template_kwargs?.enable_thinking],
    ["reasoning.enabled", reasoning?.enabled],
    ["reasoning.effort", enabledByEffort(reasoning?.effort)],
    ["reasoning_effort", enabledByEffort(body.reasoning_effort)],
    ["reasoning.max_tokens", isPositive(reasoning?.max_tokens)],
    ["thinking_token_budget", budget === 0 ? false : undefined],
  ]);
  const shown = agree<boolean>([
    ["include_reasoning", body.include_reasoning],
    ["reasoning.exclude", reasoning?.exclude === true ? false : undefined],
    ["reasoning_format", format ? format !== "none" : undefined],
  ]);
  return {
    ...resolveReasoning({ enabled, budgetTokens }, model, messages, models),
    format: shown === false ? "none" : (format ?? "all"),
  };
}

/** Undefined where the client stated no effort. */
export function enabledByEffort(effort: string | null | undefined): boolean | undefined {
  return effort ? effort !== "none" : undefined;
}

function isPositive(count: number | null | undefined): boolean | undefined {
  return count === null || count === undefined ? undefined : count > 0;
}

/** The one value that all given fields state. Throws out_of_range if two of them differ. */
function agree<T extends number | boolean>(
  fields: readonly (readonly [param: string, value: T | null | undefined])[],
): T | undefined {
  const [first, ...others] = fields.filter(([, value]) => value !== null && value !== undefined);
  if (first === undefined) return undefined;
  const other = others.find(([, value]) => value !== first[1]);
  if (other === undefined) return first[1] ?? undefined;
  const message = `${other[0]} contradicts ${first[0]}; send one of them`;
  throw new VireoError("out_of_range", message, { param: other[0] });
}

/** Splits off the suffix: `name:thinking` turns reasoning on and `name:nothink` turns it off. */
export function splitModelName(model: string): {
  readonly name: string;
  readonly thinks?: boolean;
} {
  const suffix = /:(thinking|nothink)$/.exec(model);
  if (suffix === null) return { name: model };
  return { name: model.slice(0, suffix.index), thinks: suffix[1] === "thinking" };
}

/** The last `/think` or `/no_think` in a system or user message. `</think>` is not a switch. */
function lastSwitch(messages: readonly ChatMessage[]): boolean | undefined {
  let enabled: boolean | undefined;
  for (const message of messages) {
    if (message.role !== "system" && message.role !== "user") continue;
    const text = textOf(message).replaceAll("</think>", "");
    if (text.includes("/think")) enabled = true;
    else if (text.includes("/no_think")) enabled = false;
  }
  return enabled;
}
