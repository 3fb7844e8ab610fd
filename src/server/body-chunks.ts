/**
 * The chunks of a request body, for one or more loops after each other.
 *
 * A loop over the body itself that ends early destroys the connection, and the client gets no
 * answer. A loop over these chunks leaves it open.
 */
export function chunksOf(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const source = body[Symbol.asyncIterator]();
  const chunks = { next: () => source.next() };
  return { [Symbol.asyncIterator]: () => chunks };
}

/** Reads the rest of a refused body. A client that disconnects meanwhile is no error. */
export async function skipRest(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const _ of chunks);
  } catch {
    // nobody waits for the answer any more
  }
}
