"""Windows of pages full of print, for the vision tower alone: many glyphs for little work."""

import random
from collections.abc import Sequence

import numpy

from . import documents, figures, invoices, transcription, words
from .auxiliary_targets import shifted_labels
from .invoices import Invoice
from .page import CLASS_OF, Page, damage

# Sides of a window and of a page in pixels.
SIDE = 128
PAGE = 512
# Pages that are kept, and pages that are drawn anew for each batch.
POOL = 48
NEW = 1
# Classes of an extent.
STEPS = 32
# The window with the most glyphs out of this many random ones is used: paper teaches little.
TRIES = 4


class PrintedWindows:
    """A pool of drawn pages, of which a few are replaced for each batch.

    Windows are cut at arbitrary pixels, so that a glyph is seen at many places of the patches.
    """

    def __init__(self, rng: random.Random, fonts: Sequence[str]) -> None:
        self.rng, self.fonts = rng, fonts
        self.pages: list[tuple[numpy.ndarray, numpy.ndarray]] = []

    def draw(self, count: int) -> list[numpy.ndarray]:
        """Pixels [count, SIDE, SIDE, 3], labels [count, SHIFTS, SIDE/16, SIDE/16, SLOTS] and
        extents [count, SIDE/16, SIDE/16, 4]."""
        for _ in range(NEW if self.pages else POOL):
            draw = printed_page if self.rng.random() < 0.5 else document
            self.pages.append(flattened(draw(self.rng, self.fonts)))
        self.pages = self.pages[-POOL:]
        cut = [window(*self.rng.choice(self.pages), self.rng) for _ in range(count)]
        return [numpy.stack(each) for each in zip(*cut)]


def printed_page(rng: random.Random, fonts: Sequence[str]) -> Page:
    """A page of random lines, each with its own size and font and with gaps between strings."""
    height = PAGE if rng.random() < 0.7 else rng.choice((128, 160, 192, 256))
    page = Page(PAGE, height, rng, fonts)
    y: float = rng.randint(0, 12)
    while y < height - 16:
        size = rng.randint(12, 20) if rng.random() < 0.8 else rng.randint(20, 40)
        font = page.font if rng.random() < 0.5 else rng.choice(fonts)
        x: float = rng.randint(0, 60)
        while x < PAGE - 40:
            text = " ".join(random_text(rng) for _ in range(rng.choice((1, 1, 2, 3, 6))))
            while page.text_width(text, size, font) > PAGE - 4 - x:
                text = text[:-1].rstrip()
            if text:
                page.text(x, y, text, size, font)
            x += page.text_width(text, size, font) + size * rng.uniform(0.6, 3)
        y += size * rng.uniform(1.15, 1.5)
    damage(page, 0.8)
    return page


def document(rng: random.Random, fonts: Sequence[str]) -> Page:
    """A page of one of the kinds that are asked about."""
    draw = rng.random()
    if draw < 0.3:
        return invoices.draw_invoice(rng, fonts)[0]
    if draw < 0.4:
        return documents.receipt(rng, fonts).pages[0]
    if draw < 0.55:
        return figures.table(rng, fonts).pages[0]
    if draw < 0.6:
        return figures.chart(rng, fonts).pages[0]
    if draw < 0.8:
        return transcription.line(rng, fonts).pages[0]
    return transcription.dense(rng, fonts).pages[0]


def flattened(page: Page) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Pixels [PAGE, PAGE, 3], and the glyphs [n, 7] sorted by x: x, y, class and the box of the
    string. Low pages are stretched, as they are in a tile."""
    boxes = []
    for box, (text, _) in zip(page.boxes, page.strings):
        known = box if box and page.rotation == 0 else (-1, -1, -1, -1)
        boxes += [known] * len(text.replace(" ", ""))
    glyphs = [
        (x, y, CLASS_OF.get(letter, 0), *box) for (x, y, letter), box in zip(page.glyphs, boxes)
    ]
    held, picture = numpy.array(sorted(glyphs)), page.picture
    if page.height != PAGE:
        held[:, (1, 4, 6)] *= PAGE / page.height
        picture = picture.resize((PAGE, PAGE), 3)
    return numpy.asarray(picture, numpy.uint8), held


def random_text(rng: random.Random) -> str:
    """A word, number, date or code."""
    draw = rng.random()
    if draw < 0.7:
        return words.words(rng, 1)[0]
    if draw < 0.8:
        return f"{words.money(rng):.2f}"
    if draw < 0.9:
        return rng.choice((Invoice.iso, Invoice.dotted))(*words.date(rng))
    return words.code(rng)


def window(
    picture: numpy.ndarray, glyphs: numpy.ndarray, rng: random.Random
) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """Pixels, labels and extents of one window of a flattened page."""
    tries = numpy.array([[rng.randint(0, PAGE - SIDE) for _ in range(2)] for _ in range(TRIES)])
    off = glyphs[None, :, :2] - tries[:, None]
    left, top = tries[((off >= 0) & (off < SIDE)).all(-1).sum(1).argmax()]
    side = SIDE // 16
    places = glyphs[:, :2] - (left, top)
    labels = shifted_labels(places, glyphs[:, 2], SIDE, SIDE)
    columns, rows = (places // 16).astype(int).T
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    starts, first = numpy.unique((rows * side + columns)[inside], return_index=True)
    extents = numpy.full((side * side, 4), -1, numpy.int64)
    boxes = glyphs[inside][first, 3:] - (left, top, left, top)
    extents[starts] = extents_of(boxes, starts // side, starts % side)
    pixels = picture[top : top + SIDE, left : left + SIDE]
    return pixels, labels, extents.reshape(side, side, 4)


def extents_of(boxes: numpy.ndarray, rows: numpy.ndarray, columns: numpy.ndarray) -> numpy.ndarray:
    """[patches, 4]: how far the string of a patch's first glyph extends left, up, right and down.

    Left and right count steps of 8 pixels, up and down steps of 2, in the window; -1 if unknown.
    boxes: [patches, 4] in pixels. rows, columns: of the patches.
    """
    x1, y1, x2, y2 = boxes.clip(0, SIDE).T
    x, y = 16 * columns, 16 * rows
    steps = numpy.stack(((x + 16 - x1) / 8, (y + 24 - y1) / 2, (x2 - x) / 8, (y2 - y) / 2), 1)
    known = (boxes[:, 2] > boxes[:, 0])[:, None]
    return numpy.where(known, steps.clip(0, STEPS - 1), -1).astype(numpy.int64)
