"""Windows of pages full of print, for the vision tower alone: many glyphs for little work."""

import numpy

from . import documents, figures, invoices, transcription, words
from .invoices import Invoice
from .auxiliary_targets import shifted_cells
from .page import CLASS_OF, Page, damage

SIDE = 128
PAGE = 512
POOL = 48
NEW = 1
STEPS = 32
# Of so many windows the one with most glyphs is taken: paper teaches little.
TRIES = 4


class PrintedWindows:
    """A pool of drawn pages, of which a few are drawn anew for each batch; a window is cut out of
    one at any pixel, so that a glyph is seen at many places of the patches."""

    def __init__(self, rng, fonts):
        self.rng, self.fonts = rng, fonts
        self.pages = []

    def draw(self, count):
        """Pixels [count, SIDE, SIDE, 3], letters of all shifts and extents
        [count, SIDE/16, SIDE/16, 4]."""
        for _ in range(NEW if self.pages else POOL):
            draw = printed_page if self.rng.random() < 0.5 else document
            self.pages.append(flattened(draw(self.rng, self.fonts)))
        self.pages = self.pages[-POOL:]
        cut = [window(*self.rng.choice(self.pages), self.rng) for _ in range(count)]
        return [numpy.stack(each) for each in zip(*cut)]


def printed_page(rng, fonts):
    """Each line has a size and a font of its own, and some of its strings stand apart."""
    height = PAGE if rng.random() < 0.7 else rng.choice((128, 160, 192, 256))
    page = Page(PAGE, height, rng, fonts)
    y = rng.randint(0, 12)
    while y < height - 16:
        size = rng.randint(12, 20) if rng.random() < 0.8 else rng.randint(20, 40)
        font = page.font if rng.random() < 0.5 else rng.choice(fonts)
        x = rng.randint(0, 60)
        while x < PAGE - 40:
            text = " ".join(some(rng) for _ in range(rng.choice((1, 1, 2, 3, 6))))
            while page.length(text, size, font) > PAGE - 4 - x:
                text = text[:-1].rstrip()
            if text:
                page.text(x, y, text, size, font)
            x += page.length(text, size, font) + size * rng.uniform(0.6, 3)
        y += size * rng.uniform(1.15, 1.5)
    damage(page, 0.8)
    return page


def document(rng, fonts):
    """One of those that are asked about."""
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


def flattened(page):
    """(pixels, glyphs [n, 7]: x, y, class and the box of the string, by x). Low pages are stretched,
    as a tile does with them."""
    boxes = []
    for box, (text, _) in zip(page.boxes, page.strings):
        known = box if box and page.turned == 0 else (-1, -1, -1, -1)
        boxes += [known] * len(text.replace(" ", ""))
    glyphs = [
        (x, y, CLASS_OF.get(letter, 0), *box) for (x, y, letter), box in zip(page.glyphs, boxes)
    ]
    held, picture = numpy.array(sorted(glyphs)), page.picture
    if page.height != PAGE:
        held[:, (1, 4, 6)] *= PAGE / page.height
        picture = picture.resize((PAGE, PAGE), 3)
    return numpy.asarray(picture, numpy.uint8), held


def some(rng):
    """A word, number, date or code."""
    draw = rng.random()
    if draw < 0.7:
        return words.words(rng, 1)[0]
    if draw < 0.8:
        return f"{words.money(rng):.2f}"
    if draw < 0.9:
        return rng.choice((Invoice.iso, Invoice.dotted))(*words.date(rng))
    return words.code(rng)


def window(picture, glyphs, rng):
    """Pixels, letters and extents (Learner.see) of one window."""
    tries = numpy.array([[rng.randint(0, PAGE - SIDE) for _ in range(2)] for _ in range(TRIES)])
    off = glyphs[None, :, :2] - tries[:, None]
    left, top = tries[((off >= 0) & (off < SIDE)).all(-1).sum(1).argmax()]
    side = SIDE // 16
    places = glyphs[:, :2] - (left, top)
    cells = shifted_cells(places, glyphs[:, 2], SIDE, SIDE)
    columns, rows = (places // 16).astype(int).T
    inside = (rows >= 0) & (rows < side) & (columns >= 0) & (columns < side)
    starts, first = numpy.unique((rows * side + columns)[inside], return_index=True)
    extents = numpy.full((side * side, 4), -1, numpy.int64)
    boxes = glyphs[inside][first, 3:] - (left, top, left, top)
    extents[starts] = reach(boxes, starts // side, starts % side)
    pixels = picture[top : top + SIDE, left : left + SIDE]
    return pixels, cells, extents.reshape(side, side, 4)


def reach(boxes, rows, columns):
    """How far the string of a patch's first glyph reaches from the patch: to the left and right in
    steps of 8 pixels, up and down in steps of 2, as far as the window shows it; -1 if unknown."""
    x1, y1, x2, y2 = boxes.clip(0, SIDE).T
    x, y = 16 * columns, 16 * rows
    steps = numpy.stack(((x + 16 - x1) / 8, (y + 24 - y1) / 2, (x2 - x) / 8, (y2 - y) / 2), 1)
    known = (boxes[:, 2] > boxes[:, 0])[:, None]
    return numpy.where(known, steps.clip(0, STEPS - 1), -1).astype(numpy.int64)
