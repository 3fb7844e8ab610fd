import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { VireoError } from "../core/errors.ts";
import { decodeBmp } from "./bmp.ts";
import { decodeImage } from "./image.ts";

interface BmpInput {
  width: number;
  height: number;
  bits: number;
  rows: number[][];
  palette?: number[];
  compression?: number;
  masks?: number[];
}

/** Rows in the order of the file. */
function bmp({ width, height, bits, rows, palette = [], compression = 0, masks = [] }: BmpInput) {
  const rowBytes = Math.ceil((Math.abs(width) * bits) / 32) * 4;
  const pixelsAt = 54 + masks.length * 4 + palette.length;
  const file = Buffer.alloc(pixelsAt + rowBytes * rows.length);
  file.write("BM");
  file.writeUInt32LE(pixelsAt, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(bits, 28);
  file.writeUInt32LE(compression, 30);
  file.writeUInt32LE(palette.length / 4, 46);
  masks.forEach((mask, index) => {
    file.writeUInt32LE(mask, 54 + index * 4);
  });
  file.set(palette, 54);
  rows.forEach((row, index) => {
    file.set(row, pixelsAt + index * rowBytes);
  });
  return file;
}

const rgbOf = async (input: BmpInput): Promise<number[]> => [
  ...(await decodeImage(bmp(input))).rgb,
];
const palette = [1, 2, 3, 0, 30, 20, 10, 0];

describe("bmp", () => {
  test("24 bits, from the bottom and from the top", async () => {
    const rows = [
      [3, 2, 1],
      [6, 5, 4],
    ];
    const up = { width: 1, height: 2, bits: 24, rows };
    expect(await rgbOf(up)).toEqual([4, 5, 6, 1, 2, 3]);
    expect(await rgbOf({ ...up, height: -2 })).toEqual([1, 2, 3, 4, 5, 6]);
  });
  test.each([
    [1, [0b01000000]],
    [4, [0x01]],
    [8, [0, 1]],
  ])("%i bits with a palette", async (bits, row) => {
    const input = { width: 2, height: 1, bits, rows: [row], palette };
    expect(await rgbOf(input)).toEqual([3, 2, 1, 10, 20, 30]);
  });
  test.each([
    // three times 1, once 0; the row ends; 1 0 1 as they are; the picture ends
    [
      8,
      1,
      [
        [3, 1, 1, 0],
        [0, 0, 0, 3],
        [1, 0, 1, 0],
        [0, 1],
      ],
      [1, 0, 1, 0, 1, 1, 1, 0],
    ],
    // 1 0 1 0 in turns; two to the right and one up, then 1 1; the picture ends early
    [
      4,
      2,
      [
        [4, 0x10, 0, 0],
        [0, 2, 2, 0],
        [2, 0x11],
      ],
      [0, 0, 1, 1, 1, 0, 1, 0],
    ],
  ])("runs of indices of %i bits", async (bits, compression, rows, indices) => {
    const rgb = await rgbOf({ width: 4, height: 2, bits, compression, rows, palette });
    const colours = [palette.slice(0, 3).reverse(), palette.slice(4, 7).reverse()];
    expect(rgb).toEqual(indices.flatMap((index) => colours[index]!));
  });
  test("an index outside the palette is black", async () => {
    expect(await rgbOf({ width: 1, height: 1, bits: 8, rows: [[9]], palette })).toEqual([0, 0, 0]);
  });
  test("16 bits: five per colour, or by masks", async () => {
    const input = { width: 1, height: 1, bits: 16, rows: [[0b00010000, 0b01111100]] };
    expect(await rgbOf(input)).toEqual([255, 0, 131]);
    const masked = { ...input, compression: 3, masks: [0xf800, 0x7e0, 0x1f] };
    expect(await rgbOf({ ...masked, rows: [[0xe0, 0x07]] })).toEqual([0, 255, 0]);
  });
  test("32 bits: the fourth byte is alpha only if declared", async () => {
    const input = { width: 1, height: 1, bits: 32, rows: [[10, 20, 30, 0]] };
    expect(await rgbOf(input)).toEqual([30, 20, 10]);
    const masks = [0xff0000, 0xff00, 0xff, 0xff000000];
    expect(await rgbOf({ ...input, compression: 6, masks })).toEqual([255, 255, 255]);
  });
  test("impossible headers are refused", async () => {
    const good = { width: 2, height: 2, bits: 24, rows: [[], []] };
    for (const input of [
      { ...good, rows: [[]] },
      { ...good, bits: 7 },
      { ...good, compression: 1 },
      { ...good, compression: 4 },
      { ...good, width: 0 },
      { ...good, width: -2 },
      { ...good, height: -(2 ** 31) },
      { ...good, width: 30_000, height: 30_000 },
    ]) {
      await expect(decodeImage(bmp(input))).rejects.toBeInstanceOf(VireoError);
    }
  });
  test("any bytes throw nothing but a VireoError", () => {
    const files = [1, 4, 8, 16, 24, 32].map((bits) =>
      bmp({ width: 3, height: 2, bits, rows: [[], []], palette }),
    );
    const edits = fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 5 });
    fc.assert(
      fc.property(fc.constantFrom(...files), edits, (file, changes) => {
        const edited = Uint8Array.from(file);
        for (const [at, value] of changes) edited[at % edited.length] = value;
        try {
          const { rgba, width, height } = decodeBmp(edited);
          expect(rgba.length).toBe(width * height * 4);
        } catch (error) {
          expect(error).toBeInstanceOf(VireoError);
        }
      }),
      { numRuns: 5000, seed: 6 },
    );
  });
});
