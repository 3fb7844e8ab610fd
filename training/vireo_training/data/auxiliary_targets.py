"""What is taught beside the answers, so that seeing and finding are learnt before answers need
them: what each patch and each picture token holds, and where each answer token was read."""

import math
import re

import numpy

from .page import CLASS_OF, SLOTS, Told, box_text, thousandths

# Two lines of small print fit into one picture token, so its upper and its lower half have clues
# of their own: the text token whose glyphs end there and the three before it in its string; first
# and last token of what belongs to the string, or of what stood there in the picture before; the
# sides of the string's box in tens, the right one only where the string ends, as none can tell
# what comes after it. -1 where there is none.
TEXT, EARLIER, PARTNER, BOX = slice(0, 1), slice(1, 4), slice(4, 6), slice(6, 10)
COLUMNS = 10
# Clues of the whole token: its row and column in the tile; whether the picture before showed
# something else there; how many of a shape, of a colour and of any kind there are up to it, and how
# many spots changed up to it.
PLACE, CHANGED, COUNTED = slice(0, 2), slice(2, 3), slice(3, 7)
# Counts of more are taught as this many.
MOST = 6
CURRENCY = re.compile(r"^[€$£]|\s*(CHF|[€$£])$")
# Where a glyph's middle is can be told to a pixel or so, and beside the border of two patches that
# decides which of them holds it. In pixels; the first is none.
SHIFTS = numpy.array([(0, 0), (-1, -1.5), (1, -1.5), (-1, 1.5), (1, 1.5)])


