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
import { unknownFields } from "../shared/ignored.ts";
import { argumentsText, isTooDeep, TOO_DEEP } from "../shared/json.ts";
import {
  toDocumentPart,
  toFilePart,
  toImagePart,
  toMediaOptions,
  toPageOptions,
  toReferencedImage,
} from "../shared/media.ts";
import { type RequestedReasoning, resolveReasoning } from "../shared/reasoning.ts";
import { checkStrict, pickModel, readRouting, routingOf } from "../shared/routing.ts";
import { toSampling } from "../shared/sampling.ts";
import { check } from "../shared/schema-errors.ts";
import { ToolCollector, type ToolOffer } from "../shared/tool-offer.ts";
import { chooseTools, type RequestedChoice } from "../shared/tools.ts";
import { unenforcedFormats } from "../shared/unenforced-formats.ts";
import type { RequestWarning } from "../shared/warnings.ts";
import {
  type CountBody,
  countBody,
  type DocumentBlock,
  type ImageBlock,
  type MessageBlock,
  type MessagesBody,
  messagesBody,
} from "./schema.ts";

export interface ParsedMessages {
  readonly request: ChatRequest;
  /** The requested name, without its suffix, not yet looked up. */
  readonly model: string;
  readonly stream: boolean;
  readonly ignoredParams: readonly string[];
  readonly warnings: readonly RequestWarning[];
}

/**
 * Checks the parsed body of POST /v1/messages and converts it to a ChatRequest.
 *
 * models: the served models, for fallbacks and defaults.
 * Throws a VireoError that names the field and the remedy.
 */
export function parseMessagesRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedMessages {
  const body = check<MessagesBody>(messagesBody, json);
  return toParsed(body, json as object, models);
}

/** Like parseMessagesRequest, for POST /v1/messages/count_tokens. */
export function parseCountRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
): ParsedMessages {
  return toParsed(check<CountBody>(countBody, json), json as object, models);
}

function toParsed(body: CountBody, json: object, models: readonly UpstreamModel[]): ParsedMessages {
  const routing = readRouting(body);
  const picked = pickModel(body.model, routing, models);
  const messages = toMessages(body);
  const reasoning = resolveReasoning(requestedReasoning(body), picked, messages, models);
  const offer = collectTools(body);
  const output = toOutput(body);
  const unknown = unknownFields(json, messagesBody.shape);
  const ignoredParams = [...offer.ignored, ...routing.ignored, ...unknown];
  checkStrict(routing, ignoredParams);
  return {
    request: {
      messages,
      stop: body.stop_sequences ?? [],
      ...toMediaOptions(body),
      ...toTools(body, offer),
      ...routingOf(routing, models),
      ...defined({ output }),
      ...(typeof body.max_tokens === "number" ? { maxTokens: body.max_tokens } : {}),
      ...(messages.at(-1)?.role === "assistant" ? { continueFinalMessage: true } : {}),
      sampling: toSampling(body, reasoning.thinks),
      reasoning: reasoning.options,
    },
    model: reasoning.model,
    stream: body.stream ?? false,
    ignoredParams: [...ignoredParams, ...unenforcedFormats(output, offer.definitions)],
    warnings: reasoning.warnings,
  };
}

function requestedReasoning({ thinking }: CountBody): RequestedReasoning {
  if (!thinking) return {};
  const budgetTokens = thinking.type === "enabled" ? thinking.budget_tokens : undefined;
  return { enabled: thinking.type !== "disabled", budgetTokens };
}

function toMessages({ messages: bodies, system }: CountBody): ChatMessage[] {
  const conversation = new Conversation();
  const text = typeof system === "string" ? system : joinTexts(system ?? []);
  if (text !== "") conversation.system(text);
  bodies.forEach(({ role, content }, index) => {
    const param = `messages[${index}].content`;
    const blocks =
      typeof content === "string" ? [{ type: "text", text: content } as const] : content;
    if (role === "system") conversation.system(joinTexts(blocks));
    else if (role === "assistant") conversation.assistant(toAssistant(blocks, param));
    else addUser(conversation, typeof content === "string" ? content : blocks, param);
  });
  const messages = conversation.messages();
  const last = messages.at(-1);
  if (last?.role === "assistant" && last.toolCalls !== undefined) {
    const param = `messages[${bodies.length - 1}]`;
    throw refuse("out_of_range", param, "calls tools; send a tool_result for each call");
  }
  checkTotals(messages);
  return messages;
}

function joinTexts(blocks: readonly { readonly type: string }[]): string {
  return blocks.flatMap((block) => ("text" in block ? [block.text] : [])).join("\n\n");
}

