import { assert } from "../core/assert.ts";
import type { PromptPiece } from "../text/template.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** The rows of a prompt that one image's embeddings are written over. */
export interface ImageSpan {
  /** Index of the first placeholder. */
  readonly start: number;
  readonly length: number;
  readonly image: number;
}

export interface Prompt {
  readonly ids: number[];
  /** In the order of their rows. */
  readonly imageSpans: readonly ImageSpan[];
  /** Numbers of tokens after which another prompt may differ: before turns and after images. */
  readonly boundaries: readonly number[];
}

/** Ids of `<img>`, `<image>` and `</img>`. */
export interface ImageIds {
  readonly begin: number;
  readonly placeholder: number;
  readonly end: number;
}

export interface PromptInput {
  readonly pieces: readonly PromptPiece[];
  readonly tokenizer: Tokenizer;
  /** Placeholder rows of each image: tiles times tokens per tile. */
  readonly imageTokens: readonly number[];
  readonly imageIds: ImageIds;
  /** Building may stop early, but not before there are more ids than this. */
  readonly mostIds?: number;
}

/**
 * Turns a rendered prompt into ids: each image becomes `<img>`, its placeholders, `</img>`.
 *
 * The number of placeholders equals the images' tokens, because no text can produce one. A caller
 * that gave `mostIds` and gets more must refuse the prompt, which may be cut short.
 */
export function buildPrompt(input: PromptInput): Prompt {
  const { pieces, tokenizer, imageTokens, imageIds } = input;
  const mostIds = input.mostIds ?? Number.POSITIVE_INFINITY;
  const ids: number[] = [];
  const imageSpans: ImageSpan[] = [];
  const boundaries: number[] = [];
  for (const piece of pieces) {
    if (ids.length > mostIds) return { ids, imageSpans, boundaries };
    if (piece.kind === "control") {
      assert(piece.id !== imageIds.placeholder, "a placeholder is always an image piece");
      boundaries.push(ids.length);
      ids.push(piece.id);
    } else if (piece.kind === "text") {
      for (const id of tokenizer.encodeText(piece.text, mostIds - ids.length)) ids.push(id);
    } else {
      const length = imageTokens[piece.index];
      assert(length !== undefined, "the template has checked the number of images");
      ids.push(imageIds.begin);
      imageSpans.push({ start: ids.length, length, image: piece.index });
      for (let row = 0; row < length; row++) ids.push(imageIds.placeholder);
      ids.push(imageIds.end);
      boundaries.push(ids.length);
    }
  }
  const placeholders = ids.filter((id) => id === imageIds.placeholder).length;
  const rows = imageSpans.reduce((sum, span) => sum + span.length, 0);
  assert(placeholders === rows, `${placeholders} placeholders for ${rows} image rows`);
  assert(imageSpans.length === imageTokens.length, "every image has its place");
  return { ids, imageSpans, boundaries };
}
