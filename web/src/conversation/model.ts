import type { FinishReason } from "../api/deltas.ts";
import type { Failure } from "../api/failure.ts";
import type { Token, ToolCall, Usage } from "../api/types.ts";

/** An attached picture. The picture store holds its bytes under its id. */
export interface Picture {
  readonly id: string;
  readonly name: string;
  /** Media type, for example image/png. */
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

/** An attached video; the picture store holds its bytes as well. */
export interface Video {
  readonly kind: "video";
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly seconds?: number;
  /** Whether this browser can play it. */
  readonly playable: boolean;
  /** The first frame. */
  readonly poster?: Picture;
}

/** A PDF, or a TIFF with its frames. */
export interface DocumentFile {
  readonly kind: "document";
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly pages?: number;
  /** The first page. */
  readonly poster?: Picture;
}

/** An attachment that is sent as a whole file. */
export type MediaFile = Video | DocumentFile;

export interface Question {
  readonly role: "user";
  readonly id: string;
  readonly text: string;
  readonly pictures: readonly Picture[];
  /** Absent in conversations that older versions saved. */
  readonly files?: readonly MediaFile[];
}

/**
 * streaming: in progress; done: ended by the model; stopped: ended by the user; failed: did not
 * start or did not finish, with the reason in `failure`.
 */
export type AnswerStatus = "streaming" | "done" | "stopped" | "failed";

export interface Answer {
  readonly role: "assistant";
  readonly id: string;
  readonly status: AnswerStatus;
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** Empty unless the request asked for logprobs. */
  readonly tokens: readonly Token[];
  readonly model: string;
  readonly finishReason?: FinishReason | string;
  readonly usage?: Usage;
  readonly failure?: Failure;
  readonly times: AnswerTimes;
}

/** Unix times in milliseconds, measured in the browser. */
export interface AnswerTimes {
  readonly askedAt: number;
  readonly firstAt?: number;
  /** When the first delta after the reasoning arrived. */
  readonly spokeAt?: number;
  readonly endedAt?: number;
}

export interface ToolResult {
  readonly role: "tool";
  readonly id: string;
  readonly callId: string;
  readonly name: string;
  readonly text: string;
}

export type Message = Question | Answer | ToolResult;

export interface Conversation {
  readonly id: string;
  readonly title: string;
  /** Whether the user gave the title; otherwise it is taken from the first question. */
  readonly titled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly messages: readonly Message[];
}

export type ConversationSummary = Omit<Conversation, "messages">;

export function summaryOf({ messages: _, ...summary }: Conversation): ConversationSummary {
  return summary;
}

const TITLE_CHARACTERS = 60;

export function newConversation(now: number = Date.now()): Conversation {
  return {
    id: newId(),
    title: "New chat",
    titled: false,
    createdAt: now,
    updatedAt: now,
    messages: [],
  };
}

export function newAnswer(model: string, now: number): Answer {
  return {
    role: "assistant",
    id: newId(),
    status: "streaming",
    text: "",
    reasoning: "",
    toolCalls: [],
    tokens: [],
    model,
    times: { askedAt: now },
  };
}

/** Returns a random id. crypto.randomUUID needs a secure context, which http on a LAN is not. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function titleOf(messages: readonly Message[]): string {
  const first = messages.find((message) => message.role === "user");
  if (first === undefined) return "New chat";
  const text = first.text.replace(/\s+/g, " ").trim();
  if (text === "") return [...first.pictures, ...(first.files ?? [])][0]?.name ?? "New chat";
  const characters = [...text];
  if (characters.length <= TITLE_CHARACTERS) return text;
  return `${characters.slice(0, TITLE_CHARACTERS - 1).join("")}…`;
}

const NO_PICTURES: readonly Picture[] = [];

/** Returns the pictures of the last question with pictures before an answer. */
export function picturesBefore(messages: readonly Message[], answerId: string): readonly Picture[] {
  const at = messages.findIndex((message) => message.id === answerId);
  for (let index = at - 1; index >= 0; index--) {
    const message = messages[index];
    if (message?.role === "user" && message.pictures.length > 0) return message.pictures;
  }
  return NO_PICTURES;
}

/** Every picture of a conversation. */
export function picturesOf(messages: readonly Message[]): readonly Picture[] {
  return messages.flatMap((message) => (message.role === "user" ? message.pictures : []));
}

const NO_FILES: readonly MediaFile[] = [];

/** Returns the videos and documents of the last question with such files before an answer. */
export function filesBefore(messages: readonly Message[], answerId: string): readonly MediaFile[] {
  const at = messages.findIndex((message) => message.id === answerId);
  for (let index = at - 1; index >= 0; index--) {
    const message = messages[index];
    if (message?.role === "user" && message.files?.length) return message.files;
  }
  return NO_FILES;
}

/** Every video and document of a conversation. */
export function filesOf(messages: readonly Message[]): readonly MediaFile[] {
  return messages.flatMap((message) => (message.role === "user" ? (message.files ?? []) : []));
}

/** Lists everything with bytes in the store: pictures, files and their posters. */
export function storedOf(messages: readonly Message[]): readonly (Picture | MediaFile)[] {
  const files = filesOf(messages);
  const posters = files.flatMap(({ poster }) => (poster === undefined ? [] : [poster]));
  return [...picturesOf(messages), ...files, ...posters];
}

/** Returns the calls of the last answer that have no results yet. */
export function openCalls(messages: readonly Message[]): readonly ToolCall[] {
  const last = messages.at(-1);
  if (last?.role !== "assistant" || last.status !== "done") return [];
  return last.toolCalls;
}
