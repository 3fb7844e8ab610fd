// The child process in which libheif decodes one HEIC picture. It may be killed at any time, its
// memory is bounded, and WebAssembly reaches no file and no network. It replies with pixels or
// nothing, never with libheif's messages.

import libheif from "libheif-js/wasm-bundle.js";
import { LIMITS } from "../core/limits.ts";

export interface HeicReply {
  /** 8-bit RGB; absent if the file cannot be decoded. */
  readonly rgb?: Uint8Array;
  readonly width: number;
  readonly height: number;
}

const PAGE_BYTES = 65_536;

/** Makes growth beyond the limit fail as if the machine were out of memory. */
function boundMemory(bytes: number): void {
  const { prototype } = WebAssembly.Memory;
  const { grow } = prototype;
  prototype.grow = function (this: WebAssembly.Memory, pages: number): number {
    const requested = this.buffer.byteLength + pages * PAGE_BYTES;
    if (requested > bytes) throw new RangeError("the picture takes too much memory");
    return grow.call(this, pages);
  };
}

async function decode(file: Uint8Array): Promise<HeicReply> {
  const images = new libheif.HeifDecoder().decode(file);
  const image = images.find((one) => one.is_primary()) ?? images[0];
  if (image === undefined) return NOTHING;
  const [width, height] = [image.get_width(), image.get_height()];
  if (!(width > 0 && height > 0 && width * height <= LIMITS.image.pixels)) return NOTHING;
  const target = { data: new Uint8ClampedArray(width * height * 4), width, height };
  const filled = await new Promise<HeifPixels | null>((resolve) => image.display(target, resolve));
  return filled === null ? NOTHING : { rgb: onWhite(filled.data), width, height };
}

const NOTHING: HeicReply = Object.freeze({ width: 0, height: 0 });

function onWhite(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4) {
    const alpha = rgba[from + 3]!;
    for (let c = 0; c < 3; c++, to++) {
      const sum = rgba[from + c]! * alpha + 255 * (255 - alpha) + 128;
      rgb[to] = ((sum >>> 8) + sum) >>> 8;
    }
  }
  return rgb;
}

boundMemory(LIMITS.image.heicMemoryBytes);
process.once("message", async (file: Uint8Array) => {
  const reply = await decode(file).catch(() => NOTHING);
  process.send?.(reply, () => process.disconnect());
});
