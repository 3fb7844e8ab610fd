import type { ChatMessage, ReasoningOptions, UpstreamModel } from "../../core/chat.ts";
import { VireoError } from "../../core/errors.ts";
import { hasVideo } from "./media.ts";
import { findModel } from "./models.ts";
import type { ReasoningFormat } from "./reasoning-format.ts";
import { REASONING_WITH_VIDEO, type RequestWarning } from "./warnings.ts";

export interface ParsedReasoning {
  readonly options: ReasoningOptions;
  /** Where reasoning is wanted in the answer, if there is any. */
  readonly format: ReasoningFormat;
}

/** The fields of a request that say whether and how long the model reasons. */
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

type Claim<T> = readonly [param: string, value: T];

/**
 * Reads every spelling of "think" and "for how long" that clients use.
 *
 * bySuffix: what the name of the model says. Throws out_of_range if two contradict each other.
 */
export function parseReasoning(body: ReasoningFields, bySuffix?: boolean): ParsedReasoning {
  const { reasoning, reasoning_effort: effort } = body;
  const budgetTokens = agree(
    claims<number>([
      ["thinking_token_budget", body.thinking_token_budget],
      ["reasoning.max_tokens", reasoning?.max_tokens],
    ]),
  );
  const enabled = agree(
    claims<boolean>([
      ["model", bySuffix],
      ["chat_template_kwargs.enable_thinking", body.chat_template_kwargs?.enable_thinking],
      ["reasoning.enabled", reasoning?.enabled],
      ["reasoning.effort", toEnabled(reasoning?.effort)],
      ["reasoning_effort", toEnabled(effort)],
      ["reasoning.max_tokens", positive(reasoning?.max_tokens)],
      ["thinking_token_budget", body.thinking_token_budget === 0 ? false : undefined],
    ]),
  );
  const shown = agree(
    claims<boolean>([
      ["include_reasoning", body.include_reasoning],
      ["reasoning.exclude", reasoning?.exclude === true ? false : undefined],
      ["reasoning_format", body.reasoning_format ? body.reasoning_format !== "none" : undefined],
    ]),
  );
  return {
    options: {
      ...(enabled === undefined ? {} : { enabled }),
      ...(budgetTokens === undefined || budgetTokens === 0 ? {} : { budgetTokens }),
    },
    format: shown === false ? "none" : (body.reasoning_format ?? "all"),
  };
}

function toEnabled(effort: string | null | undefined): boolean | undefined {
  return effort === null || effort === undefined ? undefined : effort !== "none";
}

function positive(count: number | null | undefined): boolean | undefined {
  return count === null || count === undefined ? undefined : count > 0;
}

function claims<T>(given: readonly Claim<T | null | undefined>[]): Claim<T>[] {
  return given.flatMap(([param, value]): Claim<T>[] =>
    value === null || value === undefined ? [] : [[param, value]],
  );
}

function agree<T extends number | boolean>(all: readonly Claim<T>[]): T | undefined {
  const [first, ...others] = all;
  if (first === undefined) return undefined;
  const other = others.find(([, value]) => value !== first[1]);
  if (other === undefined) return first[1];
  const message = `${other[0]} contradicts ${first[0]}; send one of them`;
  throw new VireoError("out_of_range", message, { param: other[0] });
}

/** `name:thinking` and `name:nothink` ask for reasoning and against it. */
export function splitModelName(model: string): {
  readonly name: string;
  readonly thinks?: boolean;
} {
  const suffix = /:(thinking|nothink)$/.exec(model);
  if (suffix === null) return { name: model };
  return { name: model.slice(0, suffix.index), thinks: suffix[1] === "thinking" };
}

export interface ReasoningPlan {
  /** For the engine: what holds unless a message says `/think` or `/no_think`. */
  readonly enabled: boolean | undefined;
  /** The answer begins with reasoning. */
  readonly thinks: boolean;
  readonly warnings: readonly RequestWarning[];
}

/**
 * Decides whether an answer begins with reasoning: the last switch in a message, else the request's
 * fields, else the server's default, which does not reach requests with a video.
 *
 * asked: what the fields say. name: of the model that is asked, before it is looked up.
 */
export function planReasoning(
  messages: readonly ChatMessage[],
  asked: boolean | undefined,
  name: string,
  models: readonly UpstreamModel[],
): ReasoningPlan {
  const video = hasVideo(messages);
  const enabled = asked ?? (video ? undefined : findModel(models, name)?.reasoning);
  const thinks = asksForReasoning(messages, enabled);
  return { enabled, thinks, warnings: thinks && video ? [REASONING_WITH_VIDEO] : [] };
}

/** Whether reasoning is asked for: by the last switch in a message, else by the field. */
function asksForReasoning(messages: readonly ChatMessage[], enabled: boolean | undefined): boolean {
  let asked = enabled ?? false;
  for (const { role, content } of messages) {
    if (role !== "system" && role !== "user") continue;
    const parts =
      typeof content === "string" ? [{ type: "text", text: content } as const] : content;
    const text = parts.map((part) => (part.type === "text" ? part.text : "")).join("");
    const said = text.replaceAll("</think>", "");
    if (said.includes("/think")) asked = true;
    else if (said.includes("/no_think")) asked = false;
  }
  return asked;
}
