"""Tables and charts whose values are read, compared, summed or written as CSV and Markdown."""

import math
import random
from collections.abc import Sequence

from ..chat import Sample
from . import words
from .page import Page, damage

PALETTE = {
    "red": (214, 39, 40),
    "green": (44, 160, 44),
    "blue": (31, 119, 180),
    "orange": (255, 127, 14),
    "purple": (148, 103, 189),
    "gray": (127, 127, 127),
}


def labels(rng: random.Random, count: int) -> list[str]:
    """Names of categories: months, days, quarters, towns or goods."""
    kind = rng.randrange(5)
    if kind == 0:
        start = rng.randrange(12 - count + 1)
        return [month[:3] for month in words.MONTHS[start : start + count]]
    if kind == 1 and count <= 7:
        return words.DAYS[:count]
    if kind == 2 and count <= 4:
        return [f"Q{i + 1}" for i in range(count)]
    return rng.sample(words.CITIES if kind < 4 else words.GOODS, count)


def table(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    strength: float = 1.0,
    fewest: int = 2,
    most: int = 5,
) -> Sample:
    """A table with a header row and two questions: for CSV or Markdown, and for one cell."""
    page = Page(width, height, rng, fonts)
    wide = width >= 512
    columns, rows = rng.randint(2, 4) if wide else 2, rng.randint(fewest, most)
    size = rng.randint(14, 19)
    heads = ["Name", *rng.sample(["Price", "Count", "Year", "Score", "Size", "Sold"], columns - 1)]
    names = rng.sample(words.GOODS + words.CITIES, rows)
    body = [[name, *(number(rng) for _ in heads[1:])] for name in names]
    left, top = rng.randint(10, 40), rng.randint(10, 120 if height >= 512 else 30)
    pitch, stop = size * rng.uniform(1.5, 2.1), rng.randint(95, 118)
    ruled = rng.random() < 0.6
    for i, row in enumerate([heads, *body]):
        y = top + i * pitch
        for j, cell in enumerate(row):
            page.text(left + j * stop, y, cell, size)
            if j > 0 and i > 0:
                page.partners[len(page.strings) - 1] = len(page.strings) - 1 - j
        if ruled or i == 0:
            line = (left - 4, y + pitch - 4, left + columns * stop - 6, y + pitch - 4)
            page.draw.line(line, fill=page.ink)
    damage(page, strength)
    csv = "\n".join(",".join(row) for row in [heads, *body])
    marks = [heads, ["---"] * columns, *body]
    markdown = "\n".join(f"| {' | '.join(row)} |" for row in marks)
    turns = [
        (rng.choice(("Write the table as CSV.", "Table to CSV.")), csv),
        (rng.choice(("Write the table as Markdown.", "Table to Markdown.")), markdown),
    ]
    rng.shuffle(turns)
    row, column = rng.choice(body), rng.randrange(1, columns)
    cell = (f"What is the {heads[column].lower()} of {row[0]}?", row[column])
    turns = [turns[0], cell]
    rng.shuffle(turns)
    return Sample([page], turns)


def number(rng: random.Random) -> str:
    """A random number as a table cell shows it."""
    draw = rng.random()
    if draw < 0.5:
        return str(rng.randint(1, 99))
    return f"{rng.uniform(1, 200):.{rng.choice((1, 2))}f}"


def chart(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    strength: float = 1.0,
    turns: int = 4,
    more: bool = False,
) -> Sample:
    """A bar, line or pie chart with printed values and several questions.

    more: every value is asked for as well.
    """
    page, title, names, values = draw_chart(rng, fonts, width, height, strength)
    asked = chart_turns(rng, title, names, values, turns)
    if more:
        every = [(f"What is the value of {n}?", str(v)) for n, v in zip(names, values)]
        rng.shuffle(every)
        asked = [*asked, *every] if rng.random() < 0.5 else [*every, *asked]
    return Sample([page], asked)


def draw_chart(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    strength: float = 1.0,
) -> tuple[Page, str, list[str], list[int]]:
    """(page, title, names, values)"""
    page = Page(width, height, rng, fonts)
    wide = width >= 512
    names = labels(rng, rng.randint(3, 6) if wide else 3)
    count = len(names)
    values = rng.sample(range(2, 100), count)
    subject = rng.choice(("Sales", "Visitors", "Output", "Orders", "Rain"))
    title = f"{subject} {rng.randint(2018, 2029)}"
    at = rng.randint(20, 120 if wide else 60), rng.randint(6, 16)
    page.text(*at, title, rng.randint(16, 22))
    rng.choice((bars, bars, curve, pie) if wide else (bars, curve))(rng, page, names, values)
    damage(page, strength)
    return page, title, names, values


