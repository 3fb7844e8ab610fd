import { FairQueue } from "../../core/fair-queue.ts";
import { LIMITS } from "../../core/limits.ts";
import { decodeImage } from "../../media/image.ts";
import type { MediaOwner } from "../../media/media-owner.ts";
import type { RgbImage } from "../../media/rgb-image.ts";
import { inspectImage, type PictureOptions } from "../../media/source.ts";

export interface DecodePictureOptions extends PictureOptions {
  readonly owner: MediaOwner;
  readonly signal: AbortSignal;
}

const PIXELS_PER_MEGAPIXEL = 1_000_000;
/** Cost of reading and starting, for pictures of a few pixels. */
const MIN_MEGAPIXELS = 0.1;

/**
 * Decodes picture files, several at once and in turns between tenants and requests.
 *
 * Together, the pictures that are decoded have no more pixels than one picture may have, because
 * decoded pixels are large. A small picture of a tenant without a running one passes large ones.
 */
export class PictureDecoder {
  private readonly queue = new FairQueue({
    things: "pictures",
    unit: "megapixels",
    slots: LIMITS.image.decodersAtOnce,
    maxRunningCost: megapixels(LIMITS.image.pixels),
    reservedSlots: 1,
    maxReservedCost: megapixels(LIMITS.image.smallPixels),
    maxWaitingCost: megapixels(LIMITS.queue.pixels),
  });

  /**
   * Decodes a file and works on its pixels, which are freed before the next picture is decoded.
   * Throws what decodeImage and `work` throw, queue_full, and the signal's reason.
   */
  async decode<T>(
    file: Uint8Array,
    { owner, signal, ...options }: DecodePictureOptions,
    work: (image: RgbImage) => Promise<T>,
  ): Promise<T> {
    const { tenant, request } = owner;
    const { width, height } = inspectImage(file, options);
    const cost = Math.max(MIN_MEGAPIXELS, megapixels(width * height));
    return await this.queue.run({ tenant, request, cost, signal }, async () => {
      return await work(await decodeImage(file, options));
    });
  }
}

function megapixels(pixels: number): number {
  return pixels / PIXELS_PER_MEGAPIXEL;
}
