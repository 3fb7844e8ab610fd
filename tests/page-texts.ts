import type { PageText } from "../src/media/page-text.ts";

/** A page's text as a PDF would give it; all characters have one box. */
export function pageText(text: string, changes: Partial<PageText> = {}): PageText {
  return {
    text,
    boxes: new Float32Array(text.length * 4).fill(0.5),
    raised: new Uint8Array(text.length),
    coverage: 1,
    undrawn: 0,
    ...changes,
  };
}
