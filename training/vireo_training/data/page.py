"""A page that records the position of each glyph drawn on it, so that reading can be trained patch
by patch, and realistic damage that moves the recorded positions along with the picture."""

from __future__ import annotations

import functools
import glob
import io
import math
import random
from collections.abc import Iterable, Sequence

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# File names of fonts. The held-out fonts are never drawn in training.
TRAINING_FONTS = """DejaVuSans DejaVuSans-Bold DejaVuSerif DejaVuSansMono DejaVuSansCondensed
LiberationSans-Regular LiberationSans-Bold LiberationSerif-Regular LiberationSerif-Bold
LiberationMono-Regular LiberationSansNarrow-Regular Lato-Regular Lato-Medium Lato-Bold
Roboto-Regular Roboto-Medium RobotoCondensed-Regular OpenSans-Regular OpenSans-Semibold
Caladea-Regular Cantarell-Regular NotoSerif-Regular NotoSans-Regular FiraCode-Regular
OldStandard-Regular""".split()
HELD_OUT_FONTS = """Carlito-Regular Carlito-Bold FreeSans FreeSerif Hack-Regular
LinLibertine_R""".split()
# Handwriting.
HAND_FONTS = ["dkg", "femkeklaver", "Breip", "Rufscript010"]
HELD_OUT_HAND_FONTS = ["Ecolier-court"]

# The glyph classes of a patch. Other letters are drawn but have no class.
ALPHABET = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    ".,:;!?'\"()[]{}<>-+*/=_%#&@$€£|äöüÄÖÜßàáâãçèéêëìíîïñòóôõùúûÀÉÈÇÑ"
)
CLASS_OF = {letter: index + 1 for index, letter in enumerate(ALPHABET)}
CLASSES = len(ALPHABET) + 1
# Glyphs of one patch that are labelled.
SLOTS = 3
# x1, y1, x2, y2
Box = tuple[float, float, float, float]
Colour = tuple[int, ...]
# A part of an answer and where it is read: text, page, row and column of a ninth.
Part = tuple[str, int, int, int]
CLIP_MEAN = numpy.array([0.48145466, 0.4578275, 0.40821073], numpy.float32)
CLIP_STD = numpy.array([0.26862954, 0.26130258, 0.27577711], numpy.float32)


@functools.lru_cache(maxsize=None)
def font_path(name: str) -> str:
    """The file of a font. Raises FileNotFoundError where it is not installed."""
    found = [
        path
        for kind in ("truetype", "opentype")
        for path in glob.glob(f"/usr/share/fonts/{kind}/**/{name}.[to]tf", recursive=True)
    ]
    if not found:
        raise FileNotFoundError(f"font {name} is missing: see training/README.md for the packages")
    return found[0]


