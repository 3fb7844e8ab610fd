/** The text to emit after a piece, and the stop string that ended the text, if any. */
export interface StopResult {
  readonly text: string;
  readonly stop?: string;
}

export interface StopMatcher {
  /** Takes the next piece of the answer. Do not call it after a stop. */
  push(piece: string): StopResult;
  /** The text that was held back because it could have begun a stop string. */
  flush(): string;
}

/**
 * Ends a text before the first stop string.
 *
 * The first stop string is the one that ends first; if several end at the same character, the
 * longest. So the result does not depend on how the text is cut into pieces. A suffix that may
 * begin a stop string is held back.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  const strings = stops.filter((stop) => stop !== "");
  const longest = strings.reduce((length, stop) => Math.max(length, stop.length), 0);
  let held = "";
  return {
    push(piece) {
      const text = held + piece;
      const found = firstStop(text, strings);
      if (found !== undefined) {
        held = "";
        return { text: text.slice(0, found.start), stop: found.stop };
      }
      const keep = heldLength(text, strings, longest);
      held = text.slice(text.length - keep);
      return { text: text.slice(0, text.length - keep) };
    },
    flush() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}

function firstStop(
  text: string,
  stops: readonly string[],
): { readonly start: number; readonly stop: string } | undefined {
  let best: { start: number; stop: string } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const earlier = best === undefined ? -1 : start + stop.length - best.start - best.stop.length;
    if (best === undefined || earlier < 0 || (earlier === 0 && start < best.start)) {
      best = { start, stop };
    }
  }
  return best;
}

/** Length of the longest suffix of the text that begins one of the strings. */
export function heldLength(text: string, strings: readonly string[], longest: number): number {
  for (let length = Math.min(longest - 1, text.length); length > 0; length--) {
    const suffix = text.slice(text.length - length);
    if (strings.some((string) => string.length > length && string.startsWith(suffix))) {
      return length;
    }
  }
  return 0;
}
