import { assert } from "../core/assert.ts";

/**
 * Keeps other people's text from spelling control tokens on its way through a chat template.
 *
 * Templates cut, strip and join texts, so it is not enough to look for whole tokens: taking
 * `/think` out of `<SPECIAL_/think12>` makes one. Therefore one character of every token (its `<`
 * or `[`) is hidden wherever it stands in other people's text, and shown again only after the
 * rendered prompt has been cut at its control tokens.
 */
export interface Guard {
  /** `keepMarks`: leave the marks as they are (for the operator's and the model's own words). */
  hide(text: string, options?: { readonly keepMarks: boolean }): string;
  show(rendered: string): string;
}

/** U+FDD0 is reserved by Unicode for a program's own use; typed by somebody it is hidden too. */
const ESCAPE = "\ufdd0";
const FIRST_CODE = 0xe000;

/**
 * tokens: every string that must not come out of other people's text.
 * marks: those of them that a template itself looks for in messages, as `</think>`. They are hidden
 * as a whole, so that a template does not take a part of one (`/think`) for something else.
 */
export function createGuard(tokens: readonly string[], marks: readonly string[]): Guard {
  const anchors = tokens.map(anchorOf);
  const hidden = [...new Set([ESCAPE, ...marks, ...anchors])];
  assert(hidden.length < 0x1900, "codes stay inside the private use area");
  const codeOf = new Map(
    hidden.map((text, at) => [text, ESCAPE + String.fromCharCode(FIRST_CODE + at)]),
  );
  const byLength = hidden.toSorted((a, b) => b.length - a.length);
  const pattern = new RegExp(byLength.map(escapeRegExp).join("|"), "g");
  const kept = new Set(marks);
  const code = new RegExp(`${ESCAPE}([\\ue000-\\uf8ff])`, "g");
  return {
    hide: (text, { keepMarks } = { keepMarks: false }) =>
      text.replace(pattern, (found) => {
        if (keepMarks && kept.has(found)) return found;
        return codeOf.get(found) ?? found;
      }),
    show: (rendered) =>
      rendered.replace(code, (_, at: string) => hidden[at.charCodeAt(0) - FIRST_CODE] ?? ""),
  };
}

/** A character to hide instead of the whole token: one that templates do not look for. */
function anchorOf(token: string): string {
  return /[^\p{L}\p{N}\s/_"'{},:]/u.exec(token)?.[0] ?? token;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