/** Thinking of earlier answers is dropped, as in the model's template. */
function toAssistant(blocks: readonly MessageBlock[], param: string): PastAnswer {
  const calls = blocks.flatMap((block, index): PastCall[] => {
    if (block.type !== "tool_use") return [];
    const { id, name, input } = block;
    return [{ id, name, arguments: argumentsText(input, `${param}[${index}].input`) }];
  });
  const content = blocks.flatMap((block, index): ContentPart[] => {
    if (block.type === "text") return [{ type: "text", text: block.text }];
    if (block.type === "tool_use" || /thinking$/.test(block.type)) return [];
    const at = `${param}[${index}]`;
    throw refuse(
      "unsupported_modality",
      at,
      `is a ${block.type}; send text and tool_use blocks in assistant messages`,
    );
  });
  return { content, calls };
}

/** Adds the tool results of a user message, then its other content. */
function addUser(
  conversation: Conversation,
  content: string | readonly MessageBlock[],
  param: string,
): void {
  if (typeof content === "string") {
    conversation.user(content);
    return;
  }
  const parts: ContentPart[] = [];
  let results = 0;
  content.forEach((block, index) => {
    const at = `${param}[${index}]`;
    if (block.type !== "tool_result") {
      parts.push(toPart(block, at));
      return;
    }
    results += 1;
    const { content: output, tool_use_id: callId } = block;
    const result =
      typeof output === "string"
        ? output
        : (output ?? []).map((part, place) => toPart(part, `${at}.content[${place}]`));
    const lines = typeof result === "string" || result.some(isMedia) ? result : joinLines(result);
    conversation.result({ callId, content: lines, param: `${at}.tool_use_id` });
  });
  if (parts.length > 0 || results === 0) conversation.user(parts);
}

function toPart(block: MessageBlock, param: string): ContentPart {
  switch (block.type) {
    case "text":
      return { type: "text", text: block.text };
    case "image":
      return toImage(block, param);
    case "document":
      return toDocument(block, param);
    case "search_result": {
      const { title, source, content } = block;
      const text = [title, source, joinTexts(content)].filter(Boolean).join("\n");
      return { type: "text", text };
    }
    default: {
      const why = `is a ${block.type}, unsupported here; send text, images or documents`;
      throw refuse("unsupported_modality", param, why);
    }
  }
}

function toImage({ source, detail }: ImageBlock, param: string): ContentPart {
  if (source.type === "file") {
    const at = `${param}.source`;
    const url = { url: undefined, urlParam: `${at}.url` };
    return toReferencedImage(
      { ...url, fileId: source.file_id, fileParam: `${at}.file_id` },
      detail,
    );
  }
  if (source.type === "url") return toImagePart(source.url, `${param}.source.url`, detail);
  const url = `data:${source.media_type};base64,${source.data}`;
  return toImagePart(url, `${param}.source.data`, detail);
}

/** Converts a document. Its title and citations are ignored. */
function toDocument({ source, ...pages }: DocumentBlock, param: string): ContentPart {
  const at = `${param}.source`;
  switch (source.type) {
    case "text":
      return { type: "text", text: source.data };
    case "content": {
      const { content } = source;
      return { type: "text", text: typeof content === "string" ? content : joinTexts(content) };
    }
    case "url":
      return toDocumentPart(source.url, `${at}.url`, toPageOptions(pages));
    case "file":
      return toFilePart({ file_id: source.file_id, ...pages }, at);
    case "base64": {
      const url = `data:${source.media_type};base64,${source.data}`;
      return toDocumentPart(url, `${at}.data`, toPageOptions(pages));
    }
  }
}

function refuse(
  code: "out_of_range" | "unsupported_modality",
  param: string,
  why: string,
): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}

function collectTools({ tools }: CountBody): ToolOffer {
  const collector = new ToolCollector();
  (tools ?? []).forEach((tool, index) => {
    if ("input_schema" in tool) {
      collector.addFunction({ ...tool, parameters: tool.input_schema }, `tools[${index}]`);
    } else {
      collector.ignore(tool.type);
    }
  });
  return collector.offer();
}

function toTools({ tool_choice: choice }: CountBody, { definitions }: ToolOffer) {
  const single =
    choice && "disable_parallel_tool_use" in choice && choice.disable_parallel_tool_use;
  return chooseTools(definitions, toChoice(choice), single === true ? false : undefined);
}

function toChoice(choice: CountBody["tool_choice"]): RequestedChoice {
  const param = "tool_choice";
  if (!choice) return { param, choice: "auto" };
  if (choice.type === "tool") return { param, choice: { name: choice.name } };
  return { param, choice: choice.type === "any" ? "required" : choice.type };
}

function toOutput({ output_config: config }: CountBody): OutputFormat | undefined {
  if (!config?.format) return undefined;
  const { schema } = config.format;
  if (isTooDeep(schema)) {
    const param = "output_config.format.schema";
    throw new VireoError("invalid_schema", `${param} ${TOO_DEEP}`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(schema) };
}
