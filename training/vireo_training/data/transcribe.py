"""Lines, paragraphs and pages of text to be read letter by letter."""

from ..chat import Sample
from . import words
from .page import Page, damage

ASKS = [
    "Transcribe the text.",
    "Transcribe the text in this image exactly as written.",
    "Read the text.",
    "What does it say?",
    "OCR this.",
]


def lines_that_fit(rng, page, size, width, most_lines, most_words):
    """Greedy filling of lines no wider than width pixels."""
    lines, used = [], 0
    while len(lines) < most_lines and used < most_words:
        line = ""
        for word in words.words(rng, min(most_words - used, 14)):
            longer = f"{line} {word}" if line else word
            if page.length(longer, size) > width:
                break
            line = longer
            used += 1
        if not line:
            break
        lines.append(line)
        if rng.random() < 0.12:
            break
    return lines


def text_block(rng, fonts, width, height, most_words, strength=1.0, one_line=False):
    """Text of up to most_words words on a page of width × height pixels."""
    page = Page(width, height, rng, fonts)
    biggest = 40 if height >= 128 else 28
    size = rng.randint(13, 22) if rng.random() < 0.75 else rng.randint(20, biggest)
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


def transcription(rng, fonts, width, height, most_words, strength=1.0):
    page, text = text_block(rng, fonts, width, height, most_words, strength)
    return Sample([page], [(rng.choice(ASKS), text)])


def line(rng, fonts, strength=1.0):
    """One line on a strip two to four times as wide as high; the tile stretches it."""
    height = rng.choice((128, 160, 192, 256))
    page, text = text_block(rng, fonts, 512, height, 12, strength, one_line=True)
    return Sample([page], [(rng.choice(ASKS), text)])
