import type { ChatMessage, ChatRequest, ContentPart, OutputFormat } from "../../core/chat.ts";
import { defined } from "../../core/defined.ts";
import { VireoError } from "../../core/errors.ts";
import type { UpstreamModel } from "../../core/upstream.ts";
import { checkTotals, textOf } from "../shared/chat-totals.ts";
import { Conversation } from "../shared/conversation.ts";
import { random62 } from "../shared/ids.ts";
import { unknownFields } from "../shared/ignored.ts";
import { isTooDeep, TOO_DEEP } from "../shared/json.ts";
import {
  toFilePart,
  toMediaOptions,
  toReferencedImage,
  toReferencedVideo,
  toVideoSampling,
  videoDataUrl,
} from "../shared/media.ts";
import { enabledByEffort, resolveReasoning } from "../shared/reasoning.ts";
import { checkStrict, pickModel, readRouting, routingOf } from "../shared/routing.ts";
import { toSampling, toStopConditions } from "../shared/sampling.ts";
import { check } from "../shared/schema-errors.ts";
import {
  flatName,
  type ToolAlias,
  ToolCollector,
  type ToolOffer,
  toCustomArguments,
} from "../shared/tool-offer.ts";
import { chooseTools, type RequestedChoice, refuseHosted } from "../shared/tools.ts";
import { unenforcedFormats } from "../shared/unenforced-formats.ts";
import type { RequestWarning } from "../shared/warnings.ts";
import {
  type ItemReference,
  isForeign,
  type ResponseBody,
  type ResponseItem,
  type ResponsePart,
  type ResponseTool,
  responseBody,
  responseItem,
} from "./responses-schema.ts";

/** An item as JSON. */
export interface StoredItem {
  readonly id: string;
  readonly json: Uint8Array;
}

/** The fields of a request that its answer repeats. */
export type EchoedBody = Omit<ResponseBody, "input">;

export interface ParsedResponse {
  readonly request: ChatRequest;
  /** The requested name, without its suffix, not yet looked up. */
  readonly model: string;
  readonly stream: boolean;
  /** Repeated in the answer. */
  readonly body: EchoedBody;
  /** The input items of this request alone, to store with the answer; none if it is not stored. */
  readonly items: readonly StoredItem[];
  /** Undefined: the server's default. */
  readonly store: boolean | undefined;
  readonly logprobs: boolean;
  readonly aliases: ReadonlyMap<string, ToolAlias>;
  readonly ignoredParams: readonly string[];
  readonly warnings: readonly RequestWarning[];
}

/** Access to the stored responses of one client. */
export interface ResponseMemory {
  /** Input and output items of a response and its predecessors; undefined if not stored. */
  history(responseId: string): readonly unknown[] | undefined;
  /** Undefined if not stored. */
  item(itemId: string): unknown;
}

/** Fields that need background work or stored objects of other services. */
const STATEFUL_FIELDS = ["background", "conversation", "prompt"];
const LOGPROBS = "message.output_text.logprobs";

/**
 * Checks the parsed body of POST /v1/responses and converts it to a ChatRequest.
 *
 * models: the served models, for fallbacks and defaults. memory: undefined if this server stores no
 * responses. Throws a VireoError that names the field and the remedy; response_not_found for ids
 * that are not stored.
 */
export function parseResponseRequest(
  json: unknown,
  models: readonly UpstreamModel[] = [],
  memory?: ResponseMemory,
): ParsedResponse {
  refuseStateful(json);
  const body = check<ResponseBody>(responseBody, json);
  if (body.store === true && memory === undefined) {
    const message = "store is true, but this server stores no responses; leave it out";
    throw new VireoError("unsupported_parameter", message, { param: "store" });
  }
  const routing = readRouting(body);
  if (body.store === true && routing.isPrivate) {
    throw refuse("store", "is true, but the request also forbids storage; send one of them");
  }
  const picked = pickModel(body.model, routing, models);
  const { items, ignored } = readItems(body, memory);
  const messages = toMessages(body, items);
  const requested = { enabled: enabledByEffort(body.reasoning?.effort) };
  const reasoning = resolveReasoning(requested, picked, messages, models);
  const offer = collectTools(body, items);
  const output = toOutput(body);
  const logprobs = typeof body.top_logprobs === "number" || body.include?.includes(LOGPROBS);
  const maxTokens = body.max_output_tokens;
  if (body.min_tokens && maxTokens && body.min_tokens > maxTokens) {
    throw refuse(
      "min_tokens",
      `is ${body.min_tokens}; send at most max_output_tokens, which is ${maxTokens}`,
    );
  }
  const ignoredParams = [
    ...ignored,
    ...offer.ignored,
    ...routing.ignored,
    ...unknownFields(json as object, responseBody.shape),
    ...(body.include ?? []).filter((name) => name !== LOGPROBS).map((name) => `include.${name}`),
    ...(body.truncation === "auto" ? ["truncation"] : []),
  ];
  checkStrict(routing, ignoredParams);
  const store = routing.isPrivate ? false : (body.store ?? undefined);
  const { input: _, ...echoed } = body;
  return {
    request: {
      messages,
      ...toStopConditions(body),
      ...toMediaOptions(body),
      ...toTools(body, offer),
      ...routingOf(routing, models),
      ...defined({ output }),
      ...(typeof maxTokens === "number" ? { maxTokens } : {}),
      ...(logprobs === true ? { topLogprobs: body.top_logprobs ?? 0 } : {}),
      sampling: toSampling(body, reasoning.thinks),
      reasoning: reasoning.options,
    },
    model: reasoning.model,
    stream: body.stream ?? false,
    body: echoed,
    items: memory === undefined || store === false ? [] : ownItems(json as RawBody),
    store,
    logprobs: logprobs === true,
    aliases: offer.aliases,
    ignoredParams: [...ignoredParams, ...unenforcedFormats(output, offer.definitions)],
    warnings: reasoning.warnings,
  };
}

