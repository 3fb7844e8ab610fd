import { assert } from "../core/assert.ts";

/** The grid of an image: columns times rows of square tiles. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
}

export interface GridLimits {
  readonly tilePx: number;
  /** Tiles without the thumbnail. */
  readonly maxTiles: number;
}

/**
 * Chooses the grid of square tiles for an image.
 *
 * The grid closest in aspect ratio wins. Ratios that tie (1/1, 2/2, 3/3) are equal doubles; then
 * the larger grid wins if the image has pixels for more than half of it. The result must match the
 * official processor exactly, so do not "improve" the comparison.
 *
 * width, height: decoded pixels.                                  Source: MODEL.md § Tiling.
 */
export function chooseGrid(width: number, height: number, limits: GridLimits): Grid {
  const { tilePx, maxTiles } = limits;
  assert(width >= 1 && height >= 1 && maxTiles >= 1, "the size was checked before decoding");
  let best: Grid = { columns: 1, rows: 1 };
  let bestError = Number.POSITIVE_INFINITY;
  for (const grid of gridsByArea(maxTiles)) {
    const error = Math.abs(width / height - grid.columns / grid.rows);
    const fillsHalf = width * height > 0.5 * tilePx * tilePx * grid.columns * grid.rows;
    if (error < bestError || (error === bestError && fillsHalf)) [best, bestError] = [grid, error];
  }
  return best;
}

/** Sorted by area; the order within one area does not matter. */
function gridsByArea(maxTiles: number): Grid[] {
  const grids: Grid[] = [];
  for (let columns = 1; columns <= maxTiles; columns++) {
    for (let rows = 1; columns * rows <= maxTiles; rows++) grids.push({ columns, rows });
  }
  return grids.sort((a, b) => a.columns * a.rows - b.columns * b.rows);
}

/** Number of tiles: the grid's, plus a thumbnail if there is more than one. */
export function countTiles({ columns, rows }: Grid): number {
  const tiles = columns * rows;
  return tiles > 1 ? tiles + 1 : tiles;
}
