import { createHash } from "node:crypto";
import type { RgbImage } from "./image.ts";

/**
 * Frames that show what an earlier one showed are replaced by it, so that it is encoded once: the
 * same pixels in any case, nearly the same ones only where somebody asked for it.
 */
export class RepeatFinder {
  private readonly below: number;
  private readonly seen = new Map<string, RgbImage>();
  /** The last frame that was not replaced. A slow change therefore counts from its beginning. */
  private newest: RgbImage | undefined;

  /** below: the mean difference of bytes, 0 to 255, at which frames are nearly the same. */
  constructor(below = 0) {
    this.below = below;
  }

  /** All frames have one size. */
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
