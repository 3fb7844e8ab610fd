/** Throws on a bug of this program. A caller's mistake throws a VireoError instead. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}
