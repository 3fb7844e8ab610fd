// Captions with times, and chapters that group them.

import { VireoError } from "../core/errors.ts";
import type { Upstream } from "../core/upstream.ts";
import { type Caption, clock } from "./subtitles.ts";
import {
  askWindows,
  requestOf,
  secondsOf,
  textOf,
  type WatchOptions,
  type WindowEvent,
} from "./watch.ts";
import { windowsOf } from "./windows.ts";

export interface CaptionOptions extends WatchOptions {
  /** Replaces the default question about each window. */
  readonly instruction?: string;
}

/** `window` for each window in order; `end` once and last. */
export type CaptionEvent =
  | WindowEvent
  | { readonly type: "end"; readonly captions: readonly Caption[] };

const WINDOW_SECONDS = 8;
const QUESTION = "Describe in one short sentence what happens here.";
const CAPTION_TOKENS = 96;
const MAX_CHAPTERS = 40;
const CHAPTER_TOKENS = 2048;
const TITLE_CHARACTERS = 80;

/**
 * Captions each window; consecutive windows with the same text become one caption. Throws what the
 * upstream throws, and invalid_option.
 *
 * @example
 * const file = await readFile("clip.mp4");
 * for await (const event of captionVideo(engine, file, { windowSeconds: 8 })) {
 *   if (event.type === "window") console.error(`${event.done} of ${event.count}`);
 *   else console.log(event.captions);
 * }
 */
export async function* captionVideo(
  upstream: Upstream,
  file: Uint8Array,
  options: CaptionOptions = {},
): AsyncGenerator<CaptionEvent, void, undefined> {
  const { windowSeconds = WINDOW_SECONDS, overlapSeconds = 0 } = options;
  const { instruction = QUESTION, maxTokens = CAPTION_TOKENS } = options;
  const length = await secondsOf(upstream, file, options.signal);
  const windows = windowsOf(length, windowSeconds, overlapSeconds);
  const captions: Caption[] = [];
  const events = askWindows(upstream, file, windows, { ...options, maxTokens }, instruction);
  for await (const event of events) {
    const { startSeconds, endSeconds, text } = event.answer;
    const last = captions.at(-1);
    if (last?.text === text) captions.splice(-1, 1, { ...last, endSeconds });
    else if (text !== "") captions.push({ startSeconds, endSeconds, text });
    yield event;
  }
  yield { type: "end", captions };
}

/**
 * Reads the events of `captionVideo` to their end and returns the captions.
 *
 * @example
 * const captions = await captionsOf(captionVideo(engine, await readFile("clip.mp4")));
 */
export async function captionsOf(events: AsyncIterable<CaptionEvent>): Promise<readonly Caption[]> {
  for await (const event of events) if (event.type === "end") return event.captions;
  throw new VireoError("internal_error", "the captions of the video have no end");
}

/**
 * Lets the model divide captions into chapters with titles: at least one chapter, each of whole
 * captions, without gaps. Throws what the upstream throws.
 *
 * @example
 * const captions = await captionsOf(captionVideo(engine, await readFile("clip.mp4")));
 * const chapters = await chaptersOf(engine, captions);
 */
export async function chaptersOf(
  upstream: Upstream,
  captions: readonly Caption[],
  options: WatchOptions = {},
): Promise<Caption[]> {
  if (captions.length === 0) return [];
  const maxItems = Math.min(MAX_CHAPTERS, captions.length);
  const chapter = {
    type: "object",
    properties: {
      first: { type: "integer", minimum: 1, maximum: captions.length },
      title: { type: "string", minLength: 1, maxLength: TITLE_CHARACTERS },
    },
    required: ["first", "title"],
    additionalProperties: false,
  };
  const schema = JSON.stringify({ type: "array", minItems: 1, maxItems, items: chapter });
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
  return toCaptions(captions, parseChapters(answer));
}

interface Chapter {
  readonly first: number;
  readonly title: string;
}

/** Uses each number once; captions before the first chapter belong to it. */
function toCaptions(captions: readonly Caption[], chapters: readonly Chapter[]): Caption[] {
  const titles = new Map(chapters.map(({ first, title }) => [first - 1, title] as const).reverse());
  const firsts = [...titles.keys()].sort((a, b) => a - b);
  return firsts.map((first, index) => {
    const next = firsts[index + 1];
    const begin = index === 0 ? captions[0]! : captions[first]!;
    const end = next === undefined ? captions.at(-1)!.endSeconds : captions[next]!.startSeconds;
    return { startSeconds: begin.startSeconds, endSeconds: end, text: titles.get(first)! };
  });
}

function parseChapters(text: string): readonly Chapter[] {
  try {
    return JSON.parse(text) as readonly Chapter[];
  } catch (cause) {
    const message = "the list of chapters was cut off; use longer windows";
    throw new VireoError("out_of_range", message, { cause });
  }
}
