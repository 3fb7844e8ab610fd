// Questions about a video, which the model sees window by window.

import type { ChatEvent, ChatRequest, VideoPart } from "../core/chat.ts";
import { defined } from "../core/defined.ts";
import { VireoError } from "../core/errors.ts";
import { requireCapability, type Upstream } from "../core/upstream.ts";
import { clock } from "./subtitles.ts";
import { type Window, windowsOf } from "./windows.ts";

export interface WatchOptions {
  /** Frames per second; the upstream's own limits apply as well. */
  readonly fps?: number;
  readonly maxFrames?: number;
  /** Share of the rows that EVS drops, from 0 to 1. Undefined: the upstream's default. */
  readonly pruningRate?: number;
  readonly windowSeconds?: number;
  readonly overlapSeconds?: number;
  /** Limit of each answer. Default 1024. */
  readonly maxTokens?: number;
  readonly signal?: AbortSignal;
}

export interface WindowAnswer extends Window {
  readonly text: string;
}

export interface VideoAnswer {
  readonly text: string;
  /** The answer for each window; only one if the whole video fits into a window. */
  readonly windows: readonly WindowAnswer[];
}

/** The answer for one of `count` windows; `done` of them are answered now. */
export interface WindowEvent {
  readonly type: "window";
  readonly answer: WindowAnswer;
  readonly done: number;
  readonly count: number;
}

/** `window` for each window in order; `end` once and last. */
export type VideoEvent = WindowEvent | { readonly type: "end"; readonly answer: VideoAnswer };

const MAX_TOKENS = 1024;
/** 128 frames at two per second. */
const WINDOW_SECONDS = 64;
const OVERLAP_SECONDS = 4;

/**
 * Answers a question about a video. A video longer than one window is processed in windows, and the
 * model merges their answers into one. Throws the upstream's errors, and invalid_option.
 *
 * @example
 * const file = await readFile("clip.mp4");
 * for await (const event of askVideo(engine, file, "What happens?")) {
 *   if (event.type === "window") console.error(`${event.done} of ${event.count}`);
 *   else console.log(event.answer.text);
 * }
 */
export async function* askVideo(
  upstream: Upstream,
  file: Uint8Array,
  question: string,
  options: WatchOptions = {},
): AsyncGenerator<VideoEvent, void, undefined> {
  const { windowSeconds = WINDOW_SECONDS, overlapSeconds = OVERLAP_SECONDS } = options;
  const length = await secondsOf(upstream, file, options.signal);
  const windows = windowsOf(length, windowSeconds, Math.min(overlapSeconds, windowSeconds / 2));
  const answers: WindowAnswer[] = [];
  for await (const event of askWindows(upstream, file, windows, options, question)) {
    answers.push(event.answer);
    yield event;
  }
  const text =
    answers.length === 1
      ? answers[0]!.text
      : await textOf(upstream, mergeRequest(question, answers, options), options);
  yield { type: "end", answer: { text, windows: answers } };
}

/**
 * Reads the events of `askVideo` to their end and returns the answer.
 *
 * @example
 * const file = await readFile("clip.mp4");
 * const { text } = await videoAnswerOf(askVideo(engine, file, "What happens?"));
 */
export async function videoAnswerOf(events: AsyncIterable<VideoEvent>): Promise<VideoAnswer> {
  for await (const event of events) if (event.type === "end") return event.answer;
  throw new VireoError("internal_error", "the answer about the video has no end");
}

function mergeRequest(
  question: string,
  answers: readonly WindowAnswer[],
  options: WatchOptions,
): ChatRequest {
  const lines = answers.map(({ startSeconds, endSeconds, text }) => {
    return `From ${clock(startSeconds)} to ${clock(endSeconds)}: ${text}`;
  });
  const text = [
    `A video was looked at in ${answers.length} parts. Of each part, this question was asked:`,
    question,
    "These are the answers, in the order of time:",
    ...lines,
    "Now answer the question about the whole video, from these answers alone. Keep the times.",
  ].join("\n");
  return requestOf([{ type: "text", text }], options);
}

/** Asks the same question about every window, one after the other. */
export async function* askWindows(
  upstream: Upstream,
  bytes: Uint8Array,
  windows: readonly Window[],
  options: WatchOptions,
  question: string,
): AsyncGenerator<WindowEvent, void, undefined> {
  const { fps, maxFrames } = options;
  const count = windows.length;
  for (const [index, window] of windows.entries()) {
    const { seenFromSeconds: startSeconds, endSeconds } = window;
    const range = count === 1 ? {} : { startSeconds, endSeconds };
    const sampling = { ...defined({ fps, maxFrames }), ...range };
    const video: VideoPart = { type: "video", bytes, sampling };
    const request = requestOf([video, { type: "text", text: question }], options);
    const answer = { ...window, text: await textOf(upstream, request, options) };
    yield { type: "window", answer, done: index + 1, count };
  }
}

export function requestOf(
  content: ChatRequest["messages"][number]["content"],
  { maxTokens = MAX_TOKENS, pruningRate }: WatchOptions,
): ChatRequest {
  return {
    messages: [{ role: "user", content }],
    maxTokens,
    reasoning: { enabled: false },
    ...defined({ videoPruningRate: pruningRate }),
  };
}

/** The whole text of an answer, trimmed. */
export async function textOf(
  upstream: Upstream,
  request: ChatRequest,
  { signal }: WatchOptions,
): Promise<string> {
  let text = "";
  let end: Extract<ChatEvent, { type: "end" }> | undefined;
  for await (const event of upstream.chat(request, signal)) {
    if (event.type === "text") text += event.text;
    if (event.type === "end") end = event;
  }
  if (!end) throw new VireoError("internal_error", "an answer about the video has no end");
  return text.trim();
}

/** Length of the video, to the end of its last frame. Throws what the upstream throws. */
export async function secondsOf(
  upstream: Upstream,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  const estimate = requireCapability(upstream, "estimate");
  const video: VideoPart = { type: "video", bytes, sampling: { maxFrames: 1 } };
  const { videos } = await estimate(requestOf([video], {}), { signal });
  return videos[0]?.durationSeconds ?? 0;
}
