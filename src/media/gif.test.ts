import sharp from "sharp";
import { expect, test } from "vitest";
import { layGifOnScreen } from "./gif.ts";
import { decodeImage } from "./image.ts";
import { inspectImage } from "./source.ts";

const RED_BLUE = [255, 0, 0, 0, 0, 255];
const BLUE_RED = [0, 0, 255, 255, 0, 0];

/** A GIF of 2 × 1 pixels up to its first frame, which is one pixel wide. */
function gif({ palette = true, own = false, transparent = false, left = 0 } = {}): Uint8Array {
  const control = transparent ? [0x21, 0xf9, 4, 1, 0, 0, 0, 0] : [];
  return Uint8Array.from([
    ...Buffer.from("GIF89a"),
    ...[2, 0, 1, 0, palette ? 0x80 : 0, 1, 0],
    ...(palette ? RED_BLUE : []),
    ...control,
    ...[0x2c, left, 0, 0, 0, 1, 0, 1, 0, own ? 0x80 : 0],
    ...(own ? BLUE_RED : []),
  ]);
}

const shown = (file: Uint8Array): number[] => {
  const rgb = Uint8Array.from([9, 9, 9, 9, 9, 9]);
  return [...layGifOnScreen(file, { rgb, width: 2, height: 1 }, { width: 2, height: 1 }).rgb];
};

test("the area outside the first frame has the first colour of its palette", () => {
  expect(shown(gif())).toEqual([9, 9, 9, 255, 0, 0]);
  expect(shown(gif({ left: 1 }))).toEqual([255, 0, 0, 9, 9, 9]);
  expect(shown(gif({ own: true }))).toEqual([9, 9, 9, 0, 0, 255]);
  expect(shown(gif({ own: true, palette: false }))).toEqual([9, 9, 9, 0, 0, 255]);
});

test("without a palette, with a transparent colour or cut short nothing is painted", () => {
  const untouched = [9, 9, 9, 9, 9, 9];
  expect(shown(gif({ palette: false }))).toEqual(untouched);
  expect(shown(gif({ transparent: true }))).toEqual(untouched);
  expect(shown(gif().subarray(0, 15))).toEqual(untouched);
});

test.each([
  [640, 480],
  [800, 600],
  [1024, 768],
  [641, 480],
  [2100, 90],
])("a frame that is smaller than a screen of %i × %i stands on it", async (width, height) => {
  const file = await sharp({ create: { width: 100, height: 50, channels: 3, background: "red" } })
    .gif()
    .toBuffer();
  file.writeUInt16LE(width, 6);
  file.writeUInt16LE(height, 8);
  const image = await decodeImage(file);
  expect([image.width, image.height]).toEqual([width, height]);
  const pixel = (x: number, y: number) => [...image.rgb.subarray((y * width + x) * 3).slice(0, 3)];
  expect(pixel(99, 49)).toEqual(pixel(0, 0));
  expect(pixel(width - 1, height - 1)).toEqual([255, 255, 255]); // its palette is transparent
});

/** The blocks of a GIF of 40 × 30 that sharp wrote. */
async function gifBlocks() {
  const red = { width: 40, height: 30, channels: 3, background: "red" } as const;
  const file = await sharp({ create: red }).gif({ colours: 2 }).toBuffer();
  const palette = 13 + 3 * 2 ** ((file[10]! & 7) + 1);
  return { head: file.subarray(0, palette), frame: file.subarray(palette, -1) };
}

const setSize = (file: Buffer, width: number, height: number): Buffer => {
  file.writeUInt16LE(width, 6);
  file.writeUInt16LE(height, 8);
  return file;
};

test.each([
  ["few comments", 1],
  ["many comments", 30_000],
])("a frame larger than the screen counts after %s", async (_, count) => {
  const { head, frame } = await gifBlocks();
  const comment = Buffer.from([0x21, 0xfe, 1, 65, 0]);
  const comments = Buffer.concat(Array.from({ length: count }, () => comment));
  const file = setSize(Buffer.concat([head, comments, frame, Buffer.from([0x3b])]), 1, 1);
  expect(inspectImage(file)).toMatchObject({ width: 40, height: 30 });
  expect(await decodeImage(file)).toMatchObject({ width: 40, height: 30 });
});

test("later frames do not change the size of the first", async () => {
  const { head, frame } = await gifBlocks();
  const large = Buffer.from(frame);
  const at = large.indexOf(0x2c);
  large.writeUInt16LE(60_000, at + 5);
  large.writeUInt16LE(60_000, at + 7);
  const file = Buffer.concat([head, frame, large, Buffer.from([0x3b])]);
  expect(inspectImage(file)).toMatchObject({ width: 40, height: 30 });
  const { rgb, width, height } = await decodeImage(file);
  expect([width, height, rgb[0], rgb[1]]).toEqual([40, 30, 255, 0]);
});
