import type { FinishReason } from "../api/deltas.ts";
import type { Failure } from "../api/failure.ts";
import type { Token, ToolCall, Usage } from "../api/types.ts";

/** A picture that somebody put in. Its bytes lie in the picture store under its id. */
export interface Picture {
  readonly id: string;
  readonly name: string;
  /** Media type, as image/png. */
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly sizeBytes: number;
}

/** A video; its bytes lie where those of pictures do. */
export interface Video {
  readonly kind: "video";
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly seconds?: number;
  /** This browser can play it. */
  readonly playable: boolean;
  /** Its first frame. */
  readonly poster?: Picture;
}

/** A PDF, or a TIFF with its frames. */
export interface Paper {
  readonly kind: "document";
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly sizeBytes: number;
  readonly pages?: number;
  /** Its first page. */
  readonly poster?: Picture;
}

/** What is no picture and is sent whole. */
export type MediaFile = Video | Paper;

export interface Question {
  readonly role: "user";
  readonly id: string;
  readonly text: string;
  readonly pictures: readonly Picture[];
  /** Absent in conversations that were kept before there were any. */
  readonly files?: readonly MediaFile[];
}

/**
 * streaming: being written; done: the model ended it; stopped: the person did; failed: it broke or
 * never began, and `failure` says why.
 */
export type AnswerStatus = "streaming" | "done" | "stopped" | "failed";

export interface Answer {
  readonly role: "assistant";
  readonly id: string;
  readonly status: AnswerStatus;
  readonly text: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ToolCall[];
  /** With logprobs only. */
  readonly tokens: readonly Token[];
  readonly model: string;
  readonly finishReason?: FinishReason | string;
  readonly usage?: Usage;
  readonly failure?: Failure;
  readonly times: AnswerTimes;
}

/** Unix times in milliseconds, measured here. */
export interface AnswerTimes {
  readonly askedAt: number;
  readonly firstAt?: number;
  /** The first piece that is no reasoning. */
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
  /** The person gave the title; otherwise it follows the first question. */
  readonly titled: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly messages: readonly Message[];
}

export type ConversationSummary = Omit<Conversation, "messages">;

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

/** A name for a message, a picture or a conversation; also where the page is no secure context. */
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

/** The pictures that an answer is about: those of the nearest earlier question that has any. */
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

/** The same of videos and documents. */
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

/** All that has bytes in the store: pictures, files and their first frames or pages. */
export function storedOf(messages: readonly Message[]): readonly (Picture | MediaFile)[] {
  const files = filesOf(messages);
  const posters = files.flatMap(({ poster }) => (poster === undefined ? [] : [poster]));
  return [...picturesOf(messages), ...files, ...posters];
}

/** The calls of the last answer that nobody has answered yet. */
export function openCalls(messages: readonly Message[]): readonly ToolCall[] {
  const last = messages.at(-1);
  if (last?.role !== "assistant" || last.status !== "done") return [];
  return last.toolCalls;
}
