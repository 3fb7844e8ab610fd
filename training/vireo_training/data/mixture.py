"""What is drawn how often, at each of three sizes of picture."""

from . import business, figures, scenes, talk, transcribe
from .page import TRAINING_FONTS

# Width and height in pixels. Small ones stand anywhere on the tile's position grid, so that
# reading is learnt cheaply before whole tiles come.
STRIP, QUARTER, TILE = (256, 96), (256, 256), (512, 512)
SIZES = {
    "strip": STRIP,
    "quarter": QUARTER,
    "small_pair": QUARTER,
    "tile": TILE,
    "pair": TILE,
    "spoken": TILE,
}
FONTS = TRAINING_FONTS


def strip(rng):
    return transcribe.transcription(rng, FONTS, *STRIP, most_words=8, strength=0.7)


def quarter(rng):
    draw = rng.random()
    if draw < 0.64:
        return transcribe.transcription(rng, FONTS, *QUARTER, most_words=20)
    if draw < 0.76:
        return figures.table(rng, FONTS, *QUARTER, most=4)
    if draw < 0.87:
        return figures.chart(rng, FONTS, *QUARTER)
    return scenes.scene(rng, FONTS, *QUARTER)


def small_pair(rng):
    return scenes.pair(rng, FONTS, *QUARTER)


def tile(rng):
    draw = rng.random()
    if draw < 0.26:
        return transcribe.transcription(rng, FONTS, *TILE, most_words=rng.choice((15, 30, 60)))
    if draw < 0.38:
        return transcribe.line(rng, FONTS)
    if draw < 0.64:
        return business.invoice_talk(rng, FONTS)
    if draw < 0.76:
        return figures.table(rng, FONTS)
    if draw < 0.89:
        return figures.chart(rng, FONTS)
    return scenes.scene(rng, FONTS)


def pair(rng):
    return scenes.pair(rng, FONTS)


def spoken(rng):
    draw = rng.random()
    if draw < 0.15:
        return talk.chat(rng)
    if draw < 0.5:
        return talk.repeat(rng)
    return talk.sums(rng) if draw < 0.6 else talk.tools(rng)