def reasoned(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    strength: float = 1.0,
) -> Sample:
    """A question with reasoning on: the values are read first, then used in a calculation."""
    page, _, names, values = draw_chart(rng, fonts, width, height, strength)
    i, j = sorted(rng.sample(range(len(names)), 2))
    (a, x), (b, y) = (names[i], values[i]), (names[j], values[j])
    read = f"{a}: {x}, {b}: {y}. "
    least, most = (a, x) if x < y else (b, y), (a, x) if x > y else (b, y)
    turns = [
        (f"What is the sum of {a} and {b}?", f"{x} + {y} = {x + y}", str(x + y)),
        (
            f"By how much do {a} and {b} differ?",
            f"{most[1]} - {least[1]} = {most[1] - least[1]}",
            str(most[1] - least[1]),
        ),
        (f"Which is larger, {a} or {b}?", f"{most[1]} > {least[1]}", most[0]),
        (
            f"Does it rise or fall from {a} to {b}?",
            f"{y} > {x}" if y > x else f"{y} < {x}",
            "It rises." if y > x else "It falls.",
        ),
    ]
    ask, thought, answer = rng.choice(turns)
    return Sample([page], [(ask, f"{read}{thought}\n</think>\n{answer}")])


def chart_turns(
    rng: random.Random, title: str, names: Sequence[str], values: Sequence[int], count: int
) -> list[tuple[str, str]]:
    """`count` random questions about a chart with their answers."""
    turns = []
    high, low = values.index(max(values)), values.index(min(values))
    for _ in range(count):
        i, j = rng.sample(range(len(names)), 2)
        larger = names[i] if values[i] > values[j] else names[j]
        turns.append(
            rng.choice(
                (
                    (f"What is the value of {names[i]}?", str(values[i])),
                    (f"What is the value of {names[j]}?", str(values[j])),
                    ("Which is the highest?", names[high]),
                    ("Which is the lowest?", names[low]),
                    (f"Which is larger, {names[i]} or {names[j]}?", larger),
                    (f"What is the sum of {names[i]} and {names[j]}?", str(values[i] + values[j])),
                    ("What is the title?", title),
                    (
                        "List all values.",
                        ", ".join(f"{name}: {value}" for name, value in zip(names, values)),
                    ),
                )
            )
        )
    return turns


def bars(rng: random.Random, page: Page, names: Sequence[str], values: Sequence[int]) -> None:
    """Draws a bar chart with a value above and a name below each bar."""
    base, top, left = page.height - 44, 70, 24
    step = (page.width - 2 * left) / len(names)
    colour = rng.choice(list(PALETTE.values()))
    page.draw.line((left, base, page.width - left, base), fill=page.ink)
    for i, (name, value) in enumerate(zip(names, values)):
        x = left + i * step
        height = (base - top) * value / 100
        page.draw.rectangle((x + step * 0.2, base - height, x + step * 0.8, base), fill=colour)
        centred_text(page, x + step / 2, base - height - 20, str(value), 15)
        centred_text(page, x + step / 2, base + 8, name, 14)
        page.link(-1, -2)


def curve(rng: random.Random, page: Page, names: Sequence[str], values: Sequence[int]) -> None:
    """Draws a line chart with a value above and a name below each point."""
    base, top, left = page.height - 44, 80, 24
    step = (page.width - 2 * left) / len(names)
    colour = rng.choice(list(PALETTE.values()))
    points = [
        (left + (i + 0.5) * step, base - 10 - (base - top) * value / 100)
        for i, value in enumerate(values)
    ]
    page.draw.line((left, base, page.width - left, base), fill=page.ink)
    page.draw.line(points, fill=colour, width=3)
    for (x, y), name, value in zip(points, names, values):
        page.draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=colour)
        centred_text(page, x, y - 26, str(value), 15)
        centred_text(page, x, base + 8, name, 14)
        page.link(-1, -2)


def pie(rng: random.Random, page: Page, names: Sequence[str], values: Sequence[int]) -> None:
    """Draws a pie chart with a legend of names and values."""
    total, angle = sum(values), rng.uniform(0, 360)
    box = (30, 120, 280, 370)
    for i, (name, value) in enumerate(zip(names, values)):
        colour = list(PALETTE.values())[i]
        turn = 360 * value / total
        page.draw.pieslice(box, angle, angle + turn, fill=colour, outline=page.paper)
        y = 130 + i * 34
        page.draw.rectangle((310, y, 326, y + 16), fill=colour)
        page.text(336, y - 2, f"{name}: {value}", 16)
        page.split_last_word()
        angle += turn


def centred_text(page: Page, x: float, y: float, text: str, size: int) -> None:
    """Text centred on x, moved where it would leave the page."""
    wide = page.text_width(text, size)
    page.text(max(0, min(page.width - wide, x - wide / 2)), y, text, size)
