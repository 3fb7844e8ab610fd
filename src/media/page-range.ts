import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";

/**
 * Parses a page selection such as "1-3,7,12-". Pages count from 1 and keep the order of the text.
 *
 * Duplicates count once; undefined selects all pages. Throws out_of_range for a malformed text or
 * pages outside of the document, and too_many_pages.
 */
export function choosePages(text: string | undefined, total: number): number[] {
  const parts = text === undefined ? ["1-"] : rangesOf(text);
  const chosen = new Set<number>();
  for (const part of parts) {
    const [first = 1, last = total] = boundsOf(part, total);
    if (first < 1 || last < first || last > total) {
      const pages = total === 1 ? "1 page" : `${total} pages`;
      throw wrong(`pages "${part.slice(0, 40)}" is not in the document, which has ${pages}`);
    }
    for (let page = first; page <= last; page++) {
      chosen.add(page);
      if (chosen.size <= LIMITS.request.pages) continue;
      const actual = text === undefined ? total : last - first + 1;
      throw tooManyPages(actual);
    }
  }
  return [...chosen];
}

export function tooManyPages(actual: number): VireoError {
  const limit = LIMITS.request.pages;
  const message =
    `${actual} pages are asked for; at most ${limit} are taken. ` +
    `Choose some with pages, as "1-${limit}"`;
  return new VireoError("too_many_pages", message, { metadata: { limit, actual } });
}

function rangesOf(text: string): string[] {
  const parts = text.length <= LIMITS.document.pageRangeCharacters ? text.split(",") : [];
  const trimmed = parts.map((part) => part.trim()).filter((part) => part !== "");
  if (trimmed.length === 0) throw wrong(`pages must be as "1-3,7", not "${text.slice(0, 40)}"`);
  return trimmed;
}

function boundsOf(part: string, total: number): readonly number[] {
  const found = /^(\d{1,9})(?:\s*(-)\s*(\d{1,9})?)?$/.exec(part);
  if (found === null) throw wrong(`pages must be as "1-3,7", not "${part.slice(0, 40)}"`);
  const first = Number(found[1]);
  if (found[2] === undefined) return [first, first];
  return [first, found[3] === undefined ? total : Number(found[3])];
}

function wrong(message: string): VireoError {
  return new VireoError("out_of_range", message, { param: "pages" });
}
