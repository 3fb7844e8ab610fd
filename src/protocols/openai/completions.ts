import { z } from "zod";
import type { ChatRequest } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import {
  boundedList,
  model,
  samplingFields,
  streamFields,
  text,
  tokens,
} from "../shared/fields.ts";
import { unknownFields } from "../shared/ignored.ts";
import { outputFields, parseOutput } from "../shared/output-format.ts";
import { pickModel, readRouting, routingFields, routingOf } from "../shared/routing.ts";
import { toSampling, toStopConditions } from "../shared/sampling.ts";
import { check } from "../shared/schema-errors.ts";
import { unenforcedFormats } from "../shared/unenforced-formats.ts";

/** POST /v1/completions: continues a text, without roles or a template. */

const promptText = text.max(LIMITS.request.textCharacters);
const ids = z.custom<number[]>(isIdList, { message: "must be a list of token ids" });

export const completionBody = z.object({
  model,
  ...routingFields,
  prompt: z.union([
    promptText,
    ids,
    boundedList(promptText, LIMITS.request.answers, 1),
    boundedList(ids, LIMITS.request.answers, 1),
  ]),
  max_tokens: tokens.nullish(),
  logprobs: z.int().min(0).max(5).nullish(),
  echo: z.boolean().nullish(),
  best_of: z.int().min(1).nullish(),
  suffix: z.string().max(LIMITS.request.textCharacters).nullish(),
  user: z.string().max(512).nullish(),
  ...samplingFields,
  ...streamFields,
  ...outputFields,
});
type CompletionBody = z.infer<typeof completionBody>;

function isIdList(value: unknown): boolean {
  if (!Array.isArray(value) || value.length === 0) return false;
  if (value.length > LIMITS.request.promptTokenIds) return false;
  return value.every(
    (id) => Number.isInteger(id) && id >= 0 && id < LIMITS.checkpoint.vocabularyTokens,
  );
}

export interface ParsedCompletion {
  /** One request per prompt; each has `count` answers. */
  readonly requests: readonly ChatRequest[];
  readonly model: string;
  readonly count: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly logprobs: boolean;
  /** For each prompt, the text before its answers. Empty: no echo. */
  readonly echoes: readonly string[];
  readonly ignoredParams: readonly string[];
}

/** OpenAI's default. */
const MAX_TOKENS = 16;

/**
 * Checks the parsed body of POST /v1/completions and converts it to requests.
 *
 * models: the served models, for fallbacks.
 * Throws a VireoError that names the field and the remedy.
 */
export function parseCompletionRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedCompletion {
  const body = check<CompletionBody>(completionBody, json);
  const prompts = toPrompts(body.prompt);
  const count = body.n ?? 1;
  checkTogether(body, prompts.length * count);
  const output = parseOutput(body);
  const routing = readRouting(body);
  const request = {
    messages: [],
    maxTokens: body.max_tokens ?? MAX_TOKENS,
    ...toStopConditions(body),
    sampling: toSampling(body, false),
    reasoning: {},
    ...routingOf(routing, models),
    ...defined({ output }),
    ...(typeof body.logprobs === "number" ? { topLogprobs: body.logprobs } : {}),
  };
  return {
    requests: prompts.map((prompt) => ({ ...request, prompt })),
    model: pickModel(body.model, routing, models),
    count,
    stream: body.stream ?? false,
    includeUsage: body.stream_options?.include_usage === true,
    logprobs: typeof body.logprobs === "number",
    echoes: body.echo === true ? prompts.map((prompt) => toEcho(prompt)) : [],
    ignoredParams: [
      ...unenforcedFormats(output),
      ...routing.ignored,
      ...unknownFields(json as object, completionBody.shape),
    ],
  };
}

type Prompt = string | readonly number[];

function toPrompts(prompt: CompletionBody["prompt"]): readonly Prompt[] {
  if (typeof prompt === "string") return [prompt];
  const [first] = prompt;
  return typeof first === "number" ? [prompt as number[]] : (prompt as string[] | number[][]);
}

function toEcho(prompt: Prompt): string {
  if (typeof prompt === "string") return prompt;
  throw refuse("echo", "needs prompts of text; convert ids to text by POST /detokenize");
}

function checkTogether(body: CompletionBody, answers: number): void {
  if (answers > LIMITS.request.answers) {
    const max = LIMITS.request.answers;
    const message = `prompt and n request ${answers} answers; at most ${max} are accepted`;
    throw new VireoError("out_of_range", message, { param: "prompt" });
  }
  if (body.suffix) throw refuse("suffix", "is not supported by this model; leave it out");
  if (typeof body.best_of === "number" && body.best_of !== (body.n ?? 1)) {
    throw refuse("best_of", "is not supported; send n and choose one of the answers");
  }
  if (body.echo === true && typeof body.logprobs === "number") {
    throw refuse(
      "echo",
      "cannot be combined with logprobs, which are not computed for prompts; send one of them",
    );
  }
  if (body.stream_options?.continuous_usage_stats === true) {
    throw refuse(
      "stream_options.continuous_usage_stats",
      "is supported for chat completions only; leave it out",
    );
  }
  if (body.stream_options && body.stream !== true) {
    throw new VireoError("out_of_range", "stream_options needs stream: true", {
      param: "stream_options",
    });
  }
  const maxTokens = body.max_tokens ?? MAX_TOKENS;
  if (body.min_tokens && body.min_tokens > maxTokens) {
    const message = `min_tokens is ${body.min_tokens}; send at most max_tokens, here ${maxTokens}`;
    throw new VireoError("out_of_range", message, { param: "min_tokens" });
  }
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("unsupported_parameter", `${param} ${why}`, { param });
}
