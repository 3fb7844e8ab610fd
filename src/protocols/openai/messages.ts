import type { ChatMessage, ContentPart } from "../../core/chat.ts";
import { type ErrorCode, VireoError } from "../../core/errors.ts";
import { checkTotals, textOf } from "../shared/chat-totals.ts";
import { Conversation, type PastCall } from "../shared/conversation.ts";
import { argumentsText } from "../shared/json.ts";
import {
  type Detail,
  type MediaReference,
  toFilePart,
  toReferencedImage,
  toReferencedVideo,
  toVideoSampling,
  videoDataUrl,
} from "../shared/media.ts";
import { toCustomArguments } from "../shared/tool-offer.ts";
import type { ChatMessageBody, ChatPart } from "./chat-schema.ts";

/**
 * Converts checked messages to ChatMessages; see Conversation for their order.
 *
 * A developer message is a system message. Reasoning of earlier answers is dropped, as in the
 * model's template, unless keepReasoning is set. Throws a VireoError that names the field.
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
    throw refuse("invalid_type", `${param}.tool_calls`, "is accepted only in assistant messages");
  }
  if ((body.content ?? null) === null && (role === "system" || role === "user")) {
    throw refuse("missing_required", `${param}.content`, "is required in system and user messages");
  }
  const parts = body.content ?? body.refusal ?? "";
  const content = Array.isArray(parts) ? toParts(parts, role, `${param}.content`) : parts;
  switch (role) {
    case "system":
      conversation.system(textOf({ content }));
      break;
    case "user":
      conversation.user(content);
      break;
    case "assistant": {
      const reasoning = keepReasoning ? reasoningOf(body) : "";
      conversation.assistant({ content, calls, ...(reasoning === "" ? {} : { reasoning }) });
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
    const { name, arguments: args } = call.function;
    return { id: call.id, name, arguments: argumentsText(args, at) };
  });
  if (!body.function_call) return calls;
  const { name, arguments: args } = body.function_call;
  return [...calls, { name, arguments: argumentsText(args, `${param}.function_call.arguments`) }];
}

/** The first field that is not empty. */
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
    const why = `is ${what} are accepted only in user messages and tool results`;
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
    return toReferencedImage(referenceOf(part[field], part.file_id, at, field), detailOf(part));
  }
  return toReferencedVideo(videoReference(part, at), toVideoSampling(part, at));
}

function videoReference(part: VideoPartBody, at: string): MediaReference {
  const { video_url, input_video, video, file_id: fileId } = part;
  if (typeof input_video === "object" && input_video !== null && "data" in input_video) {
    const urlParam = `${at}.input_video.data`;
    return { url: videoDataUrl(input_video), urlParam, fileId, fileParam: `${at}.file_id` };
  }
  if (input_video) return referenceOf(input_video, fileId, at, "input_video");
  if (video) return referenceOf(video, fileId, at, "video");
  return referenceOf(video_url, fileId, at, "video_url");
}

function detailOf({ image_url: image, detail }: ImagePartBody): Detail {
  return (typeof image === "object" ? image?.detail : undefined) ?? detail;
}

/** value: a URL, or an object with a URL or an id. */
function referenceOf(
  value: string | Partial<Record<"url" | "file_id", string | null | undefined>> | null | undefined,
  fileId: string | null | undefined,
  at: string,
  field: "image_url" | "image" | "video_url" | "video" | "input_video",
): MediaReference {
  if (typeof value !== "object" || value === null) {
    return { url: value, urlParam: `${at}.${field}`, fileId, fileParam: `${at}.file_id` };
  }
  return {
    url: value.url,
    urlParam: `${at}.${field}.url`,
    fileId: value.file_id ?? fileId,
    fileParam: value.file_id ? `${at}.${field}.file_id` : `${at}.file_id`,
  };
}
