import type { ChatMessage, ChatRequest, ContentPart, OutputFormat } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { checkTotals } from "../shared/chat-totals.ts";
import {
  Conversation,
  isMedia,
  joinLines,
  type PastAnswer,
  type PastCall,
} from "../shared/conversation.ts";
import { isTooDeep, TOO_DEEP } from "../shared/json.ts";
import { toDocumentPart, toImagePart, toMediaOptions, toVideoPart } from "../shared/media.ts";
import { enabledByEffort, resolveReasoning } from "../shared/reasoning.ts";
import { pickModel, readGateway, routingOf } from "../shared/routing.ts";
import { toSampling } from "../shared/sampling.ts";
import { check } from "../shared/schema-errors.ts";
import { ToolCollector } from "../shared/tool-offer.ts";
import { chooseTools, type RequestedChoice } from "../shared/tools.ts";
import {
  type CallBody,
  callBody,
  type FilePart,
  type PromptMessage,
  type ToolOutput,
  type ToolOutputPart,
} from "./schema.ts";

/** A warning about an ignored or risky setting, in the SDK's format. */
export type Warning =
  | { readonly type: "unsupported"; readonly feature: string; readonly details?: string }
  | { readonly type: "other"; readonly message: string };

export interface ParsedCall {
  readonly request: ChatRequest;
  /** The requested name, without its suffix, not yet looked up. */
  readonly model: string;
  readonly warnings: readonly Warning[];
}

/**
 * Checks the parsed body of an AI SDK call and converts it to a ChatRequest.
 *
 * model: from the header. models: the served models, for fallbacks and defaults.
 * Throws a VireoError that names the field and the remedy.
 */
export function parseCall(
  json: unknown,
  model: string,
  models: readonly UpstreamModel[] = [],
): ParsedCall {
  const body = check<CallBody>(callBody, json);
  const routing = readGateway(body.providerOptions?.gateway, "providerOptions.gateway");
  const picked = pickModel(model, routing, models);
  const own = body.providerOptions?.vireo;
  const callEffort = body.reasoning === "provider-default" ? undefined : body.reasoning;
  const requested = {
    enabled: enabledByEffort(own?.reasoningEffort ?? callEffort),
    budgetTokens: own?.thinkingTokenBudget,
  };
  const messages = toMessages(body.prompt);
  const reasoning = resolveReasoning(requested, picked, messages, models);
  const output = toOutput(body.responseFormat);
  return {
    request: {
      messages,
      stop: body.stopSequences ?? [],
      ...toMediaOptions(own ?? {}),
      ...toTools(body),
      ...routingOf(routing, models),
      ...defined({ output }),
      ...(typeof body.maxOutputTokens === "number" ? { maxTokens: body.maxOutputTokens } : {}),
      sampling: toSampling(toSamplingBody(body), reasoning.thinks),
      reasoning: reasoning.options,
    },
    model: reasoning.model,
    warnings: [
      ...reasoning.warnings.map(({ message }): Warning => ({ type: "other", message })),
      ...unsupportedTools(body),
      ...routing.ignored.map((feature): Warning => ({ type: "unsupported", feature })),
    ],
  };
}

function unsupportedTools({ tools }: CallBody): Warning[] {
  return (tools ?? []).flatMap((tool): Warning[] =>
    tool.type === "function"
      ? []
      : [
          {
            type: "unsupported",
            feature: `tool ${tool.id}`,
            details: "this server does not run it",
          },
        ],
  );
}

function toSamplingBody(body: CallBody) {
  return {
    temperature: body.temperature,
    top_p: body.topP,
    top_k: body.topK,
    presence_penalty: body.presencePenalty,
    frequency_penalty: body.frequencyPenalty,
    seed: body.seed,
  };
}

function toMessages(prompt: readonly PromptMessage[]): ChatMessage[] {
  const conversation = new Conversation();
  prompt.forEach((message, index) => {
    addMessage(conversation, message, `prompt[${index}]`);
  });
  const messages = conversation.messages();
  checkTotals(messages, "prompt");
  return messages;
}

