"""Auxiliary targets: what each patch, picture token and answer token is trained to predict beside
the answers, so that the network learns to see and to find before answers need it."""

import math
import re
from collections.abc import Sequence

import numpy
from numpy import ndarray

from ..chat import Sample
from ..tokenizer import Tokenizer
from .page import CLASS_OF, SLOTS, Page, SourcedAnswer, box_text, thousandths

# (row, column) of a token, half token or patch.
Cell = tuple[int, int]

# Columns of the targets of one half of a picture token; -1 stands for no target. Two lines of small
# print fit into one picture token, so its upper and its lower half have targets of their own.
# The text token whose glyphs end in this half.
TEXT = slice(0, 1)
# The three text tokens before it, in its string or on its left or at the start of the line above.
EARLIER = slice(1, 4)
# First and last token of the string linked to this one (its label or value), or of what stood here
# in the previous picture.
PARTNER = slice(4, 6)
# Sides x1, y1, x2, y2 of the string's box in hundredths of the tile. x2 is set only where the
# string ends, because no earlier token can know what follows.
BOX = slice(6, 10)
COLUMNS = 10

# Columns of the targets of a whole picture token.
# Its row and column in the tile.
PLACE = slice(0, 2)
# Whether the previous picture showed something else here.
CHANGED = slice(2, 3)
# How many shapes of this shape, of this colour and of any kind there are up to this token, and how
# many places changed up to it.
COUNTED = slice(3, 7)
TOKEN_COLUMNS = 7
# Larger counts are trained as this one.
MAX_COUNT = 6

CURRENCY = re.compile(r"^[€$£]|\s*(CHF|[€$£])$")
# The middle of a glyph is known to about a pixel, and near the border of two patches that decides
# which of them holds it. Labels are therefore made for each of these shifts (x, y) in pixels.
SHIFTS = numpy.array([(0, 0), (-1, -1.5), (1, -1.5), (-1, 1.5), (1, 1.5)])


