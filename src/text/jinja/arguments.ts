import type { CallValues, Value } from "./values.ts";

/**
 * Orders the arguments by parameter. Parameters after `required` may be left out and are undefined
 * then.
 *
 * Throws for a missing, unknown or doubled argument, as a call in Python does.
 */
export function bind(
  what: string,
  { positional, named }: CallValues,
  parameters: readonly string[],
  required = 0,
): (Value | undefined)[] {
  if (positional.length > parameters.length) {
    throw new TypeError(
      `${what} takes at most ${parameters.length} arguments, got ${positional.length}`,
    );
  }
  const bound: (Value | undefined)[] = parameters.map((_, at) => positional[at]);
  for (const [name, value] of named) {
    const at = parameters.indexOf(name);
    if (at < 0) throw new TypeError(`${what} has no argument ${name}`);
    if (at < positional.length) throw new TypeError(`${what} got ${name} twice`);
    bound[at] = value;
  }
  const missing = parameters.slice(0, required).find((_, at) => bound[at] === undefined);
  if (missing !== undefined) throw new TypeError(`${what} needs the argument ${missing}`);
  return bound;
}
