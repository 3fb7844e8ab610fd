import { VireoError } from "../core/errors.ts";

/** A stretch of a video. `seenFromSeconds` is before its start if windows overlap. */
export interface Window {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly seenFromSeconds: number;
}

/** Limit for one video; the model is asked once per window. */
export const MAX_WINDOWS = 720;
/** A remainder shorter than this share of a window joins the window before it. */
const REMAINDER = 0.25;

/**
 * Divides a video into windows; each one also sees the last `overlapSeconds` of the one before.
 * Throws invalid_option for impossible lengths and for more than MAX_WINDOWS windows.
 */
export function windowsOf(
  lengthSeconds: number,
  windowSeconds: number,
  overlapSeconds: number,
): readonly Window[] {
  if (!(windowSeconds > 0)) {
    const text = `a window of ${windowSeconds} s is too short; it must be above 0`;
    throw new VireoError("invalid_option", text, { param: "windowSeconds" });
  }
  if (!(overlapSeconds >= 0 && overlapSeconds < windowSeconds)) {
    const text = `windows of ${windowSeconds} s cannot overlap by ${overlapSeconds} s`;
    throw new VireoError("invalid_option", text, { param: "overlapSeconds" });
  }
  const whole = Math.floor(lengthSeconds / windowSeconds);
  const remainder = lengthSeconds - whole * windowSeconds;
  const count = Math.max(1, whole + (remainder > REMAINDER * windowSeconds ? 1 : 0));
  if (count > MAX_WINDOWS) {
    const minSeconds = Math.ceil(lengthSeconds / MAX_WINDOWS);
    const text = `${count} windows are too many; make them ${minSeconds} s long or longer`;
    throw new VireoError("invalid_option", text, { param: "windowSeconds" });
  }
  return Array.from({ length: count }, (_, index) => {
    const startSeconds = index * windowSeconds;
    const endSeconds = index === count - 1 ? lengthSeconds : startSeconds + windowSeconds;
    return {
      startSeconds,
      endSeconds,
      seenFromSeconds: Math.max(0, startSeconds - overlapSeconds),
    };
  });
}
