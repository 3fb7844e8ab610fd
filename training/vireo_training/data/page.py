"""A page to draw on that remembers where each glyph stands, so that reading can be taught cell by
cell, and realistic damage that moves the glyphs' places along with the picture."""

import functools
import glob
import io
import math

import numpy
from PIL import Image, ImageDraw, ImageFilter, ImageFont

# Of each family: the file's name. Held-out families are never drawn in training.
TRAINING_FONTS = """DejaVuSans DejaVuSans-Bold DejaVuSerif DejaVuSansMono DejaVuSansCondensed
LiberationSans-Regular LiberationSans-Bold LiberationSerif-Regular LiberationSerif-Bold
LiberationMono-Regular LiberationSansNarrow-Regular Lato-Regular Lato-Medium Lato-Bold
Roboto-Regular Roboto-Medium RobotoCondensed-Regular OpenSans-Regular OpenSans-Semibold
Caladea-Regular Cantarell-Regular NotoSerif-Regular NotoSans-Regular FiraCode-Regular
OldStandard-Regular""".split()
HELD_OUT_FONTS = """Carlito-Regular Carlito-Bold FreeSans FreeSerif Hack-Regular
LinLibertine_R""".split()
# Written by hand.
HAND_FONTS = ["dkg", "femkeklaver", "Breip", "Rufscript010"]
HELD_OUT_HAND_FONTS = ["Ecolier-court"]

# What a patch can show. Anything else is drawn but not taught by cell.
ALPHABET = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
    ".,:;!?'\"()[]{}<>-+*/=_%#&@$€£|äöüÄÖÜßàáâãçèéêëìíîïñòóôõùúûÀÉÈÇÑ"
)
CLASS_OF = {letter: index + 1 for index, letter in enumerate(ALPHABET)}
CLASSES = len(ALPHABET) + 1
SLOTS = 3
CLIP_MEAN = numpy.array([0.48145466, 0.4578275, 0.40821073], numpy.float32)
CLIP_STD = numpy.array([0.26862954, 0.26130258, 0.27577711], numpy.float32)


@functools.lru_cache(maxsize=None)
def font_path(name):
    found = [
        path
        for kind in ("truetype", "opentype")
        for path in glob.glob(f"/usr/share/fonts/{kind}/**/{name}.[to]tf", recursive=True)
    ]
    if not found:
        raise FileNotFoundError(f"font {name} is missing: see training/README.md for the packages")
    return found[0]


@functools.lru_cache(maxsize=2048)
def load_font(name, size):
    return ImageFont.truetype(font_path(name), size, layout_engine=ImageFont.Layout.BASIC)


@functools.lru_cache(maxsize=200_000)
def advance(name, size, letter):
    """Width of one glyph in pixels, spaces between glyphs included."""
    return load_font(name, size).getlength(letter)


