"""Samples laid into batches."""

import numpy

from .chat import NO_TARGET, tokens_of
from .data import clues, mixture
from .data.page import CLIP_MEAN, CLIP_STD


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


def draw_batch(kind, count, rng, tokenizer):
    """A dictionary of arrays: ids, targets, places [count, tokens]; when the kind has pictures
    pixels (bytes), cells (letters of each patch), clues of each picture token, where each answer
    token is read (row and column of the position grid in picture tokens, or -1) and corner of the
    window."""
    width, height = mixture.SIZES[kind]
    rows = width * height // 1024
    samples = [getattr(mixture, kind)(rng) for _ in range(count)]
    written = [tokens_of(sample, tokenizer, rows, rng) for sample in samples]
    longest = max(len(ids) for ids, _ in written)
    ids = numpy.zeros((count, longest), numpy.int64)
    targets = numpy.full((count, longest), NO_TARGET, numpy.int64)
    for i, (sequence, wanted) in enumerate(written):
        ids[i, : len(sequence)] = sequence
        targets[i, : len(wanted)] = wanted
    batch = {"kind": kind, "ids": ids, "targets": targets, "places": ids == tokenizer.image}
    pages = [page for sample in samples for page in sample.pages]
    if pages:
        batch["pixels"] = numpy.stack([tile_of(page, width, height) for page in pages])
        batch["cells"] = numpy.stack([clues.letters_of(page, width, height) for page in pages])
        told = [clues.token_clues(page, tokenizer, width, height) for page in pages]
        batch["clues"] = numpy.concatenate(told)
        batch["corner"] = (
            rng.randint(0, (512 - height) // 32) * 2,
            rng.randint(0, (512 - width) // 32) * 2,
        )
        batch["clues"][:, clues.PLACE] += numpy.array(batch["corner"]) // 2
        where = numpy.full((count, longest, 2), -1, numpy.int64)
        for i, (sample, (_, wanted)) in enumerate(zip(samples, written)):
            where[i, : len(wanted)] = clues.read_at(sample, wanted, tokenizer, width, height)
        where[where[..., 0] >= 0] += numpy.array(batch["corner"]) // 2
        batch["where"] = where
    return batch
