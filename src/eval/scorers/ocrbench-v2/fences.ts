const OPENING = /```(?:python|json)?\n/gi;
const CLOSING = "\n```";

/** The contents of all fenced blocks, as ```json … ```. Takes linear time on any text. */
export function fencedBlocks(text: string): string[] {
  const blocks: string[] = [];
  OPENING.lastIndex = 0;
  while (OPENING.exec(text) !== null) {
    const end = text.indexOf(CLOSING, OPENING.lastIndex);
    if (end < 0) return blocks;
    blocks.push(text.slice(OPENING.lastIndex, end));
    OPENING.lastIndex = end + CLOSING.length;
  }
  return blocks;
}
