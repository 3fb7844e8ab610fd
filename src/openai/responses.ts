import type {
  ChatMessage,
  ChatRequest,
  ContentPart,
  OutputFormat,
  UpstreamModel,
} from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { Conversation } from "./conversation.ts";
import { unknownFields } from "./ignored.ts";
import { isTooDeep } from "./json.ts";
import {
  toFilePart,
  toMediaOptions,
  toNamedImage,
  toNamedVideo,
  toVideoSampling,
} from "./media.ts";
import { checkTotals, textOf } from "./messages.ts";
import { planReasoning, splitModelName } from "./reasoning.ts";
import {
  type ResponseBody,
  type ResponseItem,
  type ResponsePart,
  responseBody,
} from "./responses-schema.ts";
import { toEnds, toSampling } from "./sampling.ts";
import { check } from "./schema-errors.ts";
import { type AskedChoice, chooseTools, toDefinitions } from "./tools.ts";
import type { RequestWarning } from "./warnings.ts";

export interface ParsedResponse {
  readonly request: ChatRequest;
  /** The name that was asked for, not yet looked up. */
  readonly model: string;
  readonly stream: boolean;
  /** Said again in the answer. */
  readonly body: ResponseBody;
  readonly logprobs: boolean;
  readonly ignoredParams: readonly string[];
  readonly warnings: readonly RequestWarning[];
}

/** What would need a memory of earlier answers, or work that goes on without its caller. */
const NOT_KEPT = ["store", "background", "previous_response_id", "conversation", "prompt"];
const LOGPROBS = "message.output_text.logprobs";

/**
 * Checks the parsed body of POST /v1/responses and translates it.
 *
 * models: whose defaults hold where the request does not say.
 * Throws a VireoError that names the field and the way out.
 */
export function parseResponseRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedResponse {
  refuseKept(json);
  const body = check<ResponseBody>(responseBody, json);
  const { name, thinks: bySuffix } = splitModelName(body.model);
  const effort = body.reasoning?.effort;
  const asked = effort ? effort !== "none" : bySuffix;
  const messages = toMessages(body);
  const { enabled, thinks, warnings } = planReasoning(messages, asked, name, models);
  const output = toOutput(body);
  const logprobs = typeof body.top_logprobs === "number" || body.include?.includes(LOGPROBS);
  const maxTokens = body.max_output_tokens;
  if (body.min_tokens && maxTokens && body.min_tokens > maxTokens) {
    throw refuse("min_tokens", `is ${body.min_tokens}, more than max_output_tokens`);
  }
  return {
    request: {
      messages,
      ...toEnds(body),
      ...toMediaOptions(body),
      ...toTools(body),
      ...(output === undefined ? {} : { output }),
      ...(typeof maxTokens === "number" ? { maxTokens } : {}),
      ...(logprobs === true ? { topLogprobs: body.top_logprobs ?? 0 } : {}),
      sampling: toSampling(body, thinks),
      reasoning: enabled === undefined ? {} : { enabled },
    },
    model: name,
    stream: body.stream ?? false,
    body,
    logprobs: logprobs === true,
    ignoredParams: [
      ...unknownFields(json as object, responseBody.shape),
      ...(body.truncation === "auto" ? ["truncation"] : []),
    ],
    warnings,
  };
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function refuseKept(json: unknown): void {
  if (typeof json !== "object" || json === null) return;
  for (const param of NOT_KEPT) {
    const value = Object.hasOwn(json, param) ? (json as Record<string, unknown>)[param] : null;
    if (value === undefined || value === null || value === false) continue;
    const message = `${param} is not supported: nothing is stored here; send all of the input`;
    throw new VireoError("unsupported_parameter", message, { param });
  }
}

function toMessages({ input, instructions }: ResponseBody): ChatMessage[] {
  const conversation = new Conversation();
  if (instructions) conversation.system(instructions);
  if (typeof input === "string") {
    conversation.user(input);
  } else {
    input.forEach((item, index) => {
      addItem(conversation, item, `input[${index}]`);
    });
  }
  const messages = conversation.messages();
  if (!messages.some(({ role }) => role !== "system")) {
    throw refuse("input", "has no message but those of the system");
  }
  checkTotals(messages, "input");
  return messages;
}

/** Reasoning of earlier answers is left out, as the model's template does. */
function addItem(conversation: Conversation, item: ResponseItem, param: string): void {
  switch (item.type) {
    case "reasoning":
      break;
    case "function_call": {
      const given = item.arguments === "" ? "{}" : item.arguments;
      conversation.call({ id: item.call_id, name: item.name, arguments: given });
      break;
    }
    case "function_call_output": {
      const content = toContent(item.output, "tool", `${param}.output`);
      conversation.result({ callId: item.call_id, content, param: `${param}.call_id` });
      break;
    }
    default:
      addSaid(conversation, item, `${param}.content`);
  }
}

function addSaid(
  conversation: Conversation,
  { role: given, content: parts }: Extract<ResponseItem, { readonly role: unknown }>,
  param: string,
): void {
  const role = given === "developer" ? "system" : given;
  const content = toContent(parts, role, param);
  if (role === "system") conversation.system(textOf({ content }));
  else if (role === "assistant") conversation.assistant({ content });
  else conversation.user(content);
}

function toContent(
  content: string | readonly ResponsePart[],
  role: ChatMessage["role"],
  param: string,
): string | ContentPart[] {
  if (typeof content === "string") return content;
  return content.map((part, index): ContentPart => {
    const at = `${param}[${index}]`;
    if (part.type === "refusal") return { type: "text", text: part.refusal };
    if ("text" in part) return { type: "text", text: part.text };
    if (part.type === "input_audio") {
      throw unsupported(at, `is an ${part.type}, which this server does not read`);
    }
    if (role === "system" || role === "assistant") {
      const where = "messages of the user and outputs of functions";
      throw unsupported(at, `is an image, video or file; these may only be in ${where}`);
    }
    if (part.type === "input_file") return toFilePart(part, at);
    const isVideo = part.type === "input_video";
    const field = isVideo ? "video_url" : "image_url";
    const named = {
      url: isVideo ? part.video_url : part.image_url,
      urlParam: `${at}.${field}`,
      fileId: part.file_id,
      fileParam: `${at}.file_id`,
    };
    return isVideo
      ? toNamedVideo(named, toVideoSampling(part, at))
      : toNamedImage(named, part.detail);
  });
}

function unsupported(param: string, why: string): VireoError {
  return new VireoError("unsupported_modality", `${param} ${why}`, { param });
}

function toTools(body: ResponseBody) {
  const listed = toDefinitions(body.tools ?? [], (index) => `tools[${index}]`);
  return chooseTools(listed, toChoice(body.tool_choice), body.parallel_tool_calls);
}

function toChoice(choice: ResponseBody["tool_choice"]): AskedChoice {
  const param = "tool_choice";
  if (typeof choice !== "object" || choice === null) return { param, choice: choice ?? "auto" };
  if (choice.type === "function") return { param, choice: { name: choice.name } };
  return { param, choice: choice.mode, allowed: choice.tools.map(({ name }) => name) };
}

function toOutput({ text }: ResponseBody): OutputFormat | undefined {
  const format = text?.format;
  if (format?.type === "json_object") return { type: "json_object" };
  if (format?.type !== "json_schema") return undefined;
  if (isTooDeep(format.schema)) {
    const param = "text.format.schema";
    throw new VireoError("invalid_schema", `${param} is nested too deeply`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(format.schema) };
}
