// Questions to a video that is looked at window by window.

import type { ChatEvent, ChatRequest, VideoPart } from "../core/chat.ts";
import { VireoError } from "../core/errors.ts";
import { requireCapability, type Upstream } from "../core/upstream.ts";
import { clock } from "./subtitles.ts";
import { type Window, windowsOf } from "./windows.ts";

export interface WatchOptions {
  /** Frames a second; the upstream's own limits hold besides. */
  readonly fps?: number;
  readonly maxFrames?: number;
  /** Share of the rows that EVS leaves out. Undefined: the upstream's own. */
  readonly pruningRate?: number;
  readonly windowSeconds?: number;
  readonly overlapSeconds?: number;
  /** Of each answer. Default 1024. */
  readonly maxTokens?: number;
  /** Hears when a window has been answered. */
  readonly onWindow?: (done: number, count: number, answer: WindowAnswer) => void;
  readonly signal?: AbortSignal;
}

export interface WindowAnswer extends Window {
  readonly text: string;
}

export interface VideoAnswer {
  readonly text: string;
  /** One where the video was seen at once. */
  readonly windows: readonly WindowAnswer[];
}

const MAX_TOKENS = 1024;
/** What is seen at once: 128 frames at two a second. */
const WINDOW_SECONDS = 64;
const OVERLAP_SECONDS = 4;

/**
 * Answers a question about a video. One that is longer than a window is looked at in windows, and
 * their answers become one. Throws what the upstream throws, and invalid_option.
 */
export async function askVideo(
  upstream: Upstream,
  file: Uint8Array,
  question: string,
  options: WatchOptions = {},
): Promise<VideoAnswer> {
  const { windowSeconds = WINDOW_SECONDS, overlapSeconds = OVERLAP_SECONDS } = options;
  const length = await secondsOf(upstream, file, options.signal);
  const windows = windowsOf(length, windowSeconds, Math.min(overlapSeconds, windowSeconds / 2));
  const answers = await askWindows(upstream, file, windows, options, () => question);
  if (answers.length === 1) return { text: answers[0]!.text, windows: answers };
  const said = answers.map(({ startSeconds, endSeconds, text }) => {
    return `From ${clock(startSeconds)} to ${clock(endSeconds)}: ${text}`;
  });
  const merge = [
    `A video was looked at in ${answers.length} parts. Of each part, this question was asked:`,
    question,
    "These are the answers, in the order of time:",
    ...said,
    "Now answer the question about the whole video, from these answers alone. Keep the times.",
  ].join("\n");
  const text = await textOf(upstream, requestOf([{ type: "text", text: merge }], options), options);
  return { text, windows: answers };
}

/** The same question to every window, one after the other. */
export async function askWindows(
  upstream: Upstream,
  bytes: Uint8Array,
  windows: readonly Window[],
  options: WatchOptions,
  questionOf: (window: Window) => string,
): Promise<WindowAnswer[]> {
  const answers: WindowAnswer[] = [];
  for (const window of windows) {
    const { fps, maxFrames } = options;
    const video: VideoPart = {
      type: "video",
      bytes,
      sampling: {
        ...(fps === undefined ? {} : { fps }),
        ...(maxFrames === undefined ? {} : { maxFrames }),
        ...(windows.length === 1
          ? {}
          : { startSeconds: window.seenFromSeconds, endSeconds: window.endSeconds }),
      },
    };
    const request = requestOf([video, { type: "text", text: questionOf(window) }], options);
    const answer = { ...window, text: await textOf(upstream, request, options) };
    answers.push(answer);
    options.onWindow?.(answers.length, windows.length, answer);
  }
  return answers;
}

export function requestOf(
  content: ChatRequest["messages"][number]["content"],
  { maxTokens = MAX_TOKENS, pruningRate }: WatchOptions,
): ChatRequest {
  return {
    messages: [{ role: "user", content }],
    maxTokens,
    reasoning: { enabled: false },
    ...(pruningRate === undefined ? {} : { videoPruningRate: pruningRate }),
  };
}

/** The whole answer, without blanks around it. */
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

/** Length of the video: to the end of its last frame. Throws what the upstream throws. */
export async function secondsOf(
  upstream: Upstream,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<number> {
  const video: VideoPart = { type: "video", bytes, sampling: { maxFrames: 1 } };
  const { videos } = await requireCapability(upstream, "estimate")(requestOf([video], {}), {
    signal,
  });
  return videos[0]?.durationSeconds ?? 0;
}
