/** Text of an answer, or a tool call in it that the server could not read. */
export interface AnswerPiece {
  readonly text: string;
  readonly isCall: boolean;
}

const OPEN = "<TOOLCALL>";
const CLOSE = "</TOOLCALL>";

/**
 * Separates malformed tool calls from the rest of an answer. The server has already converted
 * well-formed calls to `tool_calls`. No returned piece contains a tag, not even an incomplete one
 * at the end.
 */
export function splitAtCalls(text: string): readonly AnswerPiece[] {
  const pieces: AnswerPiece[] = [];
  for (const [at, part] of withoutPartialTag(text).split(OPEN).entries()) {
    const end = at === 0 ? 0 : part.indexOf(CLOSE);
    const call = at === 0 ? "" : end === -1 ? part : part.slice(0, end);
    const rest = at === 0 ? part : end === -1 ? "" : part.slice(end + CLOSE.length);
    pieces.push({ text: call.trim(), isCall: true });
    pieces.push({ text: rest.replaceAll(CLOSE, ""), isCall: false });
  }
  return pieces.filter((piece) => piece.text.trim() !== "");
}

/** Removes the first part of a tag at the end of an answer that is still streaming. */
function withoutPartialTag(text: string): string {
  const at = text.lastIndexOf("<");
  if (at === -1) return text;
  const end = text.slice(at);
  const isPartial = end.length > 1 && (OPEN.startsWith(end) || CLOSE.startsWith(end));
  return isPartial && end !== OPEN && end !== CLOSE ? text.slice(0, at) : text;
}
