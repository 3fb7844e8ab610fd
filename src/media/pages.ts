import { VireoError } from "../core/errors.ts";
import type { PageText } from "./page-text.ts";
import type { RgbImage } from "./rgb-image.ts";

export interface PageSize {
  /** Number of the page in the file, from 1. */
  readonly number: number;
  /** Pixels of the rendered page. */
  readonly width: number;
  readonly height: number;
  /** The EXIF orientation by which a picture was turned upright; absent if it was not turned. */
  readonly turn?: number;
}

/** A page that cannot be rendered, although others of its file can. */
export interface PageFault {
  /** Number of the page in the file, from 1. */
  readonly number: number;
  readonly reason: string;
}

/** An open file with pages. The selected pages can be rendered until it is closed. */
export interface Document {
  /** Pages of the file. */
  readonly total: number;
  /** The selected pages that have a size, in the order of the selection. */
  readonly pages: readonly PageSize[];
  /** The selected pages that have no size. */
  readonly faults: readonly PageFault[];
  /** Throws media_undecodable or media_too_large for this page alone; the others stay readable. */
  render(page: PageSize): Promise<RgbImage>;
  /** Counts the page's characters that no font has, without rendering it. */
  countUndrawn(page: PageSize): Promise<number>;
  /** The page's own text; empty if it has only pictures. Throws what `render` throws. */
  text(page: PageSize): Promise<PageText>;
  close(): Promise<void>;
}

/** Whether an error of `render` or `text` concerns that page alone. */
export function isFaultOfPage(error: unknown): error is VireoError {
  const codes: readonly string[] = ["media_undecodable", "media_too_large"];
  return error instanceof VireoError && codes.includes(error.code);
}
