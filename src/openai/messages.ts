import type { ChatMessage, ContentPart } from "../core/chat.ts";
import { type ErrorCode, VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { ChatMessageBody, ChatPart } from "./chat-schema.ts";
import { isTooDeep } from "./json.ts";
import {
  type Detail,
  type NamedMedia,
  toFilePart,
  toNamedImage,
  toNamedVideo,
  toVideoSampling,
} from "./media.ts";

/**
 * Turns checked messages of the protocol into the program's.
 *
 * A developer is the system; system messages at the beginning become one, since the model knows a
 * single system turn. Reasoning in earlier answers is left out, as the model's template does,
 * unless it is to be kept. Results of tools stand in the order of the messages; their ids say
 * nothing to the model and are not compared.
 */
export function toChatMessages(
  bodies: readonly ChatMessageBody[],
  keepReasoning = false,
): ChatMessage[] {
  const messages: ChatMessage[] = [];
  bodies.forEach((body, index) => {
    const message = toChatMessage(body, `messages[${index}]`, keepReasoning);
    appendMessage(messages, message, `messages[${index}]`);
  });
  checkTotals(messages);
  return messages;
}

/** Throws invalid_type for a system message that does not stand at the beginning. */
export function appendMessage(messages: ChatMessage[], message: ChatMessage, param: string): void {
  const previous = messages.at(-1);
  if (message.role !== "system" || previous === undefined) {
    messages.push(message);
  } else if (previous.role === "system") {
    const content = `${textOf(previous)}\n\n${textOf(message)}`;
    messages[messages.length - 1] = { role: "system", content };
  } else {
    const why = "comes after other messages; put system messages at the beginning";
    throw refuse("invalid_type", `${param}.role`, why);
  }
}

function refuse(code: ErrorCode, param: string, why: string): VireoError {
  return new VireoError(code, `${param} ${why}`, { param });
}

const ROLES = {
  system: "system",
  developer: "system",
  user: "user",
  assistant: "assistant",
  tool: "tool",
  function: "tool",
} as const;

function toChatMessage(body: ChatMessageBody, param: string, keepReasoning: boolean): ChatMessage {
  const role = ROLES[body.role];
  const given = body.tool_calls ?? [];
  const calls = [
    ...given.map((call) => call.function),
    ...(body.function_call ? [body.function_call] : []),
  ];
  if (calls.length > 0 && role !== "assistant") {
    throw refuse("invalid_type", `${param}.tool_calls`, "may only be in assistant messages");
  }
  const { content } = body;
  const reasoning = role === "assistant" ? reasoningOf(body) : "";
  const mayBeEmpty = calls.length > 0 || role === "tool" || reasoning !== "";
  if ((content === undefined || content === null) && !mayBeEmpty) {
    throw refuse("missing_required", `${param}.content`, "is required");
  }
  const toolCalls = calls.map((call, index) => ({
    name: call.name,
    arguments: argumentsText(call.arguments, `${param}.tool_calls[${index}].function.arguments`),
  }));
  return {
    role,
    content: Array.isArray(content) ? toParts(content, role, `${param}.content`) : (content ?? ""),
    ...(toolCalls.length === 0 ? {} : { toolCalls }),
    ...(keepReasoning && reasoning !== "" ? { reasoning } : {}),
  };
}

/** Arguments of a call as JSON text. */
export function argumentsText(given: string | object | null | undefined, param: string): string {
  if (given === null || given === undefined || given === "") return "{}";
  if (typeof given === "string") return given;
  if (isTooDeep(given)) throw refuse("out_of_range", param, "is nested too deeply");
  return JSON.stringify(given);
}

/** The first spelling that says something. */
function reasoningOf(body: ChatMessageBody): string {
  const details = (body.reasoning_details ?? []).map((detail) => detail.text ?? "").join("");
  return body.reasoning_content || body.reasoning || details;
}

function toParts(
  parts: readonly ChatPart[],
  role: ChatMessage["role"],
  param: string,
): ContentPart[] {
  return parts.map((part, index): ContentPart => {
    if (part.type === "refusal") return { type: "text", text: part.refusal };
    if ("text" in part) return { type: "text", text: part.text };
    const at = `${param}[${index}]`;
    const isImage = isImagePart(part);
    const isFile = part.type === "file" || part.type === "input_file";
    if (role !== "user") {
      const why = isFile ? "a file; files" : isImage ? "an image; images" : "a video; videos";
      throw refuse("unsupported_modality", at, `is ${why} may only be in user messages`);
    }
    if (isFile) {
      const [file, where] = part.type === "file" ? [part.file, `${at}.file`] : [part, at];
      return toFilePart(file, where);
    }
    if (isImagePart(part)) {
      const named = namedBy(part.image_url, part.file_id, at, "image_url");
      return toNamedImage(named, detailOf(part));
    }
    const named = namedBy(part.video_url, part.file_id, at, "video_url");
    return toNamedVideo(named, toVideoSampling(part, at));
  });
}

type ImagePartBody = Extract<ChatPart, { readonly type: "image_url" | "input_image" }>;

function isImagePart(part: ChatPart): part is ImagePartBody {
  return part.type === "image_url" || part.type === "input_image";
}

function detailOf({ image_url: given, detail }: ImagePartBody): Detail {
  return (typeof given === "object" ? given?.detail : undefined) ?? detail;
}

/** given: what stands in the field, a URL or an object with a URL or an id. */
function namedBy(
  given: string | Partial<Record<"url" | "file_id", string | null | undefined>> | null | undefined,
  fileId: string | null | undefined,
  at: string,
  field: "image_url" | "video_url",
): NamedMedia {
  if (typeof given !== "object" || given === null) {
    return { url: given, urlParam: `${at}.${field}`, fileId, fileParam: `${at}.file_id` };
  }
  return {
    url: given.url,
    urlParam: `${at}.${field}.url`,
    fileId: given.file_id ?? fileId,
    fileParam: given.file_id ? `${at}.${field}.file_id` : `${at}.file_id`,
  };
}

function textOf({ content }: ChatMessage): string {
  if (typeof content === "string") return content;
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}

/** Throws too_many_images, _videos or _documents, or out_of_range for more text than is taken. */
export function checkTotals(messages: readonly ChatMessage[], param = "messages"): void {
  const media = { image: 0, video: 0, document: 0 };
  let characters = 0;
  for (const message of messages) {
    characters += textOf(message).length;
    characters += message.reasoning?.length ?? 0;
    for (const call of message.toolCalls ?? []) characters += call.arguments.length;
    if (typeof message.content === "string") continue;
    for (const { type } of message.content) if (type !== "text") media[type] += 1;
  }
  const { imagesPerRequest, videosPerRequest, documentsPerRequest } = LIMITS;
  for (const [code, kind, limit] of [
    ["too_many_images", "image", imagesPerRequest],
    ["too_many_videos", "video", videosPerRequest],
    ["too_many_documents", "document", documentsPerRequest],
  ] as const) {
    const actual = media[kind];
    if (actual <= limit) continue;
    const message = `${param} has ${actual} ${kind}s; at most ${limit} are taken`;
    throw new VireoError(code, message, { param, metadata: { limit, actual } });
  }
  if (characters > LIMITS.textCharacters) {
    const message = `${param} has ${characters} characters; at most ${LIMITS.textCharacters}`;
    throw new VireoError("out_of_range", message, { param });
  }
}
