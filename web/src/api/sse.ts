/** Longer than any event of the server: a longer one is not from an event stream. */
const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024;

/**
 * Yields the data of each server-sent event of a body as it arrives. Comments, event names and ids
 * are ignored; lines may end in LF, CRLF or CR. An incomplete event at the end is dropped, as the
 * standard requires. Throws the errors of the body, and a RangeError if an event is too long.
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
    // If the caller stops early, by an error or a break, the request is aborted.
    await reader.cancel().catch(() => undefined);
  }
}

/** A CR at the end may be the first half of a CRLF, so it stays in the tail. */
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
