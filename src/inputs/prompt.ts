import { assert } from "../core/assert.ts";
import type { PromptPiece } from "../text/template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** Placeholders of a prompt that the rows of one visual are written over. */
export interface VisualSpan {
  /** Index of the first placeholder. */
  readonly start: number;
  readonly length: number;
  /** Counts the prompt's images, then its videos. */
  readonly visual: number;
  /** The first of the visual's rows. */
  readonly row: number;
}

export interface Prompt {
  readonly ids: number[];
  /** In the order of their rows. */
  readonly spans: readonly VisualSpan[];
  /** Placeholder rows of all images, and of all videos. */
  readonly imageTokens: number;
  readonly videoTokens: number;
  /** Videos whose spans are not the final ones yet. */
  readonly pendingVideos: readonly PendingVideo[];
  /** Numbers of tokens after which another prompt may differ: before turns and after media. */
  readonly boundaries: readonly number[];
}

/**
 * A video that is pruned, and of which nobody knows how many rows each frame keeps before all of
 * them are encoded. Until then all rows stand at its first frame; the number of ids never changes.
 */
export interface PendingVideo {
  /** Index of its first id, and how many it has with all of its texts. */
  readonly start: number;
  readonly length: number;
  readonly visual: number;
  /** Ids of the text before each frame. */
  readonly texts: readonly (readonly number[])[];
  readonly tags: ImageIds;
}

/** Ids of `<img>`, `<image>` and `</img>`. */
export interface ImageIds {
  readonly begin: number;
  readonly placeholder: number;
  readonly end: number;
}

export interface PromptVideo {
  /** The texts before each frame, which are tokenised one by one. */
  readonly texts: readonly (readonly string[])[];
  /** Placeholder rows of the whole video. */
  readonly tokens: number;
  /** Rows are shared out among the frames later; otherwise each has as many. */
  readonly prunes: boolean;
}

export interface PromptInput {
  readonly pieces: readonly PromptPiece[];
  readonly tokenizer: Tokenizer;
  /** Placeholder rows of each image: tiles times tokens per tile. */
  readonly imageTokens: readonly number[];
  readonly videos?: readonly PromptVideo[];
  readonly imageIds: ImageIds;
  /** Building may stop early, but not before there are more ids than this. */
  readonly maxIds?: number;
}

/**
 * Turns a rendered prompt into ids: each image, and after its text each frame of a video, becomes
 * `<img>`, its placeholders, `</img>`.
 *
 * The number of placeholders equals the visuals' tokens, because no text can produce one. A caller
 * that gave `maxIds` and gets more must refuse the prompt, which may be cut short.
 */
export function buildPrompt(input: PromptInput): Prompt {
  const { pieces, tokenizer, imageTokens, imageIds: tags, videos = [] } = input;
  const maxIds = input.maxIds ?? Number.POSITIVE_INFINITY;
  const ids: number[] = [];
  const spans: VisualSpan[] = [];
  const boundaries: number[] = [];
  const pendingVideos: PendingVideo[] = [];
  const totals = {
    imageTokens: sumOf(imageTokens),
    videoTokens: sumOf(videos.map(({ tokens }) => tokens)),
  };
  for (const piece of pieces) {
    if (ids.length > maxIds) return { ids, spans, boundaries, pendingVideos, ...totals };
    if (piece.kind === "control") {
      assert(piece.id !== tags.placeholder, "a placeholder is always an image piece");
      boundaries.push(ids.length);
      ids.push(piece.id);
    } else if (piece.kind === "text") {
      for (const id of tokenizer.encodeText(piece.text, maxIds - ids.length)) ids.push(id);
    } else if (piece.kind === "image") {
      const length = imageTokens[piece.index];
      assert(length !== undefined, "the template has checked the number of images");
      layRows(ids, spans, { length, visual: piece.index, row: 0, tags });
      boundaries.push(ids.length);
    } else {
      const video = videos[piece.index];
      assert(video !== undefined, "the template has checked the number of videos");
      const start = ids.length;
      const place = {
        visual: imageTokens.length + piece.index,
        texts: video.texts.map((texts) => texts.flatMap((text) => tokenizer.encodeText(text))),
        tags,
      };
      layFrames(ids, spans, place, firstShares(video));
      if (video.prunes) pendingVideos.push({ ...place, start, length: ids.length - start });
      boundaries.push(ids.length);
    }
  }
  const placeholders = ids.filter((id) => id === tags.placeholder).length;
  const rows = sumOf(spans.map(({ length }) => length));
  assert(placeholders === rows, `${placeholders} placeholders for ${rows} rows of visuals`);
  assert(rows === totals.imageTokens + totals.videoTokens, "every visual has its place");
  return { ids, spans, boundaries, pendingVideos, ...totals };
}

/** A prompt of text alone. */
export function textPrompt(ids: number[]): Prompt {
  return { ids, spans: [], boundaries: [], pendingVideos: [], imageTokens: 0, videoTokens: 0 };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** As long as nobody knows better, all rows of a pruned video are its first frame's. */
function firstShares({ texts, tokens, prunes }: PromptVideo): number[] {
  const each = tokens / texts.length;
  return texts.map((_, frame) => (prunes ? (frame === 0 ? tokens : 0) : each));
}

function layRows(
  ids: number[],
  spans: VisualSpan[],
  { length, visual, row, tags }: Omit<VisualSpan, "start"> & { readonly tags: ImageIds },
): void {
  ids.push(tags.begin);
  if (length > 0) spans.push({ start: ids.length, length, visual, row });
  for (let at = 0; at < length; at++) ids.push(tags.placeholder);
  ids.push(tags.end);
}

/** A frame that has lost all its rows keeps its text and its tags. */
function layFrames(
  ids: number[],
  spans: VisualSpan[],
  { texts, visual, tags }: Pick<PendingVideo, "texts" | "visual" | "tags">,
  shares: readonly number[],
): void {
  let row = 0;
  texts.forEach((text, frame) => {
    for (const id of text) ids.push(id);
    const length = shares[frame]!;
    layRows(ids, spans, { length, visual, row, tags });
    row += length;
  });
}

/**
 * Puts a video's placeholders where its rows belong: `shares` of them at each frame. Changes `ids`
 * in place and returns the spans that hold from now on.
 */
export function settleVideo(
  ids: number[],
  spans: readonly VisualSpan[],
  video: PendingVideo,
  shares: readonly number[],
): VisualSpan[] {
  const laid: number[] = [];
  const found: VisualSpan[] = [];
  layFrames(laid, found, video, shares);
  laid.forEach((id, at) => {
    ids[video.start + at] = id;
  });
  const moved = found.map((span) => ({ ...span, start: span.start + video.start }));
  const others = spans.filter(({ visual }) => visual !== video.visual);
  return [...others, ...moved].sort((a, b) => a.start - b.start);
}
