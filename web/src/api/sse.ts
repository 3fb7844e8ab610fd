/** Longer than any event of the server; a longer one means that this is no event stream. */
const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024;

/**
 * The data of every server-sent event of a body, as it arrives. Comments, event names and ids are
 * left out; lines may end in LF, CRLF or CR. An event that is cut off at the end is dropped, as the
 * standard asks. Throws what the reading throws, and a RangeError for an event without an end.
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<string, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const { lines, tail } = splitLines(rest);
      rest = tail;
      for (const line of lines) {
        if (line !== "") {
          const piece = dataOf(line);
          if (piece !== undefined) data.push(piece);
        } else if (data.length > 0) {
          yield data.join("\n");
          data = [];
        }
      }
      if (rest.length > MAX_EVENT_CHARACTERS) throw new RangeError("an event has no end");
    }
  } finally {
    // Leaving early, by an error or a break, ends the request as well.
    await reader.cancel().catch(() => undefined);
  }
}

/** A CR at the very end may be half of a CRLF, so it stays in the tail. */
function splitLines(text: string): { readonly lines: readonly string[]; readonly tail: string } {
  const heldBack = text.endsWith("\r") ? "\r" : "";
  const lines = text.slice(0, text.length - heldBack.length).split(/\r\n|\n|\r/);
  const tail = lines.pop() ?? "";
  return { lines, tail: tail + heldBack };
}

function dataOf(line: string): string | undefined {
  const colon = line.indexOf(":");
  const field = colon === -1 ? line : line.slice(0, colon);
  if (field !== "data") return undefined;
  const value = colon === -1 ? "" : line.slice(colon + 1);
  return value.startsWith(" ") ? value.slice(1) : value;
}
