"""What is taught beside the answers, so that seeing and finding are learnt before answers need
them: what each patch and each picture token holds, and where each answer token was read."""

import re

import numpy

from .page import CLASS_OF, SLOTS, thousandths

# Columns of a picture token's clues: the text token whose glyphs end in it and those before that
# one in its string; first and last token of what belongs to the string, or of what stood there in
# the picture before; hundreds and tens of its box. All of them ids or digits, or -1. And its own
# row and column, and whether the picture before showed something else there.
EARLIER, PARTNER, BOX, PLACE = slice(1, 5), slice(5, 7), slice(7, 15), slice(15, 17)
CHANGED = slice(17, 18)
COLUMNS = 18
TILE = (512, 512)
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
    """[picture tokens, COLUMNS], row-major."""
    raster = Raster(page, width, height, 32)
    clues = numpy.full((raster.rows, raster.columns, COLUMNS), -1, numpy.int64)
    # A window stands anywhere on the position grid: where it begins cannot be seen.
    locates = getattr(page, "turned", 0) == 0 and (width, height) == TILE
    for which, (text, start) in enumerate(page.strings):
        at, before, place = start, [], None
        for index in tokenizer.ordinary(text):
            at += tokenizer.glyphs_in(index)
            before.insert(0, index)
            if tokenizer.glyphs_in(index) == 0 or at > len(page.glyphs):
                continue
            place = raster.at(*page.glyphs[at - 1][:2])
            if place is not None:
                clues[place] = -1
                clues[place][: min(5, len(before))] = before[:5]
        if place is None:
            continue
        if which in page.partners:
            text, start = page.strings[page.partners[which]]
            end = start + len(text.replace(" ", "")) - 1
            seen = raster.at(*page.glyphs[end][:2])
            # Picture tokens are read row by row, and none can tell what comes after it.
            if seen is not None and seen <= place:
                clues[place][PARTNER] = ends_of(text, tokenizer)
        if page.boxes[which] is not None and locates:
            clues[place][BOX] = [
                digit for side in thousandths(page, page.boxes[which]) for digit in digits(side)
            ]
    for x, y, name, now in page.past:
        place = raster.at(x, y)
        if place is not None:
            clues[place][PARTNER] = ends_of(name and f" {name}", tokenizer)
            clues[place][CHANGED] = name != now
    clues[..., PLACE] = numpy.stack(numpy.indices(clues.shape[:2]), -1)
    return clues.reshape(-1, COLUMNS)


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

    A string of the page counts where it stands as often in the answer as on the page.
    """
    counts = glyphs_before(answer)
    found = [-1] * counts[-1]
    starts = {}
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


def read_at(sample, targets, tokenizer, width, height):
    """For each token of a sample with one picture the (row, column) of the picture token that the
    token to be written next was read from, or (-1, -1)."""
    where = numpy.full((len(targets), 2), -1, numpy.int64)
    if len(sample.pages) != 1:
        return where
    page = sample.pages[0]
    raster = Raster(page, width, height, 32)
    told = iter([i for i, target in enumerate(targets) if target >= 0])
    for _, answer in sample.turns:
        found, read = sources(answer, page), 0
        for index in tokenizer.encode(answer):
            at = next(told)
            count = tokenizer.glyphs_in(index)
            read += count
            glyph = found[read - 1] if 0 < read <= len(found) and count else -1
            place = raster.at(*page.glyphs[glyph][:2]) if 0 <= glyph < len(page.glyphs) else None
            if place is not None:
                where[at] = place
        next(told)
    return where
