import { createHash } from "node:crypto";
import type { RgbImage } from "./rgb-image.ts";

/**
 * Replaces repeated frames by the earlier frame, so that it is encoded once. Identical frames are
 * always replaced; similar ones only if the request sets a threshold.
 */
export class RepeatFinder {
  private readonly below: number;
  private readonly seen = new Map<string, RgbImage>();
  /** The last frame that was not replaced, so that slow changes add up. */
  private newest: RgbImage | undefined;

  /** below: frames are similar up to this mean difference of their bytes, 0 to 255. */
  constructor(below = 0) {
    this.below = below;
  }

  /** All frames must have the same size. */
  find(frame: RgbImage): RgbImage {
    const hash = createHash("sha256").update(frame.rgb).digest("base64");
    const known = this.seen.get(hash) ?? this.nearlyNewest(frame);
    if (known) return known;
    this.seen.set(hash, frame);
    this.newest = frame;
    return frame;
  }

  private nearlyNewest({ rgb }: RgbImage): RgbImage | undefined {
    const newest = this.newest;
    if (!newest || this.below === 0) return undefined;
    const most = this.below * rgb.length;
    let sum = 0;
    for (let i = 0; i < rgb.length && sum < most; i++) sum += Math.abs(rgb[i]! - newest.rgb[i]!);
    return sum < most ? newest : undefined;
  }
}
