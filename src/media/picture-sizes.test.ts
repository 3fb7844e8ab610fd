// The size before decoding equals the size after it, for every orientation and crop.

import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { decodeImage } from "./image.ts";
import type { Orientation } from "./orientation.ts";
import { inspectImage, type PictureOptions } from "./source.ts";

const WIDTH = 7;
const HEIGHT = 4;
const rgb = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => (i * 37) & 255);
const plain = () => sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });

const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;

const encoders = {
  jpeg: (orientation: Orientation) => plain().jpeg().withMetadata({ orientation }).toBuffer(),
  png: (orientation: Orientation) => plain().png().withMetadata({ orientation }).toBuffer(),
  webp: (orientation: Orientation) =>
    plain().webp({ lossless: true }).withMetadata({ orientation }).toBuffer(),
  tiff: (orientation: Orientation) =>
    plain().tiff({ compression: "none" }).withMetadata({ orientation }).toBuffer(),
};

/** The same by the library's own turning. */
async function turnedByLibrary(orientation: Orientation): Promise<number[]> {
  const file = await encoders.png(orientation);
  return [...(await sharp(file, { autoOrient: true }).raw().toBuffer())];
}

async function sizes(file: Uint8Array, options?: PictureOptions) {
  const { width, height } = inspectImage(file, options);
  const decoded = await decodeImage(file, options);
  expect([decoded.width, decoded.height]).toEqual([width, height]);
  return { size: [width, height], pixels: [...decoded.rgb] };
}

describe.each(Object.entries(encoders))("%s", (type, encode) => {
  test.each(ORIENTATIONS)("orientation %i is applied", async (orientation) => {
    const { size, pixels } = await sizes(await encode(orientation));
    expect(size).toEqual(orientation >= 5 ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]);
    if (type !== "jpeg") expect(pixels).toEqual(await turnedByLibrary(orientation));
  });

  test.each(ORIENTATIONS)("orientation %i is ignored on request", async (orientation) => {
    const { size, pixels } = await sizes(await encode(orientation), { exifOrientation: "ignore" });
    const isTurned = type === "tiff" && orientation >= 5; // as Pillow does when it loads one
    expect(size).toEqual(isTurned ? [HEIGHT, WIDTH] : [WIDTH, HEIGHT]);
    if (type === "png" || type === "webp") expect(pixels).toEqual([...rgb]);
  });
});

/** An AVIF of 64 × 48 with another property of its picture: a box of a type and so many bytes. */
async function avifWith(type: string, body: Buffer): Promise<Buffer> {
  const size = { width: 64, height: 48, channels: 3, background: "#a52" } as const;
  const file = await sharp({ create: size }).avif().toBuffer();
  const box = Buffer.alloc(8 + body.length);
  box.writeUInt32BE(box.length);
  box.write(type, 4);
  body.copy(box, 8);
  return insertProperty(file, box);
}

/** The last of the boxes in "ipco", and the last that the first item is associated with. */
function insertProperty(file: Buffer, box: Buffer): Buffer {
  const start = (type: string): number => file.indexOf(type) - 4;
  const ipco = start("ipco");
  const ipma = start("ipma");
  const properties: number[] = [];
  for (let at = ipco + 8; at < ipco + file.readUInt32BE(ipco); at += file.readUInt32BE(at)) {
    properties.push(at);
  }
  const association = Buffer.from([properties.length + 1]);
  const count = ipma + 18; // one item: size, type, version, items, item, then its count
  const end = count + 1 + file.readUInt8(count);
  const grown = Buffer.concat([
    file.subarray(0, ipma),
    box,
    file.subarray(ipma, end),
    association,
    file.subarray(end),
  ]);
  grown.writeUInt8(file.readUInt8(count) + 1, count + box.length);
  const more = (at: number, by: number) => grown.writeUInt32BE(grown.readUInt32BE(at) + by, at);
  more(ipco, box.length);
  more(ipma + box.length, 1);
  more(start("iprp"), box.length + 1);
  more(start("meta"), box.length + 1);
  const iloc = start("iloc"); // where the picture's bytes are; the last number but its length
  more(iloc + file.readUInt32BE(iloc) - 8, box.length + 1);
  return grown;
}

describe("AVIF", () => {
  const clap = (...numbers: readonly number[]): Buffer => {
    const body = Buffer.alloc(32);
    numbers.forEach((number, index) => {
      body.writeInt32BE(number, index * 4);
    });
    return body;
  };
  test.each([
    ["irot", Buffer.from([0]), [64, 48]],
    ["irot", Buffer.from([1]), [48, 64]],
    ["irot", Buffer.from([2]), [64, 48]],
    ["irot", Buffer.from([3]), [48, 64]],
    ["imir", Buffer.from([1]), [64, 48]],
    ["clap", clap(40, 1, 30, 1, 0, 1, 0, 1), [40, 30]],
    ["clap", clap(41, 1, 31, 1, 1, 2, 1, 2), [41, 31]],
  ])("%s %j", async (type, body, expected) => {
    const file = await avifWith(type, body);
    for (const exifOrientation of ["apply", "ignore"] as const) {
      expect((await sizes(file, { exifOrientation })).size).toEqual(expected);
    }
  });
});

describe("a header with a smaller size than the file's picture", () => {
  const large = () =>
    sharp({ create: { width: 400, height: 300, channels: 3, background: "#a52" } });
  const shrink = {
    avif: async () => {
      const file = await large().avif({ effort: 0 }).toBuffer();
      const at = file.indexOf("ispe") + 8;
      file.writeUInt32BE(16, at);
      file.writeUInt32BE(16, at + 4);
      return file;
    },
    webp: async () => {
      const file = await large().webp().withMetadata().toBuffer();
      file.writeUIntLE(15, 24, 3);
      file.writeUIntLE(15, 27, 3);
      return file;
    },
  };

  test.each(Object.entries(shrink))("%s is refused", async (_, make) => {
    const file = await make();
    expect(inspectImage(file)).toMatchObject({ width: 16, height: 16 });
    await expect(decodeImage(file)).rejects.toMatchObject({ code: "media_undecodable" });
  });

  test("an icon has the size of its PNG", async () => {
    const png = await large().png().toBuffer();
    const entry = Buffer.from([
      0, 0, 1, 0, 1, 0, 16, 16, 0, 0, 1, 0, 32, 0, 0, 0, 0, 0, 22, 0, 0, 0,
    ]);
    entry.writeUInt32LE(png.length, 14);
    expect((await sizes(Buffer.concat([entry, png]))).size).toEqual([400, 300]);
  });
});
