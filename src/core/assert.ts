/** Stops on a programmer's error. Never for a caller's mistake: that is a VireoError. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`bug: ${message}`);
}
