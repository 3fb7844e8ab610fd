/** The type of an object whose undefined members have been left out. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/**
 * Leaves out the members that are undefined, so that options which nobody set keep their defaults.
 *
 * @example
 * defined({ fps: 2, maxFrames: undefined }) // { fps: 2 }
 */
export function defined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