function refuse(param: string, why: string): VireoError {
  return new VireoError("out_of_range", `${param} ${why}`, { param });
}

function refuseStateful(json: unknown): void {
  if (typeof json !== "object" || json === null) return;
  for (const param of STATEFUL_FIELDS) {
    const value = Object.hasOwn(json, param) ? (json as Record<string, unknown>)[param] : null;
    if (value === undefined || value === null || value === false) continue;
    const message = `${param} is not supported by this server; leave it out`;
    throw new VireoError("unsupported_parameter", message, { param });
  }
}

interface ReadItem {
  readonly item: Exclude<ResponseItem, ItemReference>;
  /** The field of the item, for errors. */
  readonly param: string;
}

/** All items in order, with references replaced by stored items. */
function readItems(
  { input, previous_response_id: previous }: ResponseBody,
  memory: ResponseMemory | undefined,
): { readonly items: ReadItem[]; readonly ignored: string[] } {
  const items: ReadItem[] = [];
  const ignored = new Set<string>();
  const add = (item: ResponseItem, param: string): void => {
    if (isForeign(item)) ignored.add(`input.${item.type}`);
    else if (!isReference(item)) items.push({ item, param });
  };
  const addStored = (stored: unknown, param: string): void => {
    add(check<ResponseItem>(responseItem, stored), param);
  };
  if (previous) {
    const history = memory?.history(previous);
    if (history === undefined) throw notStored("previous_response_id", previous);
    for (const stored of history) addStored(stored, "previous_response_id");
  }
  if (typeof input === "string") {
    add({ type: "message", role: "user", content: input }, "input");
  } else {
    input?.forEach((item, index) => {
      const param = `input[${index}]`;
      if (!isReference(item)) {
        add(item, param);
        return;
      }
      const stored = memory?.item(item.id);
      if (stored === undefined) throw notStored(`${param}.id`, item.id);
      addStored(stored, param);
    });
  }
  return { items, ignored: [...ignored] };
}

function isReference(item: ResponseItem): item is ItemReference {
  return item.type === "item_reference" || (!item.type && !("role" in item));
}

function notStored(param: string, id: string): VireoError {
  const shown = JSON.stringify(id.slice(0, 64));
  const why = "is not stored here, or has been deleted; send the items themselves";
  return new VireoError("response_not_found", `${param}: ${shown} ${why}`, { param });
}

interface RawBody {
  readonly input?: string | readonly object[] | null;
}

/** The unchanged input items of a body; each has an id for later references. */
function ownItems({ input }: RawBody): StoredItem[] {
  if (typeof input === "string") {
    const content = [{ type: "input_text", text: input }];
    return [toStored({ type: "message", role: "user", status: "completed", content })];
  }
  const own = (input ?? []).filter((item) => !("id" in item && isReference(item as ResponseItem)));
  return own.map(toStored);
}

function toStored(item: object): StoredItem {
  const whole = { id: newItemId(), ...item };
  return { id: String(whole.id), json: new TextEncoder().encode(JSON.stringify(whole)) };
}

function newItemId(): string {
  return `msg_${random62(24)}`;
}

function toMessages({ instructions }: ResponseBody, items: readonly ReadItem[]): ChatMessage[] {
  const conversation = new Conversation();
  if (instructions) conversation.system(instructions);
  for (const { item, param } of items) addItem(conversation, item, param);
  const messages = conversation.messages();
  if (!messages.some(({ role }) => role !== "system")) {
    throw refuse("input", "has only system messages; add a user message");
  }
  checkTotals(messages, "input");
  return messages;
}

