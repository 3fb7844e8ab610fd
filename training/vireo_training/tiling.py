"""Cuts pictures into tiles as the published processor does (MODEL.md, "Pictures")."""

import numpy
from PIL import Image


def grid_of(width: int, height: int, tile_px: int, max_tiles: int) -> tuple[int, int]:
    """(columns, rows) of at most max_tiles tiles whose aspect ratio is nearest to the picture's.

    Of grids that are equally near, the larger is used if the picture fills more than half of it.
    """
    grids = [
        (i, j)
        for i in range(1, max_tiles + 1)
        for j in range(1, max_tiles + 1)
        if i * j <= max_tiles
    ]
    best, nearest = (1, 1), float("inf")
    for i, j in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        off = abs(width / height - i / j)
        larger = off == nearest and width * height > 0.5 * tile_px * tile_px * i * j
        if off < nearest or larger:
            best, nearest = (i, j), off
    return best


def opaque(picture: Image.Image) -> Image.Image:
    """RGB as the engine reads it: transparency over white, the upper 8 of 16 bits."""
    if picture.mode.startswith("I"):
        upper = (numpy.asarray(picture) >> 8).clip(0, 255)
        return Image.fromarray(upper.astype(numpy.uint8)).convert("RGB")
    seen = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", seen.size, "white"), seen).convert("RGB")


def tiles_of(picture: Image.Image, tile_px: int, max_tiles: int) -> numpy.ndarray:
    """[tiles, tile_px, tile_px, 3] bytes, row by row; a thumbnail follows if there are several."""
    picture = opaque(picture)
    columns, rows = grid_of(*picture.size, tile_px, max_tiles)
    whole = picture.resize((columns * tile_px, rows * tile_px), Image.BICUBIC)
    boxes = [
        (i * tile_px, j * tile_px, (i + 1) * tile_px, (j + 1) * tile_px)
        for j in range(rows)
        for i in range(columns)
    ]
    tiles = [numpy.asarray(whole.crop(box)) for box in boxes]
    if len(tiles) > 1:
        tiles.append(numpy.asarray(picture.resize((tile_px, tile_px), Image.BICUBIC)))
    return numpy.stack(tiles)
