/** A broken promise of the code under test, as opposed to a refusal of the input. */
export class BrokenPromise extends Error {
  name = "BrokenPromise";
}

/** Throws BrokenPromise unless the condition holds. */
export function expect(condition, message) {
  if (!condition) throw new BrokenPromise(message);
}

/** Ignores errors of the given class, which the code under test may throw for bad input. */
export function allow(ErrorClass, run) {
  try {
    return run();
  } catch (error) {
    if (error instanceof ErrorClass) return undefined;
    throw error;
  }
}

/** Cuts a text or bytes into pieces at places that follow from its own content. */
export function cut(whole, seed = whole.length) {
  const pieces = [];
  let state = (seed * 2_654_435_761) >>> 0;
  for (let at = 0; at < whole.length; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const end = Math.min(whole.length, at + 1 + ((state >>> 24) % 7));
    pieces.push(whole.slice(at, end));
    at = end;
  }
  return pieces;
}