/** Adds an item. Reasoning of earlier answers is dropped, as in the model's template. */
function addItem(conversation: Conversation, item: ReadItem["item"], param: string): void {
  if ("role" in item) {
    addMessage(conversation, item, `${param}.content`);
  } else if (item.type === "function_call" || item.type === "custom_tool_call") {
    const args =
      item.type === "custom_tool_call" ? toCustomArguments(item.input) : item.arguments || "{}";
    const name = flatName(item.name, item.namespace);
    conversation.call({ id: item.call_id, name, arguments: args });
  } else if ("output" in item) {
    const content = toContent(item.output, "tool", `${param}.output`);
    conversation.result({ callId: item.call_id, content, param: `${param}.call_id` });
  }
}

function addMessage(
  conversation: Conversation,
  { role: sender, content: parts }: Extract<ResponseItem, { readonly role: unknown }>,
  param: string,
): void {
  const role = sender === "developer" ? "system" : sender;
  const content = toContent(parts ?? "", role, param);
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
      throw unsupported(
        at,
        `is an ${part.type}, unsupported here; send text, images, videos or files`,
      );
    }
    if (role === "system" || role === "assistant") {
      const where = "user messages and function outputs";
      throw unsupported(at, `is an image, video or file; these are accepted only in ${where}`);
    }
    if (part.type === "input_file") return toFilePart(part, at);
    const isVideo = part.type === "input_video";
    const field = isVideo ? "video_url" : "image_url";
    const source = isVideo
      ? (part.video_url ?? (part.input_video && videoDataUrl(part.input_video)))
      : part.image_url;
    const reference = {
      url: typeof source === "object" ? source?.url : source,
      urlParam: `${at}.${field}`,
      fileId: part.file_id,
      fileParam: `${at}.file_id`,
    };
    return isVideo
      ? toReferencedVideo(reference, toVideoSampling(part, at))
      : toReferencedImage(reference, part.detail);
  });
}

function unsupported(param: string, why: string): VireoError {
  return new VireoError("unsupported_modality", `${param} ${why}`, { param });
}

/** Collects the tools of the request and of `additional_tools` items in its input. */
function collectTools({ tools }: ResponseBody, items: readonly ReadItem[]): ToolOffer {
  const collector = new ToolCollector();
  addTools(collector, tools ?? [], "tools");
  for (const { item, param } of items) {
    if ("tools" in item) addTools(collector, item.tools, `${param}.tools`);
  }
  return collector.offer();
}

function addTools(
  collector: ToolCollector,
  tools: readonly ResponseTool[],
  param: string,
  namespace?: string,
): void {
  tools.forEach((tool, index) => {
    const at = `${param}[${index}]`;
    if ("tools" in tool) addTools(collector, tool.tools, `${at}.tools`, tool.name);
    else if (tool.type === "custom" && "name" in tool) collector.addCustom(tool, at, namespace);
    else if ("name" in tool) collector.addFunction(tool, at, namespace);
    else collector.ignore(tool.type);
  });
}

function toTools(body: ResponseBody, { definitions, aliases }: ToolOffer) {
  const nameOf = (name: string, namespace?: string | null): string => {
    if (namespace) return flatName(name, namespace);
    const isPlain = definitions.some((tool) => tool.name === name);
    const inside = [...aliases].find(([, alias]) => alias.name === name);
    return isPlain ? name : (inside?.[0] ?? name);
  };
  return chooseTools(definitions, toChoice(body.tool_choice, nameOf), body.parallel_tool_calls);
}

function toChoice(
  choice: ResponseBody["tool_choice"],
  nameOf: (name: string, namespace?: string | null) => string,
): RequestedChoice {
  const param = "tool_choice";
  if (typeof choice !== "object" || choice === null) return { param, choice: choice ?? "auto" };
  if ("mode" in choice) {
    const allowed = choice.tools.flatMap((tool) => {
      return "name" in tool ? [nameOf(tool.name, tool.namespace)] : [];
    });
    return { param, choice: choice.mode, allowed };
  }
  if (!("name" in choice)) throw refuseHosted(param, choice.type);
  return { param, choice: { name: nameOf(choice.name, choice.namespace) } };
}

function toOutput({ text }: ResponseBody): OutputFormat | undefined {
  const format = text?.format;
  if (format?.type === "json_object") return { type: "json_object" };
  if (format?.type !== "json_schema") return undefined;
  if (isTooDeep(format.schema)) {
    const param = "text.format.schema";
    throw new VireoError("invalid_schema", `${param} ${TOO_DEEP}`, { param });
  }
  return { type: "json_schema", schema: JSON.stringify(format.schema) };
}
