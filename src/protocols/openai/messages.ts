import type { ChatMessage, ContentPart } from "../../core/chat.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import { checkTotals, textOf } from "../shared/chat-totals.ts";
import { Conversation, type PastCall } from "../shared/conversation.ts";
import { argumentsText } from "../shared/json.ts";
import {
  type Detail,
  type NamedMedia,
  toFilePart,
  toNamedImage,
  toNamedVideo,
  toVideoSampling,
  videoDataUrl,
} from "../shared/media.ts";
import { toCustomArguments } from "../shared/tool-offer.ts";
import type { ChatMessageBody, ChatPart } from "./chat-schema.ts";

/**
 * Turns checked messages of the protocol into the program's: see Conversation for their order.
 *
 * A developer is the system. Reasoning in earlier answers is left out, as the model's template
 * does, unless it is to be kept. Throws a VireoError that names the field.
 */
export function toChatMessages(
  bodies: readonly ChatMessageBody[],
  keepReasoning = false,
): ChatMessage[] {
  const conversation = new Conversation();
  bodies.forEach((body, index) => {
    addMessage(conversation, body, `messages[${index}]`, keepReasoning);
  });
  const messages = conversation.messages();
  checkTotals(messages);
  return messages;
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

function addMessage(
  conversation: Conversation,
  body: ChatMessageBody,
  param: string,
  keepReasoning: boolean,
): void {
  const role = ROLES[body.role];
  const calls = callsOf(body, param);
  if (calls.length > 0 && role !== "assistant") {
    throw refuse("invalid_type", `${param}.tool_calls`, "may only be in assistant messages");
  }
  if ((body.content ?? null) === null && (role === "system" || role === "user")) {
    throw refuse("missing_required", `${param}.content`, "is required");
  }
  const given = body.content ?? body.refusal ?? "";
  const content = Array.isArray(given) ? toParts(given, role, `${param}.content`) : given;
  switch (role) {
    case "system":
      conversation.system(textOf({ content }));
      break;
    case "user":
      conversation.user(content);
      break;
    case "assistant": {
      const reasoning = keepReasoning ? reasoningOf(body) : "";
      const kept = reasoning === "" ? {} : { reasoning };
      conversation.assistant({ content, calls, ...kept });
      break;
    }
    case "tool": {
      const { tool_call_id: callId, name: toolName } = body;
      conversation.result({ callId, toolName, content, param: `${param}.tool_call_id` });
      break;
    }
  }
}

function callsOf(body: ChatMessageBody, param: string): PastCall[] {
  const calls = (body.tool_calls ?? []).map((call, index): PastCall => {
    if ("custom" in call) {
      const { name, input } = call.custom;
      return { id: call.id, name, arguments: toCustomArguments(input) };
    }
    const at = `${param}.tool_calls[${index}].function.arguments`;
    const { name, arguments: given } = call.function;
    return { id: call.id, name, arguments: argumentsText(given, at) };
  });
  if (!body.function_call) return calls;
  const { name, arguments: given } = body.function_call;
  return [...calls, { name, arguments: argumentsText(given, `${param}.function_call.arguments`) }];
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
  return parts.flatMap((part, index): ContentPart[] => {
    const at = `${param}[${index}]`;
    if (part.type === "refusal") return [{ type: "text", text: part.refusal }];
    if ("text" in part) return [{ type: "text", text: part.text }];
    if (isThinking(part)) return [];
    if (role !== "system" && role !== "assistant") return [toMedia(part, at)];
    const isFile = part.type === "file" || part.type === "input_file";
    const what = isFile
      ? "a file; files"
      : isImagePart(part)
        ? "an image; images"
        : "a video; videos";
    const why = `is ${what} may only be in user messages and results of tools`;
    throw refuse("unsupported_modality", at, why);
  });
}

type Part<T extends string> = Extract<ChatPart, { readonly type: T }>;
type ImagePartBody = Part<"image_url" | "input_image" | "image">;
type VideoPartBody = Part<"video_url" | "input_video" | "video">;
type MediaPartBody = ImagePartBody | VideoPartBody | Part<"file"> | Part<"input_file">;

function isThinking(part: ChatPart): part is Part<"thinking" | "redacted_thinking" | "reasoning"> {
  return /^(redacted_)?thinking$|^reasoning$/.test(part.type);
}

function isImagePart(part: ChatPart): part is ImagePartBody {
  return part.type === "image_url" || part.type === "input_image" || part.type === "image";
}

function toMedia(part: MediaPartBody, at: string): ContentPart {
  if (part.type === "file") return toFilePart(part.file, `${at}.file`);
  if (part.type === "input_file") return toFilePart(part, at);
  if (isImagePart(part)) {
    const field = part.image ? "image" : "image_url";
    return toNamedImage(namedBy(part[field], part.file_id, at, field), detailOf(part));
  }
  return toNamedVideo(namedVideo(part, at), toVideoSampling(part, at));
}

function namedVideo(part: VideoPartBody, at: string): NamedMedia {
  const { video_url, input_video: given, video, file_id: fileId } = part;
  if (typeof given === "object" && given !== null && "data" in given) {
    const urlParam = `${at}.input_video.data`;
    return { url: videoDataUrl(given), urlParam, fileId, fileParam: `${at}.file_id` };
  }
  if (given) return namedBy(given, fileId, at, "input_video");
  return video ? namedBy(video, fileId, at, "video") : namedBy(video_url, fileId, at, "video_url");
}

function detailOf({ image_url: given, detail }: ImagePartBody): Detail {
  return (typeof given === "object" ? given?.detail : undefined) ?? detail;
}

/** given: what stands in the field, a URL or an object with a URL or an id. */
function namedBy(
  given: string | Partial<Record<"url" | "file_id", string | null | undefined>> | null | undefined,
  fileId: string | null | undefined,
  at: string,
  field: "image_url" | "image" | "video_url" | "video" | "input_video",
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