class Page:
    """An RGB picture, the glyphs drawn on it as (x, y, letter), and the style of its text.

    frame: where the page lies in the tile, left, top, width and height in thousandths of it. A
    window of the tile is taught the boxes that its strings have in the tile.
    """

    frame = (0, 0, 1000, 1000)
    turned = 0

    def __init__(self, width, height, rng, fonts, plain=False):
        self.width, self.height, self.rng = width, height, rng
        self.fonts = fonts
        self.font = rng.choice(fonts)
        self.paper, self.ink = colours(rng, plain)
        self.picture = Image.new("RGB", (width, height), self.paper)
        self.draw = ImageDraw.Draw(self.picture)
        self.glyphs = []
        # Of each string (text, index of its first glyph), and its box, or None for a name.
        self.strings, self.boxes = [], []
        # Of boxes that are asked for, the last glyph in them.
        self.located = {}
        self.partners = {}
        # Shapes: of a ninth (row, column) its x and y, and what stands there.
        self.spots = {}
        # Of a shape its x and y and the counts of its shape, its colour and any kind up to it.
        self.counted = []
        # Of a place its x and y, what the picture before showed there, what this one does.
        self.past = []

    def length(self, text, size, font=None):
        font = font or self.font
        return sum(advance(font, size, letter) for letter in text)

    def text(self, x, y, text, size, font=None, ink=None):
        """Draws one line with its top left corner at (x, y); returns its box in pixels."""
        font = font or self.font
        face = load_font(font, size)
        self.draw.text((x, y), text, font=face, fill=ink or self.ink)
        at = x
        # Where the letters stand: fonts differ by a third of their size in how far down that is.
        base = y + face.getmetrics()[0]
        middle = base - size * 0.3
        self.strings.append((text, len(self.glyphs)))
        for letter in text:
            width = advance(font, size, letter)
            if letter != " ":
                self.glyphs.append((at + width / 2, middle, letter))
            at += width
        self.boxes.append((x, base - size * 0.83, at, base + size * 0.27))
        self.located[self.boxes[-1]] = len(self.glyphs) - 1
        return self.boxes[-1]

    def name(self, x, y, text):
        """What stands at a place is taught like text that is written there."""
        self.strings.append((text, len(self.glyphs)))
        self.boxes.append(None)
        self.glyphs += [(x, y, letter) for letter in text if letter != " "]

    def spot(self, row, column):
        """x, y and name of what stands in a ninth of the picture, or its middle and no name."""
        middle = (self.width * (column + 0.5) / 3, self.height * (row + 0.5) / 3, "")
        return self.spots.get((row, column), middle)

    def join(self, a, b):
        """The strings a and b, as indices into strings, belong together: label and value."""
        a, b = a % len(self.strings), b % len(self.strings)
        self.partners[a], self.partners[b] = b, a

    def part(self):
        """Takes the last string's last word as a string of its own: "Rain: 12" is two things."""
        text, start = self.strings.pop()
        box = self.boxes.pop()
        head, _, tail = text.rpartition(" ")
        self.strings += [(head, start), (tail, start + len(head.replace(" ", "")))]
        self.boxes += [box, box]
        self.join(-1, -2)


class Told(str):
    """An answer, and where parts of it are read: spots are (start, end, page, row, column); first
    is the glyph at which an answer that is copied letter by letter begins."""

    spots = ()
    first = None


def told(form, *pieces):
    """The form with its {} filled; each piece is (text, page, row, column): which ninth of which
    page tells it."""
    text, spots = "", []
    for part, piece in zip(form.split("{}"), [*pieces, None]):
        text += part
        if piece:
            spots.append((len(text), len(text) + len(piece[0]), *piece[1:]))
            text += piece[0]
    answer = Told(text)
    answer.spots = spots
    return answer


def copied(text, first):
    """An answer that is written on the page from some glyph on."""
    answer = Told(text)
    answer.first = first
    return answer


def colours(rng, plain):
    """Paper and ink: mostly dark on light, sometimes tinted, sometimes dark mode."""
    if plain:
        return (255, 255, 255), (0, 0, 0)
    light = tuple(rng.randint(225, 255) for _ in range(3))
    dark = tuple(rng.randint(0, 80) for _ in range(3))
    draw = rng.random()
    if draw < 0.5:
        return (255, 255, 255), tuple([rng.randint(0, 60)] * 3)
    return (dark, light) if draw > 0.9 else (light, dark)


def thousandths(page, box):
    """x1, y1, x2, y2 in thousandths of the tile."""
    left, top, width, height = page.frame
    from_left = (left, width / page.width)
    from_top = (top, height / page.height)
    placed = [start + side * scale for side, (start, scale) in zip(box, (from_left, from_top) * 2)]
    return [round(min(1000, max(0, side))) for side in placed]


def box_text(page, box):
    return f"[{', '.join(map(str, thousandths(page, box)))}]"


def damage(page, strength):
    """Turns, blurs, shades, adds noise and packs as JPEG; strength 0 leaves the page as it is."""
    rng = page.rng
    if rng.random() < 0.35 * strength:
        turn(page, rng.uniform(-2.5, 2.5) * strength)
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


def shade(pixels, rng):
    """A soft shadow across the page, as under a lamp."""
    height, width, _ = pixels.shape
    angle = rng.uniform(0, 2 * math.pi)
    across = numpy.linspace(-1, 1, width, dtype=numpy.float32) * math.cos(angle)
    down = numpy.linspace(-1, 1, height, dtype=numpy.float32) * math.sin(angle)
    light = 1 - rng.uniform(0.1, 0.4) * (0.5 + 0.5 * (across[None] + down[:, None]) / 1.42)
    return pixels * light[..., None]


def turn(page, degrees):
    """Turns the page about its middle; the corners are filled with paper."""
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
    page.turned = degrees