@functools.lru_cache(maxsize=2048)
def load_font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels, without the layout engine, so that widths add up."""
    return ImageFont.truetype(font_path(name), size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=200_000)
def advance(name: str, size: int, letter: str) -> float:
    """Width of one glyph in pixels, spaces between glyphs included."""
    return load_font(name, size).getlength(letter)


class Page:
    """An RGB picture, the glyphs drawn on it as (x, y, letter), and the style of its text.

    frame: left, top, width and height of the page in the tile, in thousandths of the tile. Boxes
    are trained in coordinates of the tile. rotation: in degrees.
    """

    frame: tuple[float, float, float, float] = (0, 0, 1000, 1000)
    rotation: float = 0

    def __init__(
        self, width: int, height: int, rng: random.Random, fonts: Sequence[str], plain: bool = False
    ) -> None:
        self.width, self.height, self.rng = width, height, rng
        self.fonts = fonts
        self.font = rng.choice(fonts)
        self.paper, self.ink = colours(rng, plain)
        self.picture = Image.new("RGB", (width, height), self.paper)
        self.draw = ImageDraw.Draw(self.picture)
        # The middle of each glyph in pixels, and its letter.
        self.glyphs: list[tuple[float, float, str]] = []
        # (text, index of its first glyph) of each string, and its box, or None for a label of a
        # place.
        self.strings: list[tuple[str, int]] = []
        self.boxes: list[Box | None] = []
        # The index of the last glyph in each box that may be asked for.
        self.last_glyphs: dict[Box, int] = {}
        # The string that each string is linked to, both ways.
        self.partners: dict[int, int] = {}
        # Scenes: x, y and name of the object in each ninth (row, column) of the picture.
        self.places: dict[tuple[int, int], tuple[float, float, str]] = {}
        # x and y of each shape, and the number of shapes of its shape, its colour and any kind up
        # to it.
        self.shape_counts: list[tuple[float, float, tuple[int, int, int]]] = []
        # x and y of each place, what it showed in the previous picture and in this one, and the
        # number of changed places up to it.
        self.changes: list[tuple[float, float, str, str, int]] = []

    def text_width(self, text: str, size: int, font: str | None = None) -> float:
        """The width of a line of text in pixels."""
        font = font or self.font
        return sum(advance(font, size, letter) for letter in text)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: int,
        font: str | None = None,
        ink: Colour | None = None,
    ) -> Box:
        """Draws one line with its top left corner at (x, y); returns its box in pixels."""
        font = font or self.font
        face = load_font(font, size)
        self.draw.text((x, y), text, font=face, fill=ink or self.ink)
        at = x
        # The baseline: its distance from the top differs by a third of the size between fonts.
        base = y + face.getmetrics()[0]
        middle = base - size * 0.3
        self.strings.append((text, len(self.glyphs)))
        for letter in text:
            width = advance(font, size, letter)
            if letter != " ":
                self.glyphs.append((at + width / 2, middle, letter))
            at += width
        box = (x, base - size * 0.83, at, base + size * 0.27)
        self.boxes.append(box)
        self.last_glyphs[box] = len(self.glyphs) - 1
        return box

    def label_place(self, x: float, y: float, text: str) -> None:
        """Records the name of an object, which is trained like text written at its place."""
        self.strings.append((text, len(self.glyphs)))
        self.boxes.append(None)
        self.glyphs += [(x, y, letter) for letter in text if letter != " "]

    def place_at(self, row: int, column: int) -> tuple[float, float, str]:
        """x, y and name of the object in a ninth of the picture, or its middle and no name."""
        middle = (self.width * (column + 0.5) / 3, self.height * (row + 0.5) / 3, "")
        return self.places.get((row, column), middle)

    def link(self, a: int, b: int) -> None:
        """Links two strings, as indices into `strings`: a label and its value."""
        a, b = a % len(self.strings), b % len(self.strings)
        self.partners[a], self.partners[b] = b, a

    def split_last_word(self) -> None:
        """Makes the last word of the last string a string of its own and links the two, as for
        "Rain: 12"."""
        text, start = self.strings.pop()
        box = self.boxes.pop()
        head, _, tail = text.rpartition(" ")
        self.strings += [(head, start), (tail, start + len(head.replace(" ", "")))]
        self.boxes += [box, box]
        self.link(-1, -2)


class SourcedAnswer(str):
    """An answer that knows where it is read.

    spots: (start, end, page, row, column) of its parts, with the ninth of the page. first: for an
    answer that is copied letter by letter, the index of its first glyph on the page.
    """

    spots: Sequence[tuple[int, int, int, int, int]] = ()
    first: int | None = None


def sourced(form: str, *parts: Part) -> SourcedAnswer:
    """The form with its {} replaced by the texts of the parts, which also say where it is read."""
    text, spots = "", []
    for fixed, part in zip(form.split("{}"), [*parts, None]):
        text += fixed
        if part:
            spots.append((len(text), len(text) + len(part[0]), *part[1:]))
            text += part[0]
    answer = SourcedAnswer(text)
    answer.spots = spots
    return answer


def copied(text: str, first: int) -> SourcedAnswer:
    """An answer that the page shows letter by letter from glyph `first` on."""
    answer = SourcedAnswer(text)
    answer.first = first
    return answer


def colours(rng: random.Random, plain: bool) -> tuple[Colour, Colour]:
    """Colours of paper and ink: mostly dark on light, sometimes tinted, sometimes dark mode."""
    if plain:
        return (255, 255, 255), (0, 0, 0)
    light = tuple(rng.randint(225, 255) for _ in range(3))
    dark = tuple(rng.randint(0, 80) for _ in range(3))
    draw = rng.random()
    if draw < 0.5:
        return (255, 255, 255), tuple([rng.randint(0, 60)] * 3)
    return (dark, light) if draw > 0.9 else (light, dark)


def thousandths(page: Page, box: Box) -> list[int]:
    """x1, y1, x2, y2 of a box in pixels, in thousandths of the tile."""
    left, top, width, height = page.frame
    from_left = (left, width / page.width)
    from_top = (top, height / page.height)
    placed = [start + side * scale for side, (start, scale) in zip(box, (from_left, from_top) * 2)]
    return [round(min(1000, max(0, side))) for side in placed]


def box_text(page: Page, box: Box) -> str:
    """A box as an answer states it: "[x1, y1, x2, y2]" in thousandths of the tile."""
    return f"[{', '.join(map(str, thousandths(page, box)))}]"


def damage(page: Page, strength: float) -> None:
    """Rotates, blurs, shades, adds noise and compresses as JPEG, each at random.

    strength: from 0, which changes nothing, to 1.
    """
    rng = page.rng
    if rng.random() < 0.35 * strength:
        rotate(page, rng.uniform(-2.5, 2.5) * strength)
    if rng.random() < 0.3 * strength:
        blur = ImageFilter.GaussianBlur(rng.uniform(0.2, 0.9))
        page.picture = page.picture.filter(blur)
    pixels = None
    if rng.random() < 0.35 * strength:
        pixels = shade(numpy.asarray(page.picture, numpy.float32), rng)
    if rng.random() < 0.35 * strength:
        pixels = numpy.asarray(page.picture, numpy.float32) if pixels is None else pixels
        noise = numpy.random.default_rng(rng.getrandbits(32))
        pixels = pixels + noise.normal(0, rng.uniform(2, 14), pixels.shape).astype(numpy.float32)
    if pixels is not None:
        page.picture = Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))
    if rng.random() < 0.3 * strength:
        packed = io.BytesIO()
        page.picture.save(packed, "JPEG", quality=rng.randint(35, 90))
        page.picture = Image.open(packed).convert("RGB")


def shade(pixels: numpy.ndarray, rng: random.Random) -> numpy.ndarray:
    """[h, w, 3]: the pixels with a soft shadow across the page, as under a lamp."""
    height, width, _ = pixels.shape
    angle = rng.uniform(0, 2 * math.pi)
    across = numpy.linspace(-1, 1, width, dtype=numpy.float32) * math.cos(angle)
    down = numpy.linspace(-1, 1, height, dtype=numpy.float32) * math.sin(angle)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + 0.5 * (across[None] + down[:, None]) / 1.42)
    return pixels * light[..., None]


def rotate(page: Page, degrees: float) -> None:
    """Rotates the page and its glyphs about the middle; the corners show paper."""
    middle = (page.width / 2, page.height / 2)
    page.picture = page.picture.rotate(degrees, Image.BICUBIC, fillcolor=page.paper)
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    page.glyphs = [
        (
            middle[0] + (x - middle[0]) * cos + (y - middle[1]) * sin,
            middle[1] - (x - middle[0]) * sin + (y - middle[1]) * cos,
            letter,
        )
        for x, y, letter in page.glyphs
    ]
    page.rotation = degrees
