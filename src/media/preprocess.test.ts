import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decodeImage } from "./image.ts";
import { normaliseTiles, tileImage } from "./pixels.ts";
import { chooseGrid, countTiles } from "./tiling.ts";

const cases = new URL("../../tests/golden/cases/", import.meta.url);
const TILE_PX = 64;
const MEAN = [0.48145466, 0.4578275, 0.40821073];
const STD = [0.26862954, 0.26130258, 0.27577711];

function readTensors(name: string): (tensor: string) => Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(readFileSync(new URL(`${name}.safetensors`, cases)));
  const headerBytes = Number(new DataView(file.buffer).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(file.subarray(8, 8 + headerBytes)).toString());
  return (tensor) => {
    const [start, end] = header[tensor].data_offsets;
    return file.slice(8 + headerBytes + start, 8 + headerBytes + end);
  };
}

const names = [
  "palette",
  "rgba",
  "gray-alpha",
  "gray",
  "one-pixel",
  "text",
  "strip",
  "checker-tie",
  "gradient-exact-tile",
  "noise-downscale",
].filter((name) => existsSync(new URL(`preprocess-${name}.safetensors`, cases)));

describe.each(names)("preprocess-%s, against the golden data", (name) => {
  const expected = JSON.parse(readFileSync(new URL(`preprocess-${name}.json`, cases), "utf8"));
  const tensor = readTensors(`preprocess-${name}`);
  const bytes = readFileSync(new URL(expected.file, cases));
  const decoded = decodeImage(bytes);

  test("decoded", async () => {
    const { rgb, width, height } = await decoded;
    expect([width, height]).toEqual([expected.width, expected.height]);
    expect(Buffer.compare(rgb, tensor("rgb"))).toBe(0);
  });

  test("tiled, resized, normalised", async () => {
    const image = await decoded;
    const limits = { tilePx: TILE_PX, maxTiles: 12 };
    const grid = chooseGrid(image.width, image.height, limits);
    expect(grid).toEqual({ columns: expected.columns, rows: expected.rows });
    expect(countTiles(grid)).toBe(expected.num_tiles);
    const tiles = await tileImage(image, { grid, tilePx: TILE_PX });
    expect(tiles.count).toBe(expected.num_tiles);
    expect(Buffer.compare(tiles.tiles, tensor("resized"))).toBe(0);
    const values = normaliseTiles(tiles, { mean: MEAN, std: STD });
    const wanted = new Float32Array(tensor("pixel_values").buffer);
    const worst = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(value - wanted[i]!)),
      0,
    );
    expect(values.length).toBe(wanted.length);
    expect(worst).toBeLessThanOrEqual(1e-6);
  });
});

test("another resize may be put in", async () => {
  const image = { rgb: new Uint8Array(3), width: 1, height: 1 };
  const grid = { columns: 2, rows: 1 };
  const resize = async (_: unknown, width: number, height: number) => ({
    rgb: new Uint8Array(width * height * 3).fill(width),
    width,
    height,
  });
  const { tiles } = await tileImage(image, { grid, tilePx: 2, resize });
  expect([...tiles]).toEqual([...Array(24).fill(4), ...Array(12).fill(2)]);
});
