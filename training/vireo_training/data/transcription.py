"""Lines, paragraphs and pages of text to be transcribed letter by letter."""

import functools
import random
from collections.abc import Callable, Sequence

from ..chat import Sample
from . import words
from .page import Page, box_text, copied, damage

ASKS = [
    "Transcribe the text.",
    "Transcribe the text in this image exactly as written.",
    "Read the text.",
    "What does it say?",
    "OCR this.",
]


FINDS = [
    'Read the line that begins with "{}".',
    'Transcribe the line that starts with "{}".',
]


def lines_that_fit(
    rng: random.Random,
    page: Page,
    size: int,
    width: float,
    most_lines: int,
    most_words: int,
    ends: float = 0.12,
) -> list[str]:
    """Random lines of words up to `width` pixels wide; each is the last with chance `ends`."""
    lines: list[str] = []
    used = 0
    while len(lines) < most_lines and used < most_words:
        line = ""
        for word in words.words(rng, min(most_words - used, 14)):
            longer = f"{line} {word}" if line else word
            if page.text_width(longer, size) > width:
                break
            line = longer
            used += 1
        if not line:
            break
        lines.append(line)
        if rng.random() < ends:
            break
    return lines


def text_block(
    rng: random.Random,
    fonts: Sequence[str],
    width: int,
    height: int,
    most_words: int,
    strength: float = 1.0,
    one_line: bool = False,
) -> tuple[Page, str]:
    """A page of width × height pixels with up to most_words words, and its text."""
    page = Page(width, height, rng, fonts)
    biggest = 40 if height >= 128 else 28 if height >= 64 else 18
    small, large = (13, min(22, biggest)), (min(20, biggest), biggest)
    size = rng.randint(*(small if rng.random() < 0.75 else large))
    left, top = rng.randint(4, 24), rng.randint(2, max(3, min(40, height // 4)))
    pitch = size * rng.uniform(1.25, 1.8)
    room = 1 if one_line else int((height - top - 2) / pitch)
    if room < 1:
        size, top, pitch, room = 16, 4, 24, max(1, (height - 6) // 24)
    lines = lines_that_fit(rng, page, size, width - left - 4, room, most_words)
    if not lines:
        lines = [words.made_up(rng)[:6]]
    for i, line in enumerate(lines):
        page.text(left, top + i * pitch, line, size)
    damage(page, strength)
    return page, "\n".join(lines)


def transcription(
    rng: random.Random,
    fonts: Sequence[str],
    width: int,
    height: int,
    most_words: int,
    strength: float = 1.0,
) -> Sample:
    """A page of text to be transcribed."""
    page, text = text_block(rng, fonts, width, height, most_words, strength)
    return Sample([page], [(rng.choice(ASKS), text)])


def line(
    rng: random.Random,
    fonts: Sequence[str],
    strength: float = 1.0,
    width: int = 512,
    heights: Sequence[int] = (128, 160, 192, 256),
) -> Sample:
    """One line on a strip that is two to four times as wide as high; the tile stretches it."""
    page, text = text_block(rng, fonts, width, rng.choice(heights), 12, strength, one_line=True)
    return Sample([page], [(rng.choice(ASKS), text)])


def dense(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    turns: int = 4,
    strength: float = 1.0,
) -> Sample:
    """A page full of small print with questions for single lines, words and places: as many glyphs
    as a tile can hold, with short answers."""
    page = Page(width, height, rng, fonts)
    size, left, top = rng.randint(13, 20), rng.randint(4, 30), rng.randint(2, 24)
    pitch = size * rng.uniform(1.25, 1.7)
    room = int((height - top - 4) / pitch)
    lines = lines_that_fit(rng, page, size, width - left - 4, room, 1000, ends=0)
    boxes = [page.text(left, top + i * pitch, text, size) for i, text in enumerate(lines)]
    damage(page, strength)
    every = " ".join(lines).split(" ")
    asked: list[tuple[str, str | Callable[[], str]]] = []
    while len(asked) < turns:
        i = rng.randrange(len(lines))
        parts = lines[i].split(" ")
        at = rng.randrange(len(parts))
        once = every.count(parts[at]) == 1
        after = page.strings[i][1] + len("".join(parts[: at + 1]))
        draw = rng.random()
        if draw < 0.35 and once and page.rotation == 0:
            x = boxes[i][0] + page.text_width(" ".join([*parts[:at], ""]), size)
            box = (x, boxes[i][1], x + page.text_width(parts[at], size), boxes[i][3])
            page.last_glyphs[box] = after - 1
            asked.append((f'Where is "{parts[at]}"?', functools.partial(box_text, page, box)))
        elif draw < 0.6 and once and at + 1 < len(parts):
            asked.append((f'Which word follows "{parts[at]}"?', copied(parts[at + 1], after)))
        else:
            asked.append((rng.choice(FINDS).format(" ".join(parts[:2])), lines[i]))
    return Sample([page], asked)
