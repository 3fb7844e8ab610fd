"""Samples laid into batches."""

import numpy

from .chat import NO_TARGET, tokens_of
from .data import auxiliary_targets, mixture
from .data.page import CLIP_MEAN, CLIP_STD
from .data.print_windows import SIDE

# Picture tokens along a side of the tile.
GRID = 16
# What EVS leaves out of clips in training; most see all of it.
RATES = (0, 0, 0.5, 0.75)


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

    def move(self, places, of_token=1):
        """Rows and columns [..., 2] of the picture's tokens, or of what so many of lie along a token's
        side, to those of the tile, in place."""
        told = places[..., 0] >= 0
        moved = (places[told] + 0.5) * self.step + of_token * self.start
        places[told] = moved.astype(numpy.int64)


def draw_print(windows, count, rng):
    """A batch for the vision tower alone: pixels, cells and corner as below, and how
    far the strings reach."""
    pixels, cells, extents = windows.draw(count)
    corner = tuple(2 * rng.randint(0, GRID - SIDE // 32) for _ in range(2))
    return {"pixels": pixels, "cells": cells, "extents": extents, "corner": corner}


def rate_for(sample, rng):
    """A rate of EVS; none for pictures, and where only the first frame would be left."""
    rate = rng.choice(RATES) if sample.clip != 0 else 0
    return rate if len(sample.pages) * (1 - rate) > 1.2 else 0


def retained(tiles, rate, rng):
    """Which picture tokens EVS keeps of a video, [frames, tokens]: those that differ most from the
    frame before, here told by the pixels."""
    frames, height, width, _ = tiles.shape
    squares = tiles.reshape(frames, height // 32, 32, width // 32, 32, 3).astype(numpy.float32)
    tokens = height * width // 1024
    change = abs(numpy.diff(squares, axis=0)).mean((2, 4, 5)).reshape(frames - 1, tokens)
    # What is alike differs by rounding.
    change += numpy.random.default_rng(rng.getrandbits(32)).random(change.shape) / 1000
    change = numpy.concatenate([numpy.full((1, tokens), numpy.inf), change]).flatten()
    kept = numpy.zeros(frames * tokens, bool)
    kept[change.argsort()[::-1][: max(tokens, int(frames * tokens * (1 - rate)))]] = True
    return kept.reshape(frames, tokens)


def draw_batch(kind, count, rng, tokenizer):
    """A dictionary of arrays: ids, targets, places [count, tokens]; when the kind has pictures
    pixels (bytes), cells (letters of each patch), kept (which picture tokens are), clues of the
    halves and wholes of those, where each answer token is read (row and column of the position
    grid in patches, or -1) and corner of the window."""
    width, height = mixture.SIZES[kind]
    samples = [getattr(mixture, kind)(rng) for _ in range(count)]
    pages = [page for sample in samples for page in sample.pages]
    window = Window(kind, rng)
    for page in pages:
        page.frame = window.frame
    for sample in samples:
        sample.settle()
    if not pages:
        written = [tokens_of(sample, tokenizer, 0, rng) for sample in samples]
        return {"kind": kind, **laid_out(written, tokenizer)}
    tiles = [
        numpy.stack([tile_of(page, width, height) for page in sample.pages]) for sample in samples
    ]
    kept = [retained(frames, rate_for(sample, rng), rng) for sample, frames in zip(samples, tiles)]
    written = [
        tokens_of(sample, tokenizer, left.sum(1).tolist(), rng)
        for sample, left in zip(samples, kept)
    ]
    batch = {"kind": kind, **laid_out(written, tokenizer), "corner": window.corner}
    batch["pixels"], batch["kept"] = (numpy.concatenate(each) for each in (tiles, kept))
    batch["cells"] = numpy.stack([auxiliary_targets.letters_of(page, width, height) for page in pages])
    halves, wholes = zip(*(auxiliary_targets.token_clues(page, tokenizer, width, height) for page in pages))
    batch["halves"] = numpy.concatenate(halves, 1)[:, batch["kept"].flatten()]
    batch["wholes"] = numpy.concatenate(wholes)[batch["kept"].flatten()]
    batch["where"] = numpy.full((*batch["ids"].shape, 2), -1, numpy.int64)
    for i, (sample, (_, wanted)) in enumerate(zip(samples, written)):
        read = auxiliary_targets.read_at(sample, wanted, tokenizer, width, height)
        batch["where"][i, : len(wanted)] = read
    window.move(batch["wholes"][:, auxiliary_targets.PLACE])
    window.move(batch["where"], 2)
    return batch


def laid_out(written, tokenizer):
    """Ids and targets of several samples, padded to the longest, and which are picture tokens."""
    longest = max(len(ids) for ids, _ in written)
    ids = numpy.zeros((len(written), longest), numpy.int64)
    targets = numpy.full((len(written), longest), NO_TARGET, numpy.int64)
    for i, (sequence, wanted) in enumerate(written):
        ids[i, : len(sequence)] = sequence
        targets[i, : len(wanted)] = wanted
    return {"ids": ids, "targets": targets, "places": ids == tokenizer.image}
