/** The type of an object without its undefined members. */
export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/**
 * Removes undefined members, so that unset options keep their defaults.
 *
 * @example
 * defined({ fps: 2, maxFrames: undefined }) // { fps: 2 }
 */
export function defined<T extends object>(values: T): Defined<T> {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Defined<T>;
}
