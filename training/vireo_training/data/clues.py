"""What is taught beside the answers, so that seeing and finding are learnt before answers need
them: what each patch and each picture token holds, and where each answer token was read."""

import re

import numpy

from .page import CLASS_OF, SLOTS, Told, box_text, thousandths

# Two lines of small print fit into one picture token, so its upper and its lower half have clues
# of their own: the text token whose glyphs end there and the three before it in its string; first
# and last token of what belongs to the string, or of what stood there in the picture before;
# hundreds and tens of the string's box. All of them ids or digits, or -1.
TEXT, EARLIER, PARTNER, BOX = slice(0, 1), slice(1, 4), slice(4, 6), slice(6, 14)
COLUMNS = 14
# Clues of the whole token: its row and column in the tile, and whether the picture before showed
# something else there.
PLACE, CHANGED = slice(0, 2), slice(2, 3)
CURRENCY = re.compile(r"^[€$£]|\s*(CHF|[€$£])$")


class Raster:
    """A page, taken as resized to width × height, cut into squares of some pixels."""

    def __init__(self, page, width, height, square):
        self.rows, self.columns = height // square, width // square
        self.across, self.down = width / page.width / square, height / page.height / square

    def at(self, x, y):
        """(row, column), or None outside of the picture."""
        row, column = int(y * self.down), int(x * self.across)
        inside = 0 <= row < self.rows and 0 <= column < self.columns
        return (row, column) if inside else None

    def half_at(self, x, y, large=False):
        """(row of halves, column), or None. What is larger than a square counts as its upper
        half's."""
        place = self.at(x, y)
        if place is None:
            return None
        row, column = place
        return 2 * row + (0 if large else int(2 * y * self.down) % 2), column


def letters_of(page, width, height):
    """The letters of every patch of 16 pixels: [height/16, width/16, SLOTS] classes, 0 none."""
    raster = Raster(page, width, height, 16)
    cells = numpy.zeros((raster.rows, raster.columns, SLOTS), numpy.int64)
    used = numpy.zeros((raster.rows, raster.columns), numpy.int64)
    for x, y, letter in sorted(page.glyphs):
        place = raster.at(x, y)
        if place is not None and used[place] < SLOTS:
            cells[(*place, used[place])] = CLASS_OF.get(letter, 0)
            used[place] += 1
    return cells


def token_clues(page, tokenizer, width, height):
    """[picture tokens, 2, COLUMNS] of the halves and [picture tokens, 3] of the wholes, row-major."""
    raster = Raster(page, width, height, 32)
    halves = numpy.full((2 * raster.rows, raster.columns, COLUMNS), -1, numpy.int64)
    for which, (text, start) in enumerate(page.strings):
        at, before, place, box = start, [], None, -1
        if page.boxes[which] is not None and page.turned == 0:
            sides = thousandths(page, page.boxes[which])
            box = [digit for side in sides for digit in digits(side)]
        for index in tokenizer.ordinary(text):
            at += tokenizer.glyphs_in(index)
            before.insert(0, index)
            if tokenizer.glyphs_in(index) == 0 or at > len(page.glyphs):
                continue
            place = raster.half_at(*page.glyphs[at - 1][:2], page.boxes[which] is None)
            if place is not None:
                halves[place] = -1
                halves[place][: min(4, len(before))] = before[:4]
                halves[place][BOX] = box
        if place is not None and which in page.partners:
            partner, first = page.strings[page.partners[which]]
            end = first + len(partner.replace(" ", "")) - 1
            seen = raster.half_at(*page.glyphs[end][:2])
            # Picture tokens are read row by row, and none can tell what comes after it.
            if seen is not None and (seen[0] // 2, seen[1]) <= (place[0] // 2, place[1]):
                halves[place][PARTNER] = ends_of(partner, tokenizer)
    wholes = numpy.full((raster.rows, raster.columns, 3), -1, numpy.int64)
    for x, y, name, now in page.past:
        place = raster.at(x, y)
        if place is not None:
            halves[raster.half_at(x, y, True)][PARTNER] = ends_of(name and f" {name}", tokenizer)
            wholes[place][CHANGED] = name != now
    wholes[..., PLACE] = numpy.stack(numpy.indices(wholes.shape[:2]), -1)
    halves = halves.reshape(raster.rows, 2, raster.columns, COLUMNS).swapaxes(1, 2)
    return halves.reshape(-1, 2, COLUMNS), wholes.reshape(-1, 3)


def digits(side):
    """Hundreds, 0 to 10, and tens."""
    return side // 100, side // 10 % 10


def ends_of(text, tokenizer):
    """First and last token; the end of turn stands for nothing."""
    ids = tokenizer.ordinary(text) or [tokenizer.end]
    return ids[0], ids[-1]


def glyphs_before(text):
    """For each place in a text, how many letters that can be seen stand before it."""
    counts = [0]
    for letter in text:
        counts.append(counts[-1] + (not letter.isspace()))
    return counts


def sources(answer, page):
    """For each visible letter of an answer the index of the glyph that it was read from, or -1.

    A string of the page counts where it stands as often in the answer as on the page. A box is
    read at the last glyph in it.
    """
    counts = glyphs_before(answer)
    found = [-1] * counts[-1]
    starts = {}
    if isinstance(answer, Told):
        return [answer.first + i for i in range(counts[-1])]
    if answer.startswith("["):
        held = {box_text(page, box): glyph for box, glyph in page.located.items()}
        return [held.get(answer, -1)] * counts[-1]
    for text, start in page.strings:
        core = CURRENCY.sub("", text)
        starts.setdefault(core, []).append(start + text.index(core))
    for text, places in sorted(starts.items(), key=lambda pair: len(pair[0])):
        pattern = rf"(?<![\w.]){re.escape(text)}(?![\w]|\.\w)"
        hits = [hit.start() for hit in re.finditer(pattern, answer)] if text else []
        if len(hits) != len(places):
            continue
        for hit, start in zip(hits, places):
            for i in range(len(text.replace(" ", ""))):
                found[counts[hit] + i] = start + i
    return found


def points_of(answer, pages):
    """For each visible letter of an answer (page, x, y) of where it was read, or None."""
    if isinstance(answer, Told) and answer.first is None:
        counts = glyphs_before(answer)
        points = [None] * counts[-1]
        for start, end, which, row, column in answer.spots:
            x, y, _ = pages[which].spot(row, column)
            for i in range(counts[start], counts[end]):
                points[i] = (pages[which], x, y)
        return points
    if len(pages) != 1:
        return []
    (page,) = pages
    inside = range(len(page.glyphs))
    read = [page.glyphs[i] if i in inside else None for i in sources(answer, page)]
    return [glyph and (page, *glyph[:2]) for glyph in read]


def read_at(sample, targets, tokenizer, width, height):
    """For each token of a sample with pictures the (row, column) of the picture token that the
    token to be written next was read from, or (-1, -1)."""
    where = numpy.full((len(targets), 2), -1, numpy.int64)
    asked = iter([i for i, target in enumerate(targets) if target >= 0])
    for _, answer in sample.turns:
        points, read = points_of(answer, sample.pages), 0
        for index in tokenizer.encode(answer):
            at = next(asked)
            count = tokenizer.glyphs_in(index)
            read += count
            point = points[read - 1] if 0 < read <= len(points) and count else None
            if point is not None:
                page, x, y = point
                where[at] = Raster(page, width, height, 32).at(x, y) or -1
        next(asked)
    return where
