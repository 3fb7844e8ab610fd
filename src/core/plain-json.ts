/** Characters of which JSON.stringify keeps some that terminals obey or that reorder letters. */
const OBEYED = /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/**
 * JSON without characters that a terminal obeys: eight-bit control characters, line separators and
 * those that change the order of letters. Parsed, it is the same value.
 */
export function plainJson(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(OBEYED, (character) => {
    if (character === "\n") return character; // of the indentation
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
