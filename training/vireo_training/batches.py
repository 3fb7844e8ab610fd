"""Samples laid into batches of arrays."""

import random
from collections.abc import Sequence
from typing import Any

import numpy
from numpy import ndarray

from .chat import NO_TARGET, Sample, tokens_of
from .data import auxiliary_targets, mixture
from .data.page import CLIP_MEAN, CLIP_STD, Page
from .data.print_windows import SIDE, PrintedWindows
from .tokenizer import Tokenizer

# Arrays by name; draw_batch and draw_print list the names and shapes.
Batch = dict[str, Any]

# Picture tokens along a side of the tile.
GRID = 16
# EVS pruning rates of the clips; half of them keep all tokens.
PRUNING_RATES = (0, 0, 0.5, 0.75)


def normalised(pixels: ndarray) -> ndarray:
    """[tiles, h, w, 3] bytes to [tiles, 3, h, w] float32, as the engine normalises them."""
    values = (pixels.astype(numpy.float32) / 255 - CLIP_MEAN) / CLIP_STD
    return numpy.ascontiguousarray(values.transpose(0, 3, 1, 2))


def tile_of(page: Page, width: int, height: int) -> ndarray:
    """The page as bytes [height, width, 3]; the engine computes the same bicubic as Pillow."""
    picture = page.picture
    if picture.size != (width, height):
        picture = picture.resize((width, height), 3)
    return numpy.asarray(picture, numpy.uint8)


class Window:
    """The part of the tile that a picture covers: a random place on the grid of patches, or, for
    kinds in mixture.SHRUNK, the whole tile at a smaller scale."""

    def __init__(self, kind: str, rng: random.Random) -> None:
        width, height = mixture.SIZES[kind]
        rows, columns = height // 32, width // 32
        self.corner: tuple[int, ...] | None = None
        self.frame: tuple[float, float, float, float] = (0, 0, 1000, 1000)
        self.step = numpy.array((GRID / rows, GRID / columns))
        self.start = numpy.zeros(2)
        if kind not in mixture.SHRUNK:
            self.step = numpy.ones(2)
            self.start = numpy.array((rng.randint(0, GRID - rows), rng.randint(0, GRID - columns)))
            self.corner = tuple(int(2 * side) for side in self.start)
            share = 1000 / GRID
            top, left = self.start * share
            self.frame = (left, top, columns * share, rows * share)

    def to_tile(self, places: ndarray, per_token: int = 1) -> None:
        """Converts rows and columns [..., 2] of the picture to those of the tile, in place.

        per_token: cells along a side of a picture token, 2 where the places are patches.
        """
        known = places[..., 0] >= 0
        moved = (places[known] + 0.5) * self.step + per_token * self.start
        places[known] = moved.astype(numpy.int64)


