"""The kinds of samples, the size of their pictures, and what each kind draws how often."""

import random
from collections.abc import Sequence

from ..chat import Sample
from . import dialogues, documents, figures, invoices, scenes, transcription
from .page import TRAINING_FONTS

# Width and height in pixels. Small pictures are placed at random on the tile's position grid, so
# that reading is learnt cheaply before whole tiles are used.
STRIP, QUARTER, WIDE, SMALL, MIDDLE = (256, 96), (256, 256), (384, 192), (192, 192), (320, 320)
HALF = (512, 256)
TILE = (512, 512)
SIZES = {
    "strip": STRIP,
    "stretched": STRIP,
    "quarter": QUARTER,
    "small_print": QUARTER,
    "small_page": QUARTER,
    "thoughts": QUARTER,
    "fields": WIDE,
    "bookings": WIDE,
    "places": WIDE,
    "grid": HALF,
    "small_versions": MIDDLE,
    "small_scene": SMALL,
    "counts": SMALL,
    "small_pair": SMALL,
    "small_clip": SMALL,
    "middle_pair": MIDDLE,
    "middle_clip": MIDDLE,
    "tile": TILE,
    "table": TILE,
    "chart": TILE,
    "line": TILE,
    "page": TILE,
    "invoice": TILE,
    "scene": TILE,
    "pair": TILE,
    "clip": TILE,
    "paper": TILE,
    "small_captions": SMALL,
    "captions": TILE,
    "spoken": TILE,
}
# Small pictures that show the whole tile at a smaller scale instead of a window of it.
SHRUNK = """small_scene counts small_pair small_clip small_captions
middle_pair middle_clip""".split()
FONTS = TRAINING_FONTS


def strip(rng: random.Random) -> Sample:
    """A strip with a few words to transcribe."""
    return transcription.transcription(rng, FONTS, *STRIP, most_words=8, strength=0.7)


def stretched(rng: random.Random) -> Sample:
    """A line that is stretched vertically as much as a line in a tile, at half its width."""
    return transcription.line(rng, FONTS, 0.7, 256, (30, 34, 40, 48))


def quarter(rng: random.Random) -> Sample:
    """A small paragraph, dense page, line, table or chart."""
    draw = rng.random()
    if draw < 0.3:
        return transcription.transcription(rng, FONTS, *QUARTER, most_words=rng.choice((20, 50)))
    if draw < 0.5:
        return transcription.dense(rng, FONTS, *QUARTER)
    if draw < 0.65:
        return transcription.line(rng, FONTS, 1, 256, (64, 80, 96, 128))
    if draw < 0.75:
        return figures.table(rng, FONTS, *QUARTER, most=4)
    return figures.chart(rng, FONTS, *QUARTER, turns=3, more=True)


def small_print(rng: random.Random) -> Sample:
    """A small page full of small print."""
    return transcription.dense(rng, FONTS, *QUARTER)


def small_page(rng: random.Random) -> Sample:
    """Many short lines, to learn the reading order."""
    return transcription.transcription(rng, FONTS, *QUARTER, most_words=60, strength=0.7)


def thoughts(rng: random.Random) -> Sample:
    """A small chart with a question that needs reasoning."""
    return figures.reasoned(rng, FONTS, *QUARTER)


def grid(rng: random.Random) -> Sample:
    """A half tile with a small table."""
    return figures.table(rng, FONTS, *HALF, most=4)


def bookings(rng: random.Random) -> Sample:
    """A part of an invoice and a tool to call with its fields."""
    return documents.booking(rng, invoices.draw_part(rng, FONTS, *WIDE))


def small_versions(rng: random.Random) -> Sample:
    """Two versions of a document at a smaller size."""
    return documents.versions(rng, FONTS, *MIDDLE)


def fields(rng: random.Random) -> Sample:
    """Questions about the fields and sums of an invoice."""
    return invoices.invoice_talk(rng, invoices.draw_part(rng, FONTS, *WIDE))


def small_scene(rng: random.Random) -> Sample:
    """A small scene with eight questions."""
    return scenes.scene(rng, FONTS, *SMALL, turns=8)