class TokenGrid:
    """Maps positions on a page to picture tokens.

    The page is taken as resized to width × height pixels, with its glyphs moved by `shift` pixels,
    and cut into the squares of 32 pixels of the picture tokens.
    """

    def __init__(
        self, page: Page, width: int, height: int, shift: Sequence[float] | ndarray = (0, 0)
    ) -> None:
        self.rows, self.columns = height // 32, width // 32
        self.across, self.down = width / page.width / 32, height / page.height / 32
        self.shift = [pixels / 32 for pixels in shift]

    def token_at(self, x: float, y: float) -> Cell | None:
        """(row, column) of the picture token at a page position, or None outside the picture."""
        half = self.half_at(x, y)
        return half and (half[0] // 2, half[1])

    def patch_at(self, x: float, y: float) -> Cell | None:
        """(row, column) of the patch of 16 pixels, or None outside the picture."""
        right, low = self.shift
        row = math.floor(2 * (y * self.down + low))
        column = math.floor(2 * (x * self.across + right))
        inside = 0 <= row < 2 * self.rows and 0 <= column < 2 * self.columns
        return (row, column) if inside else None

    def half_at(self, x: float, y: float, large: bool = False) -> Cell | None:
        """(row of halves, column) of the half token, or None outside the picture.

        large: the object is larger than a token and belongs to the upper half.
        """
        patch = self.patch_at(x, y)
        if patch is None:
            return None
        half, column = patch
        return half - half % 2 if large else half, column // 2


def patch_labels(page: Page, width: int, height: int) -> ndarray:
    """The glyph classes of every patch of 16 pixels: [SHIFTS, height/16, width/16, SLOTS], 0 for an
    empty slot. The first shift is none; under the others all glyphs are moved."""
    across, down = width / page.width, height / page.height
    glyphs = [(x * across, y * down, CLASS_OF.get(letter, 0)) for x, y, letter in page.glyphs]
    held = numpy.array(sorted(glyphs)).reshape(-1, 3)
    return shifted_labels(held[:, :2], held[:, 2], width, height)


def shifted_labels(places: ndarray, letters: ndarray, width: int, height: int) -> ndarray:
    """The labels that patch_labels describes, from glyphs sorted by x.

    places: [n, 2] x and y in pixels. letters: [n] classes.
    """
    return numpy.stack(
        [labels_of_patches(places + shift, letters, width, height) for shift in SHIFTS]
    )


def labels_of_patches(places: ndarray, letters: ndarray, width: int, height: int) -> ndarray:
    """[height/16, width/16, SLOTS]: the classes of the first SLOTS glyphs of each patch."""
    columns, rows = (places // 16).astype(int).T
    inside = (rows >= 0) & (rows < height // 16) & (columns >= 0) & (columns < width // 16)
    patches = (rows * (width // 16) + columns)[inside]
    order = numpy.argsort(patches, kind="stable")
    patches, letters = patches[order], letters[inside][order]
    _, first, counts = numpy.unique(patches, return_index=True, return_counts=True)
    slots = numpy.arange(len(patches)) - numpy.repeat(first, counts)
    fits = slots < SLOTS
    labels = numpy.zeros((height // 16 * (width // 16), SLOTS), numpy.int64)
    labels[patches[fits], slots[fits]] = letters[fits]
    return labels.reshape(height // 16, width // 16, SLOTS)


def picture_token_targets(
    page: Page, tokenizer: Tokenizer, width: int, height: int
) -> tuple[ndarray, ndarray]:
    """Targets of the half tokens [SHIFTS, picture tokens, 2, COLUMNS] and of the whole tokens
    [picture tokens, TOKEN_COLUMNS], in row-major order."""
    grids = [TokenGrid(page, width, height, shift) for shift in SHIFTS]
    halves = numpy.stack([half_token_targets(page, tokenizer, grid) for grid in grids])
    return halves, whole_token_targets(page, grids[0])


def half_token_targets(page: Page, tokenizer: Tokenizer, grid: TokenGrid) -> ndarray:
    """[picture tokens, 2, COLUMNS]: the targets of half tokens under the shift of one grid."""
    halves = numpy.full((2 * grid.rows, grid.columns, COLUMNS), -1, numpy.int64)
    spelt: list[list[tuple[int, Cell | None]]] = []
    neighbours = preceding_strings(page)
    for which, (text, start) in enumerate(page.strings):
        at, place, box = start, None, [-1] * 4
        left, above = ([] if near is None else spelt[near] for near in neighbours[which])
        before, start_of_line = left[:-4:-1], above[:3]
        spelt.append([])
        string_box = page.boxes[which]
        if string_box is not None and page.rotation == 0:
            box = [side // 10 for side in thousandths(page, string_box)]
        for index in tokenizer.encode_text(text):
            at += tokenizer.visible_letters(index)
            known = (before or start_of_line)[:3]
            before.insert(0, (index, None))
            if tokenizer.visible_letters(index) == 0 or at > len(page.glyphs):
                continue
            place = grid.half_at(*page.glyphs[at - 1][:2], page.boxes[which] is None)
            spelt[-1].append((index, place))
            if place is not None:
                halves[place] = -1
                halves[place][TEXT] = index
                for slot, (token, seen) in enumerate(known):
                    # Picture tokens are read row by row; none can know what comes after it.
                    if seen is None or reading_order(seen) <= reading_order(place):
                        halves[place][EARLIER][slot] = token
                halves[place][BOX] = (*box[:2], -1, box[3])
        if place is not None:
            halves[place][BOX] = box
        if place is not None and which in page.partners:
            partner, first = page.strings[page.partners[which]]
            end = first + len(partner.replace(" ", "")) - 1
            seen = grid.half_at(*page.glyphs[end][:2])
            if seen is not None and reading_order(seen) <= reading_order(place):
                halves[place][PARTNER] = first_and_last_token(partner, tokenizer)
    for x, y, name, *_ in page.changes:
        place = grid.half_at(x, y, True)
        if place is not None:
            halves[place][PARTNER] = first_and_last_token(name and f" {name}", tokenizer)
    halves = halves.reshape(grid.rows, 2, grid.columns, COLUMNS).swapaxes(1, 2)
    return halves.reshape(-1, 2, COLUMNS)


def reading_order(half: Cell) -> Cell:
    """The picture token of a half token, as a sort key in reading order."""
    return half[0] // 2, half[1]


def preceding_strings(page: Page) -> list[tuple[int | None, int | None]]:
    """For each string the index of the string that is read before it: (left, None) where a string
    stands on its left on the same line, else (None, above) with the string that begins the line
    above, at most three heights away, or (None, None)."""
    found: list[tuple[int | None, int | None]] = [(None, None)] * len(page.strings)
    written = [i for i, box in enumerate(page.boxes) if box is not None]
    if len(written) < 2:
        return found
    x1, y1, x2, y2 = numpy.array([page.boxes[i] for i in written]).T
    middle, height = (y1 + y2) / 2, y2 - y1
    off = middle - middle[:, None]
    alike = abs(off) < height[:, None] / 2
    left = alike & (x2 <= x1[:, None] + 1)
    # Strings that Page.split_last_word() separated share a box.
    for i in range(1, len(written)):
        left[i, i - 1] |= page.boxes[written[i]] == page.boxes[written[i - 1]]
    begins = ~left.any(1)
    above = (off < -height[:, None] / 2) & (off > -3 * height[:, None]) & begins
    for i, which in enumerate(written):
        # Only earlier strings count: their tokens are already known.
        if begins[i]:
            near = max(numpy.flatnonzero(above[i][:i]), key=lambda j: middle[j], default=None)
            found[which] = (None, None if near is None else written[near])
        else:
            near = max(numpy.flatnonzero(left[i][:i]), key=lambda j: x2[j], default=None)
            found[which] = (None if near is None else written[near], None)
    return found


def whole_token_targets(page: Page, grid: TokenGrid) -> ndarray:
    """[picture tokens, TOKEN_COLUMNS]: the targets of whole tokens."""
    wholes = numpy.full((grid.rows, grid.columns, TOKEN_COLUMNS), -1, numpy.int64)
    for x, y, name, now, changes in page.changes:
        place = grid.token_at(x, y)
        if place is not None:
            wholes[place][CHANGED] = name != now
            wholes[place][COUNTED] = (-1, -1, -1, min(MAX_COUNT, changes))
    for x, y, counts in page.shape_counts:
        place = grid.token_at(x, y)
        if place is not None:
            wholes[place][COUNTED][:3] = counts
    wholes[..., PLACE] = numpy.stack(numpy.indices(wholes.shape[:2]), -1)
    return wholes.reshape(-1, TOKEN_COLUMNS)


def first_and_last_token(text: str, tokenizer: Tokenizer) -> tuple[int, int]:
    """The ids of a text's first and last token; the end-of-turn token stands for an empty text."""
    ids = tokenizer.encode_text(text) or [tokenizer.end]
    return ids[0], ids[-1]


def visible_letters_before(text: str) -> list[int]:
    """For each position in a text, the number of visible letters before it."""
    counts = [0]
    for letter in text:
        counts.append(counts[-1] + (not letter.isspace()))
    return counts


def source_glyphs(answer: str, page: Page) -> list[int]:
    """For each visible letter of an answer the index of the glyph that it was read from, or -1.

    A string of the page matches if the answer contains it as often as the page does. A string that
    the page contains once matches only its first occurrence in the answer, because repetitions are
    no longer read from the page. A box is read at the last glyph in it.
    """
    counts = visible_letters_before(answer)
    found = [-1] * counts[-1]
    starts: dict[str, list[int]] = {}
    if isinstance(answer, SourcedAnswer) and answer.first is not None:
        return [answer.first + i for i in range(counts[-1])]
    if answer.startswith("["):
        held = {box_text(page, box): glyph for box, glyph in page.last_glyphs.items()}
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


def source_points(answer: str, pages: Sequence[Page]) -> list[tuple[Page, float, float] | None]:
    """For each visible letter of an answer the page, x and y that it was read from, or None."""
    if isinstance(answer, SourcedAnswer) and answer.first is None:
        counts = visible_letters_before(answer)
        points: list[tuple[Page, float, float] | None] = [None] * counts[-1]
        for start, end, which, row, column in answer.spots:
            x, y, _ = pages[which].place_at(row, column)
            for i in range(counts[start], counts[end]):
                points[i] = (pages[which], x, y)
        return points
    if len(pages) != 1:
        return []
    (page,) = pages
    inside = range(len(page.glyphs))
    read = [page.glyphs[i] if i in inside else None for i in source_glyphs(answer, page)]
    return [glyph and (page, glyph[0], glyph[1]) for glyph in read]


def source_patches(
    sample: Sample, targets: Sequence[int], tokenizer: Tokenizer, width: int, height: int
) -> ndarray:
    """[tokens, 2]: for each token of a sample with pictures, the (row, column) of the patch from
    which the next token was read, or (-1, -1)."""
    where = numpy.full((len(targets), 2), -1, numpy.int64)
    asked = iter([i for i, target in enumerate(targets) if target >= 0])
    for _, answer in sample.turns:
        points, read = source_points(answer, sample.pages), 0
        for index in tokenizer.encode(answer):
            at = next(asked)
            count = tokenizer.visible_letters(index)
            read += count
            point = points[read - 1] if 0 < read <= len(points) and count else None
            if point is not None:
                page, x, y = point
                where[at] = TokenGrid(page, width, height).patch_at(x, y) or -1
        next(asked)
    return where