def draw_print(windows: PrintedWindows, count: int, rng: random.Random) -> Batch:
    """A batch for the vision tower alone: pixels and patch_labels as in draw_batch, extents
    [count, SIDE/16, SIDE/16, 4] of the strings, and the corner of all windows."""
    pixels, labels, extents = windows.draw(count)
    corner = tuple(2 * rng.randint(0, GRID - SIDE // 32) for _ in range(2))
    return {"pixels": pixels, "patch_labels": labels, "extents": extents, "corner": corner}


def pruning_rate(sample: Sample, rng: random.Random) -> float:
    """An EVS pruning rate; 0 for pictures, and where only the first frame would remain."""
    rate = rng.choice(PRUNING_RATES) if sample.clip != 0 else 0
    return rate if len(sample.pages) * (1 - rate) > 1.2 else 0


def retained_tokens(tiles: ndarray, rate: float, rng: random.Random) -> ndarray:
    """[frames, tokens]: the picture tokens of a video that EVS keeps.

    EVS keeps the tokens that differ most from the previous frame; here their pixels are compared.
    tiles: [frames, h, w, 3] bytes.
    """
    frames, height, width, _ = tiles.shape
    squares = tiles.reshape(frames, height // 32, 32, width // 32, 32, 3).astype(numpy.float32)
    tokens = height * width // 1024
    change = abs(numpy.diff(squares, axis=0)).mean((2, 4, 5)).reshape(frames - 1, tokens)
    # Equal tokens are ranked at random, as rounding ranks them in the engine.
    change += numpy.random.default_rng(rng.getrandbits(32)).random(change.shape) / 1000
    change = numpy.concatenate([numpy.full((1, tokens), numpy.inf), change]).flatten()
    kept = numpy.zeros(frames * tokens, bool)
    kept[change.argsort()[::-1][: max(tokens, int(frames * tokens * (1 - rate)))]] = True
    return kept.reshape(frames, tokens)


def draw_batch(kind: str, count: int, rng: random.Random, tokenizer: Tokenizer) -> Batch:
    """`count` samples of a kind of data/mixture.py, as a dictionary of arrays.

    ids, targets, picture_mask: [count, tokens]. Kinds with pictures also have
    pixels: [pictures, h, w, 3] bytes; patch_labels: [pictures, SHIFTS, h/16, w/16, SLOTS];
    kept_tokens: [pictures, tokens], which picture tokens EVS keeps;
    half_targets: [SHIFTS, kept, 2, COLUMNS] and token_targets: [kept, TOKEN_COLUMNS];
    source_patches: [count, tokens, 2], the row and column of the position grid from which the next
    answer token is read, or -1; corner: (row, column) of the window in patches, or None.
    """
    width, height = mixture.SIZES[kind]
    samples = [getattr(mixture, kind)(rng) for _ in range(count)]
    pages = [page for sample in samples for page in sample.pages]
    window = Window(kind, rng)
    for page in pages:
        page.frame = window.frame
    for sample in samples:
        sample.resolve_answers()
    if not pages:
        written = [tokens_of(sample, tokenizer, 0, rng) for sample in samples]
        return {"kind": kind, **padded(written, tokenizer)}
    tiles = [
        numpy.stack([tile_of(page, width, height) for page in sample.pages]) for sample in samples
    ]
    kept = [
        retained_tokens(frames, pruning_rate(sample, rng), rng)
        for sample, frames in zip(samples, tiles)
    ]
    written = [
        tokens_of(sample, tokenizer, left.sum(1).tolist(), rng)
        for sample, left in zip(samples, kept)
    ]
    batch = {"kind": kind, **padded(written, tokenizer), "corner": window.corner}
    batch["pixels"], batch["kept_tokens"] = (numpy.concatenate(each) for each in (tiles, kept))
    add_auxiliary_targets(batch, samples, written, tokenizer, window)
    return batch


def add_auxiliary_targets(
    batch: Batch,
    samples: Sequence[Sample],
    written: Sequence[tuple[list[int], list[int]]],
    tokenizer: Tokenizer,
    window: Window,
) -> None:
    """Adds patch_labels, half_targets, token_targets and source_patches to a batch."""
    width, height = mixture.SIZES[batch["kind"]]
    pages = [page for sample in samples for page in sample.pages]
    labels = [auxiliary_targets.patch_labels(page, width, height) for page in pages]
    batch["patch_labels"] = numpy.stack(labels)
    halves, whole = zip(
        *(auxiliary_targets.picture_token_targets(page, tokenizer, width, height) for page in pages)
    )
    kept = batch["kept_tokens"].flatten()
    batch["half_targets"] = numpy.concatenate(halves, 1)[:, kept]
    batch["token_targets"] = numpy.concatenate(whole)[kept]
    sources = numpy.full((*batch["ids"].shape, 2), -1, numpy.int64)
    for i, (sample, (_, wanted)) in enumerate(zip(samples, written)):
        read = auxiliary_targets.source_patches(sample, wanted, tokenizer, width, height)
        sources[i, : len(wanted)] = read
    batch["source_patches"] = sources
    window.to_tile(batch["token_targets"][:, auxiliary_targets.PLACE])
    window.to_tile(sources, 2)


def padded(written: Sequence[tuple[list[int], list[int]]], tokenizer: Tokenizer) -> Batch:
    """ids, targets and picture_mask [samples, tokens], padded to the longest sample."""
    longest = max(len(ids) for ids, _ in written)
    ids = numpy.zeros((len(written), longest), numpy.int64)
    targets = numpy.full((len(written), longest), NO_TARGET, numpy.int64)
    for i, (sequence, wanted) in enumerate(written):
        ids[i, : len(sequence)] = sequence
        targets[i, : len(wanted)] = wanted
    return {"ids": ids, "targets": targets, "picture_mask": ids == tokenizer.image}