def counts(rng: random.Random) -> Sample:
    """A small scene with three questions for numbers of shapes."""
    return scenes.counts(rng, *SMALL, turns=3)


def small_pair(rng: random.Random) -> Sample:
    """Two small pictures that differ."""
    return scenes.pair(rng, FONTS, *SMALL, more=True)


def small_clip(rng: random.Random) -> Sample:
    """A small video of three to eight frames."""
    return scenes.clip(rng, FONTS, *SMALL, frames=rng.choice((3, 4, 6, 8)))


def middle_pair(rng: random.Random) -> Sample:
    """Two pictures of middle size that differ."""
    return scenes.pair(rng, FONTS, *MIDDLE, more=True)


def middle_clip(rng: random.Random) -> Sample:
    """A video of middle size of three to eight frames."""
    return scenes.clip(rng, FONTS, *MIDDLE, frames=rng.choice((3, 4, 6, 8)))


def tile(rng: random.Random) -> Sample:
    """A tile with a paragraph, a line, a dense page, a table or a chart."""
    draw = rng.random()
    if draw < 0.3:
        return transcription.transcription(rng, FONTS, *TILE, most_words=rng.choice((15, 30, 60)))
    if draw < 0.46:
        return line(rng)
    if draw < 0.58:
        return transcription.dense(rng, FONTS, turns=6)
    return table(rng) if draw < 0.73 else chart(rng)


def table(rng: random.Random) -> Sample:
    """A tile with a table."""
    return figures.table(rng, FONTS)


def chart(rng: random.Random) -> Sample:
    """A tile with a chart."""
    return figures.chart(rng, FONTS, turns=4, more=True)


def line(rng: random.Random) -> Sample:
    """A tile with one stretched line."""
    return transcription.line(rng, FONTS)


def page(rng: random.Random) -> Sample:
    """A page of up to 60 words to transcribe."""
    return transcription.transcription(rng, FONTS, *TILE, most_words=60, strength=0.7)


def invoice(rng: random.Random) -> Sample:
    """An invoice with seven questions."""
    return invoices.invoice_talk(rng, invoices.draw_invoice(rng, FONTS))


def places(rng: random.Random) -> Sample:
    """A part of an invoice with questions for all boxes."""
    return invoices.places(rng, invoices.draw_part(rng, FONTS, *WIDE, strength=0))


def scene(rng: random.Random) -> Sample:
    """A scene with eight questions."""
    return scenes.scene(rng, FONTS, turns=8)


def pair(rng: random.Random) -> Sample:
    """Two pictures that differ."""
    return scenes.pair(rng, FONTS, more=True)


def clip(rng: random.Random) -> Sample:
    """A video of three to six frames."""
    return scenes.clip(rng, FONTS, frames=rng.choice((3, 4, 6)))


def paper(rng: random.Random) -> Sample:
    """One of the document kinds that are asked about less often."""
    draw = rng.randrange(6)
    if draw < 2:
        drawn = (documents.receipt, documents.form)[draw](rng, FONTS)
        rng.shuffle(drawn.turns)
        return drawn
    if draw == 2:
        return documents.columns(rng, FONTS)
    if draw == 3:
        return documents.versions(rng, FONTS)
    if draw == 4:
        return documents.booking(rng, invoices.draw_invoice(rng, FONTS))
    return figures.reasoned(rng, FONTS)


def small_captions(rng: random.Random) -> Sample:
    """A small video to be captioned."""
    return captions(rng, SMALL, (3, 4, 6))


def captions(
    rng: random.Random, size: tuple[int, int] = TILE, frames: Sequence[int] = (4, 6)
) -> Sample:
    """A video to be captioned, of one of the given numbers of frames."""
    gap = rng.choice((0.5, 1, 2, None, None))
    return scenes.captions(rng, FONTS, *size, frames=rng.choice(frames), gap=gap)


def spoken(rng: random.Random) -> Sample:
    """A dialogue without pictures."""
    draw = rng.random()
    if draw < 0.15:
        return dialogues.chat(rng)
    if draw < 0.45:
        return dialogues.repeat(rng)
    return dialogues.sums(rng) if draw < 0.55 else dialogues.tools(rng)
