import { VireoError } from "../core/errors.ts";

/** Bits below which a key that strangers can try is refused: about 12 random characters. */
const MIN_BITS = 60;

/**
 * Refuses a key that can be guessed.
 *
 * The bits are estimated as if each character were chosen at random from those that the key has.
 * That is generous to words, but it finds short and repetitive keys.
 *
 * Throws invalid_option, which says how to make a key but not what was wrong with this one.
 */
export function checkStrength(key: string, host: string): void {
  if (keyBits(key) >= MIN_BITS) return;
  const message =
    `refusing to listen on ${host} with an API key that can be guessed; make a random one with ` +
    "`vireo keys generate`, or one for each user with `vireo keys add NAME` and --keys";
  throw new VireoError("invalid_option", message, { param: "api-key" });
}

export function keyBits(key: string): number {
  const characters = [...key];
  return characters.length * Math.log2(Math.max(1, new Set(characters).size));
}
