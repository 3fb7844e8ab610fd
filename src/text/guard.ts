import { assert } from "../core/assert.ts";

/**
 * Prevents untrusted text from forming control tokens while a chat template processes it.
 *
 * Templates cut, strip and join texts, so escaping whole tokens is not enough: removing `/think`
 * from `<SPECIAL_/think12>` makes one. Therefore one character of every token (its `<` or `[`) is
 * escaped everywhere in untrusted text, and restored only after the rendered prompt has been split
 * at its control tokens.
 */
export interface Guard {
  /** `keepMarks`: do not escape the marks, for text of the operator and the model. */
  hide(text: string, options?: { readonly keepMarks: boolean }): string;
  show(rendered: string): string;
}

/** A Unicode noncharacter for internal use; if a user types it, it is escaped too. */
const ESCAPE = "\ufdd0";
const FIRST_CODE = 0xe000;

/**
 * tokens: every string that untrusted text must not produce.
 * marks: the tokens that a template searches for in messages, such as `</think>`. They are escaped
 * as a whole, so that a template does not match a part of one (`/think`).
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
  const unescaped = new Set(marks);
  const code = new RegExp(`${ESCAPE}([\\ue000-\\uf8ff])`, "g");
  return {
    hide: (text, { keepMarks } = { keepMarks: false }) =>
      text.replace(pattern, (found) => {
        if (keepMarks && unescaped.has(found)) return found;
        return codeOf.get(found) ?? found;
      }),
    show: (rendered) =>
      rendered.replace(code, (_, at: string) => hidden[at.charCodeAt(0) - FIRST_CODE] ?? ""),
  };
}

/** The character of a token to escape: one that templates do not search for. */
function anchorOf(token: string): string {
  return /[^\p{L}\p{N}\s/_"'{},:]/u.exec(token)?.[0] ?? token;
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
}
