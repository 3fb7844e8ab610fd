// A place in a text that is being parsed.

export interface Cursor {
  readonly text: string;
  at: number;
}

/** Moves behind what the sticky pattern matches here; undefined, without moving, if it does not. */
export function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found === null) return undefined;
  cursor.at = pattern.lastIndex;
  return found;
}

/** Moves behind the character and returns true if it stands here. */
export function take(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}
