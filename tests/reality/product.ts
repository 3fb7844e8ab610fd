// The product's results for one file, in the form of the second opinion's.

import { VireoError } from "../../src/core/errors.ts";
import { indexPage } from "../../src/extract/page-index.ts";
import { verify } from "../../src/extract/verify.ts";
import { openDocument } from "../../src/media/document.ts";
import { decodeImage } from "../../src/media/image.ts";
import type { RgbImage } from "../../src/media/rgb-image.ts";
import { inspectFrames, inspectImage } from "../../src/media/source.ts";
import { FfmpegDecoder } from "../../src/media/video-decoder.ts";
import { wordsOf } from "../../src/media/words.ts";

export const PAGE_DPI = 72;
/** Pages that are drawn and whose words are read; more are only counted. */
export const PAGES_READ = 3;
/** Frames that are decoded; the times of all are read. */
const FRAMES_DECODED = 3;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface ReadPicture {
  readonly header: Size;
  readonly image: RgbImage;
  /** Sizes of all frames that count as pages. */
  readonly pages: readonly Size[];
}

export interface ReadPage {
  readonly size: Size;
  readonly image: RgbImage;
  readonly words: readonly { readonly text: string; readonly box: readonly number[] }[];
  /** Whether a word counts as written on this page. */
  verdict(word: string | number): string;
}

export interface ReadDocument {
  readonly total: number;
  readonly pages: readonly ReadPage[];
}

export interface ReadVideo {
  readonly size: Size;
  /** The presentation time of each frame, relative to the first. */
  readonly seconds: readonly number[];
  /** Sizes of those frames that were decoded. */
  readonly decoded: readonly Size[];
}

const sizeOf = ({ width, height }: Size): Size => ({ width, height });

export async function readPicture(file: Uint8Array): Promise<ReadPicture> {
  const header = sizeOf(inspectImage(file));
  return { header, image: await decodeImage(file), pages: inspectFrames(file).map(sizeOf) };
}

export async function readDocument(file: Uint8Array): Promise<ReadDocument> {
  const document = await openDocument(file, { dpi: PAGE_DPI });
  try {
    const pages: ReadPage[] = [];
    for (const page of document.pages.slice(0, PAGES_READ)) {
      const image = await document.render(page);
      const text = await document.text(page);
      const search = indexPage(text);
      const verdict = (word: string | number): string => verify(word, search).verdict;
      pages.push({ size: sizeOf(page), image, words: wordsOf(text), verdict });
    }
    return { total: document.total, pages };
  } finally {
    await document.close();
  }
}

const decoder = new FfmpegDecoder();

export async function readVideo(file: Uint8Array): Promise<ReadVideo> {
  const all = await decoder.plan(file, { sampling: { fps: 0, maxFrames: 1024 } });
  const few = await decoder.decode(file, {
    sampling: { fps: 0, maxFrames: FRAMES_DECODED },
    take: async (frame) => frame,
  });
  return {
    size: sizeOf(all),
    seconds: all.frames.map(({ timeSeconds }) => timeSeconds),
    decoded: few.frames.map(({ image }) => sizeOf(image)),
  };
}

/** The result of reading, or the sentence of a refusal. Other errors pass through. */
export async function attempt<T>(
  read: () => Promise<T>,
): Promise<T | { readonly refused: string }> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VireoError) return { refused: error.message };
    throw error;
  }
}
