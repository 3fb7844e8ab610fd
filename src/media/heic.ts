// Decodes HEIC, the picture format of phones. sharp's libvips has no decoder for it, so libheif as
// WebAssembly (libheif-js, LGPL-3.0) decodes it in a child process.

import { VireoError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import { startWorker } from "../processes/worker.ts";
import type { HeicReply } from "./heic-worker.ts";
import type { RgbImage } from "./rgb-image.ts";

const HEAP_MB = 512;

/**
 * Decodes the primary picture of a HEIC file, rotated and cropped by its properties, on white.
 *
 * Throws media_undecodable, and media_too_large if decoding takes too long.
 */
export async function decodeHeic(file: Uint8Array): Promise<RgbImage> {
  const group = startWorker(import.meta.url, "media/heic-worker", HEAP_MB);
  const worker = group.process;
  let timer: NodeJS.Timeout | undefined;
  try {
    const { rgb, width, height } = await new Promise<HeicReply>((resolve, reject) => {
      timer = setTimeout(() => reject(tooSlow()), LIMITS.image.heicDecodeMs);
      worker.once("message", resolve);
      worker.once("error", (error) => reject(worker.pid === undefined ? error : undecodable()));
      worker.once("exit", () => reject(undecodable()));
      group.send(file, () => reject(undecodable()));
    });
    if (rgb === undefined) throw undecodable();
    return { rgb, width, height };
  } finally {
    clearTimeout(timer);
    await group.stop();
  }
}

function undecodable(): VireoError {
  const message = "the heic image cannot be decoded: it is damaged, cut short or not of HEVC";
  return new VireoError("media_undecodable", message);
}

function tooSlow(): VireoError {
  const limit = LIMITS.image.heicDecodeMs / 1000;
  const message = `the heic image takes more than ${limit} s to decode; send it as JPEG`;
  return new VireoError("media_too_large", message, { metadata: { limit_seconds: limit } });
}
