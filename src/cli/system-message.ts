/** The sentence for the terminal, with the path and the way out. */
export function systemMessage(error: unknown, sentence: string): string {
  const { path } = error as { readonly path?: unknown };
  const place = typeof path === "string" ? ` (${path})` : "";
  const isMemory = sentence.includes("memory");
  const way = isMemory
    ? "; raise `ulimit -v`: WebAssembly reserves 10 GB of addresses at once"
    : "";
  return `${sentence}${place}${way}`;
}