class Raster:
    """A page, taken as resized to width × height, with its glyphs moved by a shift, cut into the
    squares of 32 pixels of the picture tokens."""

    def __init__(self, page, width, height, shift=(0, 0)):
        self.rows, self.columns = height // 32, width // 32
        self.across, self.down = width / page.width / 32, height / page.height / 32
        self.shift = [pixels / 32 for pixels in shift]

    def at(self, x, y):
        """(row, column), or None outside of the picture."""
        half = self.half_at(x, y)
        return half and (half[0] // 2, half[1])

    def patch_at(self, x, y):
        """(row, column) of the patch of 16 pixels, or None outside of the picture."""
        right, low = self.shift
        row = math.floor(2 * (y * self.down + low))
        column = math.floor(2 * (x * self.across + right))
        inside = 0 <= row < 2 * self.rows and 0 <= column < 2 * self.columns
        return (row, column) if inside else None

    def half_at(self, x, y, large=False):
        """(row of halves, column), or None. What is larger than a square counts as its upper
        half's."""
        patch = self.patch_at(x, y)
        if patch is None:
            return None
        half, column = patch
        return half - half % 2 if large else half, column // 2


def letters_of(page, width, height):
    """The letters of every patch of 16 pixels: [SHIFTS, height/16, width/16, SLOTS] classes, 0 none;
    once as the page says, then with all glyphs moved by each of the other SHIFTS."""
    across, down = width / page.width, height / page.height
    glyphs = [(x * across, y * down, CLASS_OF.get(letter, 0)) for x, y, letter in page.glyphs]
    held = numpy.array(sorted(glyphs)).reshape(-1, 3)
    return shifted_cells(held[:, :2], held[:, 2], width, height)


def shifted_cells(places, letters, width, height):
    """Of glyphs by x the cells that letters_of tells; places [n, 2] in pixels."""
    return numpy.stack([cells_of(places + shift, letters, width, height) for shift in SHIFTS])


def cells_of(places, letters, width, height):
    """[height/16, width/16, SLOTS]: the first letters of each patch."""
    columns, rows = (places // 16).astype(int).T
    inside = (rows >= 0) & (rows < height // 16) & (columns >= 0) & (columns < width // 16)
    patches = (rows * (width // 16) + columns)[inside]
    order = numpy.argsort(patches, kind="stable")
    patches, letters = patches[order], letters[inside][order]
    _, first, counts = numpy.unique(patches, return_index=True, return_counts=True)
    slots = numpy.arange(len(patches)) - numpy.repeat(first, counts)
    fits = slots < SLOTS
    cells = numpy.zeros((height // 16 * (width // 16), SLOTS), numpy.int64)
    cells[patches[fits], slots[fits]] = letters[fits]
    return cells.reshape(height // 16, width // 16, SLOTS)


def token_clues(page, tokenizer, width, height):
    """[SHIFTS, picture tokens, 2, COLUMNS] of the halves and [picture tokens, 7] of the wholes,
    row-major."""
    rasters = [Raster(page, width, height, shift) for shift in SHIFTS]
    halves = numpy.stack([halves_of(page, tokenizer, raster) for raster in rasters])
    return halves, wholes_of(page, rasters[0])


def halves_of(page, tokenizer, raster):
    """[picture tokens, 2, COLUMNS] where the raster sees the glyphs."""
    halves = numpy.full((2 * raster.rows, raster.columns, COLUMNS), -1, numpy.int64)
    spelt, neighbours = [], neighbours_of(page)
    for which, (text, start) in enumerate(page.strings):
        at, place, box = start, None, [-1] * 4
        left, above = ([] if near is None else spelt[near] for near in neighbours[which])
        before, start_of_line = left[:-4:-1], above[:3]
        spelt.append([])
        if page.boxes[which] is not None and page.turned == 0:
            box = [side // 10 for side in thousandths(page, page.boxes[which])]
        for index in tokenizer.ordinary(text):
            at += tokenizer.glyphs_in(index)
            known = (before or start_of_line)[:3]
            before.insert(0, (index, None))
            if tokenizer.glyphs_in(index) == 0 or at > len(page.glyphs):
                continue
            place = raster.half_at(*page.glyphs[at - 1][:2], page.boxes[which] is None)
            spelt[-1].append((index, place))
            if place is not None:
                halves[place] = -1
                halves[place][TEXT] = index
                for slot, (told, seen) in enumerate(known):
                    # Picture tokens are read row by row, and none can tell what comes after it.
                    if seen is None or order_of(seen) <= order_of(place):
                        halves[place][EARLIER][slot] = told
                halves[place][BOX] = (*box[:2], -1, box[3])
        if place is not None:
            halves[place][BOX] = box
        if place is not None and which in page.partners:
            partner, first = page.strings[page.partners[which]]
            end = first + len(partner.replace(" ", "")) - 1
            seen = raster.half_at(*page.glyphs[end][:2])
            if seen is not None and order_of(seen) <= order_of(place):
                halves[place][PARTNER] = ends_of(partner, tokenizer)
    for x, y, name, *_ in page.past:
        place = raster.half_at(x, y, True)
        if place is not None:
            halves[place][PARTNER] = ends_of(name and f" {name}", tokenizer)
    halves = halves.reshape(raster.rows, 2, raster.columns, COLUMNS).swapaxes(1, 2)
    return halves.reshape(-1, 2, COLUMNS)


def order_of(half):
    """When the picture token of a half is read."""
    return half[0] // 2, half[1]


def neighbours_of(page):
    """For each string (the one on its left on the same line, None) or, where nothing is on its left,
    (None, the one that begins the line above, no more than three heights away, or None)."""
    found = [(None, None)] * len(page.strings)
    written = [i for i, box in enumerate(page.boxes) if box is not None]
    if len(written) < 2:
        return found
    x1, y1, x2, y2 = numpy.array([page.boxes[i] for i in written]).T
    middle, height = (y1 + y2) / 2, y2 - y1
    off = middle - middle[:, None]
    alike = abs(off) < height[:, None] / 2
    left = alike & (x2 <= x1[:, None] + 1)
    # What Page.part() has parted shares a box.
    for i in range(1, len(written)):
        left[i, i - 1] |= page.boxes[written[i]] == page.boxes[written[i - 1]]
    begins = ~left.any(1)
    above = (off < -height[:, None] / 2) & (off > -3 * height[:, None]) & begins
    for i, which in enumerate(written):
        # Strings are spelt in the order in which they are written.
        if begins[i]:
            near = max(numpy.flatnonzero(above[i][:i]), key=lambda j: middle[j], default=None)
            found[which] = (None, None if near is None else written[near])
        else:
            near = max(numpy.flatnonzero(left[i][:i]), key=lambda j: x2[j], default=None)
            found[which] = (None if near is None else written[near], None)
    return found


def wholes_of(page, raster):
    """[picture tokens, 7]."""
    wholes = numpy.full((raster.rows, raster.columns, 7), -1, numpy.int64)
    for x, y, name, now, changes in page.past:
        place = raster.at(x, y)
        if place is not None:
            wholes[place][CHANGED] = name != now
            wholes[place][COUNTED] = (-1, -1, -1, min(MOST, changes))
    for x, y, counts in page.counted:
        place = raster.at(x, y)
        if place is not None:
            wholes[place][COUNTED][:3] = counts
    wholes[..., PLACE] = numpy.stack(numpy.indices(wholes.shape[:2]), -1)
    return wholes.reshape(-1, 7)


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

    A string of the page counts where it stands as often in the answer as on the page, and one that
    stands on the page once where an answer has it first: what comes again is no longer read. A box
    is read at the last glyph in it.
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
        if len(places) == 1:
            hits = hits[:1]
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
    """For each token of a sample with pictures the (row, column) of the patch that the token to be
    written next was read from, or (-1, -1)."""
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
                where[at] = Raster(page, width, height).patch_at(x, y) or -1
        next(asked)
    return where
