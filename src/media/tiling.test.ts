import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { chooseGrid, countTiles } from "./tiling.ts";

const file = new URL("../../tests/golden/cases/tiling.json", import.meta.url);
const { cases } = JSON.parse(readFileSync(file, "utf8"));

test("every golden size", () => {
  expect(cases.length).toBeGreaterThan(100);
  for (const { tile, max_tiles, width, height, columns, rows, num_tiles } of cases) {
    const grid = chooseGrid(width, height, { tilePx: tile, maxTiles: max_tiles });
    expect({ width, height, ...grid }).toEqual({ width, height, columns, rows });
    expect(countTiles(grid)).toBe(num_tiles);
  }
});

// The first two were measured on the published processor.
describe("tiles of 512 pixels", () => {
  test.each([
    [481, 202, 12, 5, 2],
    [1178, 1779, 12, 2, 3],
    [724, 724, 12, 1, 1],
    [725, 725, 12, 2, 2],
    [640, 480, 12, 4, 3],
    [4000, 300, 12, 12, 1],
    [1920, 1080, 12, 4, 2],
    [1920, 1080, 6, 2, 1],
    [1920, 1080, 1, 1, 1],
  ])("%i x %i, at most %i: %i x %i", (width, height, maxTiles, columns, rows) => {
    expect(chooseGrid(width, height, { tilePx: 512, maxTiles })).toEqual({ columns, rows });
  });
});
