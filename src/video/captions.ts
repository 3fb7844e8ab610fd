// Captions with times, and chapters made of them.

import { VireoError } from "../core/errors.ts";
import type { Upstream } from "../core/upstream.ts";
import { type Caption, clock } from "./subtitles.ts";
import { askWindows, requestOf, secondsOf, textOf, type WatchOptions } from "./watch.ts";
import { windowsOf } from "./windows.ts";

export interface CaptionOptions extends WatchOptions {
  /** Said instead of the usual question. */
  readonly instruction?: string;
}

const WINDOW_SECONDS = 8;
const QUESTION = "Describe in one short sentence what happens here.";
const CAPTION_TOKENS = 96;
const MAX_CHAPTERS = 40;
const CHAPTER_TOKENS = 2048;
const TITLE_CHARACTERS = 80;

/**
 * One caption for each window; windows of which the same is said become one. Throws what the
 * upstream throws, and invalid_option.
 */
export async function captionVideo(
  upstream: Upstream,
  file: Uint8Array,
  options: CaptionOptions = {},
): Promise<Caption[]> {
  const { windowSeconds = WINDOW_SECONDS, overlapSeconds = 0 } = options;
  const { instruction = QUESTION, maxTokens = CAPTION_TOKENS } = options;
  const length = await secondsOf(upstream, file, options.signal);
  const windows = windowsOf(length, windowSeconds, overlapSeconds);
  const asked = { ...options, maxTokens };
  const answers = await askWindows(upstream, file, windows, asked, () => instruction);
  const captions: Caption[] = [];
  for (const { startSeconds, endSeconds, text } of answers) {
    const last = captions.at(-1);
    if (last?.text === text) captions.splice(-1, 1, { ...last, endSeconds });
    else if (text !== "") captions.push({ startSeconds, endSeconds, text });
  }
  return captions;
}

/**
 * Divides captions into chapters with titles, in the model's own judgement: at least one, each of
 * whole captions, without gaps. Throws what the upstream throws.
 */
export async function chaptersOf(
  upstream: Upstream,
  captions: readonly Caption[],
  options: WatchOptions = {},
): Promise<Caption[]> {
  if (captions.length === 0) return [];
  const most = Math.min(MAX_CHAPTERS, captions.length);
  const chapter = {
    type: "object",
    properties: {
      first: { type: "integer", minimum: 1, maximum: captions.length },
      title: { type: "string", minLength: 1, maxLength: TITLE_CHARACTERS },
    },
    required: ["first", "title"],
    additionalProperties: false,
  };
  const schema = JSON.stringify({ type: "array", minItems: 1, maxItems: most, items: chapter });
  const lines = captions.map(({ startSeconds, text }, index) => {
    return `${index + 1}. ${clock(startSeconds)} ${text}`;
  });
  const text = [
    "This is what happens in a video, in the order of time:",
    ...lines,
    "Divide it into chapters. Answer a JSON list; of each chapter, `first` is the number of its " +
      "first line and `title` a short title.",
  ].join("\n");
  const request = requestOf([{ type: "text", text }], { ...options, maxTokens: CHAPTER_TOKENS });
  const output = { type: "json_schema", schema } as const;
  const answer = await textOf(upstream, { ...request, output }, options);
  return cut(captions, parsed(answer));
}

interface Chapter {
  readonly first: number;
  readonly title: string;
}

/** Each number counts once; what stands before the first chapter belongs to it. */
function cut(captions: readonly Caption[], chapters: readonly Chapter[]): Caption[] {
  const begins = new Map(chapters.map(({ first, title }) => [first - 1, title] as const).reverse());
  const firsts = [...begins.keys()].sort((a, b) => a - b);
  return firsts.map((first, index) => {
    const next = firsts[index + 1];
    const begin = index === 0 ? captions[0]! : captions[first]!;
    const end = next === undefined ? captions.at(-1)!.endSeconds : captions[next]!.startSeconds;
    return { startSeconds: begin.startSeconds, endSeconds: end, text: begins.get(first)! };
  });
}

function parsed(text: string): readonly Chapter[] {
  try {
    return JSON.parse(text) as readonly Chapter[];
  } catch (cause) {
    const message = "the list of chapters was cut off; use longer windows";
    throw new VireoError("out_of_range", message, { cause });
  }
}
