import { assert } from "../core/assert.ts";
import type { PromptPiece } from "../text/template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** A run of placeholders that rows of one embedding replace. */
export interface MediaSpan {
  /** Index of the first placeholder. */
  readonly start: number;
  readonly length: number;
  /** Index among the prompt's images, followed by its videos. */
  readonly mediaIndex: number;
  /** Index of the embedding's first row. */
  readonly row: number;
}

export interface Prompt {
  readonly ids: number[];
  /** Ascending by start. */
  readonly spans: readonly MediaSpan[];
  /** Number of placeholders of all images, and of all videos. */
  readonly imageTokens: number;
  readonly videoTokens: number;
  /** Pruned videos, whose spans are provisional. */
  readonly pendingVideos: readonly PendingVideo[];
  /** Token counts at which another prompt may diverge: before turns and after media. */
  readonly boundaries: readonly number[];
}

/**
 * A pruned video. The rows that each frame keeps are known once all frames are encoded; until then
 * all rows are placed at the first frame. The number of ids never changes.
 */
export interface PendingVideo {
  /** Index of its first id, and number of its ids including the texts. */
  readonly start: number;
  readonly length: number;
  readonly mediaIndex: number;
  /** Token ids of the text before each frame. */
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
  /** Texts before each frame; each is tokenised separately. */
  readonly texts: readonly (readonly string[])[];
  /** Number of placeholders of the whole video. */
  readonly tokens: number;
  /** Rows are assigned to frames later; otherwise each frame has the same number. */
  readonly prunes: boolean;
}

export interface PromptInput {
  readonly pieces: readonly PromptPiece[];
  readonly tokenizer: Pick<Tokenizer, "encodeText">;
  /** Number of placeholders of each image: tiles · tokens per tile. */
  readonly imageTokens: readonly number[];
  readonly videos?: readonly PromptVideo[];
  readonly imageIds: ImageIds;
  /** Building may stop once there are more ids than this. */
  readonly maxIds?: number;
}

/**
 * Converts a rendered prompt to ids. Each image, and each frame of a video after its text, becomes
 * `<img>`, its placeholders, `</img>`.
 *
 * The number of placeholders equals the embeddings' tokens, because no text can produce one. A
 * caller that sets `maxIds` and gets more ids must refuse the prompt, which may be truncated.
 */
export function buildPrompt(input: PromptInput): Prompt {
  const { pieces, tokenizer, imageTokens, imageIds: tags, videos = [] } = input;
  const maxIds = input.maxIds ?? Number.POSITIVE_INFINITY;
  const ids: number[] = [];
  const spans: MediaSpan[] = [];
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
      appendRows(ids, spans, { length, mediaIndex: piece.index, row: 0, tags });
      boundaries.push(ids.length);
    } else {
      const video = videos[piece.index];
      assert(video !== undefined, "the template has checked the number of videos");
      const start = ids.length;
      const place = {
        mediaIndex: imageTokens.length + piece.index,
        texts: video.texts.map((texts) => texts.flatMap((text) => tokenizer.encodeText(text))),
        tags,
      };
      appendFrames(ids, spans, place, initialRows(video));
      if (video.prunes) pendingVideos.push({ ...place, start, length: ids.length - start });
      boundaries.push(ids.length);
    }
  }
  const placeholders = ids.filter((id) => id === tags.placeholder).length;
  const rows = sumOf(spans.map(({ length }) => length));
  assert(placeholders === rows, `${placeholders} placeholders for ${rows} rows of media`);
  assert(rows === totals.imageTokens + totals.videoTokens, "every embedding has its placeholders");
  return { ids, spans, boundaries, pendingVideos, ...totals };
}

/** A prompt of text alone. */
export function textPrompt(ids: number[]): Prompt {
  return { ids, spans: [], boundaries: [], pendingVideos: [], imageTokens: 0, videoTokens: 0 };
}

function sumOf(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0);
}

/** Number of rows of each frame; all rows of a pruned video are at its first frame for now. */
function initialRows({ texts, tokens, prunes }: PromptVideo): number[] {
  const each = tokens / texts.length;
  return texts.map((_, frame) => (prunes ? (frame === 0 ? tokens : 0) : each));
}

function appendRows(
  ids: number[],
  spans: MediaSpan[],
  { length, mediaIndex, row, tags }: Omit<MediaSpan, "start"> & { readonly tags: ImageIds },
): void {
  ids.push(tags.begin);
  if (length > 0) spans.push({ start: ids.length, length, mediaIndex, row });
  for (let at = 0; at < length; at++) ids.push(tags.placeholder);
  ids.push(tags.end);
}

/** A frame without rows keeps its text and its tags. */
function appendFrames(
  ids: number[],
  spans: MediaSpan[],
  { texts, mediaIndex, tags }: Pick<PendingVideo, "texts" | "mediaIndex" | "tags">,
  frameRows: readonly number[],
): void {
  let row = 0;
  texts.forEach((text, frame) => {
    for (const id of text) ids.push(id);
    const length = frameRows[frame]!;
    appendRows(ids, spans, { length, mediaIndex, row, tags });
    row += length;
  });
}

/**
 * Moves a pruned video's placeholders to its frames, `frameRows` of them at each. Changes `ids` in
 * place and returns the new spans.
 */
export function placeVideoRows(
  ids: number[],
  spans: readonly MediaSpan[],
  video: PendingVideo,
  frameRows: readonly number[],
): MediaSpan[] {
  const newIds: number[] = [];
  const newSpans: MediaSpan[] = [];
  appendFrames(newIds, newSpans, video, frameRows);
  newIds.forEach((id, at) => {
    ids[video.start + at] = id;
  });
  const moved = newSpans.map((span) => ({ ...span, start: span.start + video.start }));
  const others = spans.filter(({ mediaIndex }) => mediaIndex !== video.mediaIndex);
  return [...others, ...moved].sort((a, b) => a.start - b.start);
}
