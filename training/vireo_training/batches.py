"""Samples laid into batches."""

import numpy

from .chat import NO_TARGET, tokens_of
from .data import clues, mixture
from .data.page import CLIP_MEAN, CLIP_STD
from .data.print import SIDE

# Picture tokens along a side of the tile.
GRID = 16


def normalised(pixels):
    """[tiles, h, w, 3] bytes to [tiles, 3, h, w] float32, as the engine normalises them."""
    values = (pixels.astype(numpy.float32) / 255 - CLIP_MEAN) / CLIP_STD
    return numpy.ascontiguousarray(values.transpose(0, 3, 1, 2))


def tile_of(page, width, height):
    """The page as bytes [height, width, 3]; Pillow's bicubic is what the engine computes."""
    picture = page.picture
    if picture.size != (width, height):
        picture = picture.resize((width, height), 3)
    return numpy.asarray(picture, numpy.uint8)


class Window:
    """Where a picture stands in the tile: any place on the grid of patches, or all over it."""

    def __init__(self, kind, rng):
        width, height = mixture.SIZES[kind]
        rows, columns = height // 32, width // 32
        self.corner, self.frame = None, (0, 0, 1000, 1000)
        self.step = numpy.array((GRID / rows, GRID / columns))
        self.start = numpy.zeros(2)
        if kind not in mixture.SHRUNK:
            self.step = numpy.ones(2)
            self.start = numpy.array((rng.randint(0, GRID - rows), rng.randint(0, GRID - columns)))
            self.corner = tuple(int(2 * side) for side in self.start)
            share = 1000 / GRID
            top, left = self.start * share
            self.frame = (left, top, columns * share, rows * share)

    def move(self, places):
        """Rows and columns [..., 2] of the picture's tokens, to those of the tile, in place."""
        told = places[..., 0] >= 0
        places[told] = ((places[told] + 0.5) * self.step + self.start).astype(numpy.int64)


def draw_print(windows, count, rng):
    """A batch for the vision tower alone: pixels, cells and corner as below, and how
    far the strings reach."""
    pixels, cells, extents = windows.draw(count)
    corner = tuple(2 * rng.randint(0, GRID - SIDE // 32) for _ in range(2))
    return {"pixels": pixels, "cells": cells, "extents": extents, "corner": corner}


def draw_batch(kind, count, rng, tokenizer):
    """A dictionary of arrays: ids, targets, places [count, tokens]; when the kind has pictures
    pixels (bytes), cells (letters of each patch), clues of each picture token's halves and wholes,
    where each answer token is read (row and column of the position grid in picture tokens, or -1)
    and corner of the window."""
    width, height = mixture.SIZES[kind]
    rows = width * height // 1024
    samples = [getattr(mixture, kind)(rng) for _ in range(count)]
    pages = [page for sample in samples for page in sample.pages]
    window = Window(kind, rng)
    for page in pages:
        page.frame = window.frame
    for sample in samples:
        sample.settle()
    written = [tokens_of(sample, tokenizer, rows, rng) for sample in samples]
    longest = max(len(ids) for ids, _ in written)
    ids = numpy.zeros((count, longest), numpy.int64)
    targets = numpy.full((count, longest), NO_TARGET, numpy.int64)
    for i, (sequence, wanted) in enumerate(written):
        ids[i, : len(sequence)] = sequence
        targets[i, : len(wanted)] = wanted
    batch = {"kind": kind, "ids": ids, "targets": targets, "places": ids == tokenizer.image}
    if pages:
        batch["pixels"] = numpy.stack([tile_of(page, width, height) for page in pages])
        batch["cells"] = numpy.stack([clues.letters_of(page, width, height) for page in pages])
        told = [clues.token_clues(page, tokenizer, width, height) for page in pages]
        halves, wholes = zip(*told)
        batch["halves"] = numpy.concatenate(halves, 1)
        batch["wholes"] = numpy.concatenate(wholes)
        batch["corner"] = window.corner
        window.move(batch["wholes"][:, clues.PLACE])
        where = numpy.full((count, longest, 2), -1, numpy.int64)
        for i, (sample, (_, wanted)) in enumerate(zip(samples, written)):
            where[i, : len(wanted)] = clues.read_at(sample, wanted, tokenizer, width, height)
        window.move(where)
        batch["where"] = where
    return batch