function addMessage(conversation: Conversation, message: PromptMessage, param: string): void {
  switch (message.role) {
    case "system":
      conversation.system(message.content);
      break;
    case "user": {
      const content = message.content.map((part, index): ContentPart => {
        if (part.type === "text") return { type: "text", text: part.text };
        return toMedia(part, `${param}.content[${index}].data`);
      });
      conversation.user(content);
      break;
    }
    case "assistant":
      conversation.assistant(toAssistant(message, `${param}.content`));
      break;
    case "tool":
      message.content.forEach((part, index) => {
        if (part.type !== "tool-result") return;
        const at = `${param}.content[${index}]`;
        const { toolCallId: callId, toolName } = part;
        const content = toResult(part.output, `${at}.output`);
        conversation.result({ callId, toolName, content, param: `${at}.toolCallId` });
      });
  }
}

/** Reasoning of earlier answers is dropped, as in the model's template. */
function toAssistant(
  { content }: Extract<PromptMessage, { role: "assistant" }>,
  param: string,
): PastAnswer {
  const calls = content.flatMap((part, index): PastCall[] => {
    if (part.type !== "tool-call" || part.providerExecuted === true) return [];
    if (isTooDeep(part.input)) throw refuse(`${param}[${index}].input`, TOO_DEEP);
    const { toolCallId: id, toolName: name, input } = part;
    const json = typeof input === "string" ? input : JSON.stringify(input ?? {});
    return [{ id, name, arguments: json }];
  });
  const parts = content.flatMap((part, index): ContentPart[] => {
    if (part.type === "text") return [{ type: "text", text: part.text }];
    if (part.type !== "file") return [];
    const where = "user messages and tool results";
    const message = `${param}[${index}] is a file; files are accepted only in ${where}`;
    throw new VireoError("unsupported_modality", message, { param: `${param}[${index}]` });
  });
  return { content: parts, calls };
}

function toMedia({ data, mediaType, providerOptions }: FilePart, param: string): ContentPart {
  const text = typeof data === "string" ? data : data.type === "url" ? data.url : data.data;
  const isUrl = /^[a-z][a-z0-9+.-]*:/i.test(text.slice(0, 64));
  const url = isUrl ? text : `data:${mediaType};base64,${text}`;
  if (mediaType.startsWith("video/")) return toVideoPart(url, param);
  if (/^(application|text)\//.test(mediaType)) return toDocumentPart(url, param);
  return toImagePart(url, param, providerOptions?.vireo?.detail);
}

function toResult(output: ToolOutput, param: string): string | ContentPart[] {
  switch (output.type) {
    case "text":
    case "error-text":
      return output.value;
    case "json":
    case "error-json":
      if (isTooDeep(output.value)) throw refuse(`${param}.value`, TOO_DEEP);
      return JSON.stringify(output.value ?? null);
    case "execution-denied":
      return output.reason ?? "The user did not allow this call.";
    case "content": {
      const parts = output.value.map((part, index) => {
        return toResultPart(part, `${param}.value[${index}]`);
      });
      return parts.some(isMedia) ? parts : joinLines(parts);
    }
  }
}

/** Converts a result part. Files by provider id and unknown parts become a placeholder. */
function toResultPart(part: ToolOutputPart, param: string): ContentPart {
  if (typeof part.text === "string") return { type: "text", text: part.text };
  const { data, url, mediaType } = part;
  const isImage = part.type.startsWith("image-");
  const type = mediaType ?? (isImage ? "image/*" : "application/octet-stream");
  if (data !== undefined && data !== null) {
    return toMedia({ type: "file", data, mediaType: type }, `${param}.data`);
  }
  if (typeof url === "string") {
    return toMedia({ type: "file", data: url, mediaType: type }, `${param}.url`);
  }
  return { type: "text", text: `[${part.type}]` };
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function toTools({ tools, toolChoice }: CallBody) {
  const collector = new ToolCollector();
  (tools ?? []).forEach((tool, index) => {
    if (tool.type !== "function") return; // reported as a warning
    collector.addFunction({ ...tool, parameters: tool.inputSchema }, `tools[${index}]`);
  });
  return chooseTools(collector.offer().definitions, toChoice(toolChoice));
}

function toChoice(choice: CallBody["toolChoice"]): RequestedChoice {
  const param = "toolChoice";
  if (!choice) return { param, choice: "auto" };
  return { param, choice: choice.type === "tool" ? { name: choice.toolName } : choice.type };
}

function toOutput(format: CallBody["responseFormat"]): OutputFormat | undefined {
  if (format?.type !== "json") return undefined;
  if (!format.schema) return { type: "json_object" };
  if (isTooDeep(format.schema)) {
    const param = "responseFormat.schema";
    throw new VireoError("invalid_schema", `${param} ${TOO_DEEP}`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(format.schema) };
}
