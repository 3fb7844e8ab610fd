// Escaping for the report. Answers are strangers' text, so no byte of them may act as markup, move
// the reader's cursor or change the direction of the text around it.

/** Control characters, marks of direction, line separators, tags and lone surrogates. */
const INVISIBLE =
  /[^\P{Cc}\n\t]|[\u061c\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ufeff]|\p{Cs}/gu;

/** Longest part of an answer or prompt that the page shows. */
const MAX_SHOWN = 4000;

/** Turns text into HTML that only shows it; invisible characters become visible codes. */
export function escapeHtml(text: string): string {
  return text
    .replace(INVISIBLE, codeOf)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function codeOf(character: string): string {
  const code = character.charCodeAt(0);
  const digits = code.toString(16);
  return code < 0x100 ? `\\x${digits.padStart(2, "0")}` : `\\u${digits.padStart(4, "0")}`;
}

/** Escapes the beginning of a long text and tells how much is left out. */
export function escapeBeginning(text: string): string {
  const rest = text.length - MAX_SHOWN;
  const cut = rest > 0 ? ` … ${rest} more characters` : "";
  return escapeHtml(text.slice(0, MAX_SHOWN)) + cut;
}

export const percent = (share: number): string => (100 * share).toFixed(1);

/** A table inside a box that scrolls sideways on a narrow screen; cells are text. */
export function htmlTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const titles = head.map((cell) => `<th scope="col">${escapeHtml(cell)}</th>`).join("");
  const body = rows.map((row) => {
    return `<tr>${row.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("")}</tr>`;
  });
  return `<div class="scroll" tabindex="0"><table><thead><tr>${titles}</tr></thead>
<tbody>${body.join("")}</tbody></table></div>`;
}
