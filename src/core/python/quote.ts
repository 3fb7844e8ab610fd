const NAMED_ESCAPES = new Map([
  ["\\", "\\\\"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
]);
const UNPRINTABLE = /\\|(?! )[\p{C}\p{Z}]/gu;

/**
 * The repr of a Python string: in single quotes unless that needs more escapes.
 *
 * escapeText: replaces the characters that repr does not print as they are.
 */
export function quote(text: string, escapeText = escapeUnprintable): string {
  const mark = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = escapeText(text);
  return mark + (mark === "'" ? escaped.replaceAll("'", "\\'") : escaped) + mark;
}

/** Escapes backslashes, control characters and separators. */
export function escapeUnprintable(text: string): string {
  return text.replace(UNPRINTABLE, (found) => {
    return NAMED_ESCAPES.get(found) ?? numericEscape(found.codePointAt(0) ?? 0);
  });
}

function numericEscape(code: number): string {
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 0x10000) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
