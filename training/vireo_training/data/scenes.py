"""Coloured shapes: counting, colours, places, captions, and two pictures that differ."""

import math
import random
from collections.abc import Sequence
from typing import Any

from ..chat import Sample
from .page import Page, Part, SourcedAnswer, sourced

COLOURS = {
    "red": (220, 40, 40),
    "green": (40, 170, 60),
    "blue": (40, 80, 220),
    "yellow": (240, 210, 40),
    "purple": (140, 60, 190),
    "orange": (245, 140, 30),
    "black": (25, 25, 25),
}
SHAPES = ("circle", "square", "triangle", "star")
# (shape, colour, row, column) on a grid of three by three.
Shape = tuple[str, str, int, int]
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
PLACES = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)
# (row, column) of a ninth of the picture.
Place = tuple[int, int]
NINTHS: list[Place] = [divmod(i, 3) for i in range(9)]


def draw_shape(page: Page, shape: str, colour: str, x: float, y: float, radius: float) -> None:
    """Draws a shape about (x, y) and records its name there."""
    page.label_place(x, y, f"{colour} {shape}")
    fill = COLOURS[colour]
    if shape == "circle":
        page.draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
    elif shape == "square":
        side = radius * 0.9
        page.draw.rectangle((x - side, y - side, x + side, y + side), fill=fill)
    else:
        points = 3 if shape == "triangle" else 5
        corners = []
        for k in range(points if shape == "triangle" else 2 * points):
            inner = shape == "star" and k % 2 == 1
            angle = math.pi * (2 * k / points if shape == "triangle" else k / points)
            reach = radius * (0.42 if inner else 1)
            corners.append((x + reach * math.sin(angle), y - reach * math.cos(angle)))
        page.draw.polygon(corners, fill=fill)


def place_shapes(rng: random.Random, count: int) -> list[Shape]:
    """count different (shape, colour, row, column) on a three by three grid."""
    spots = rng.sample(range(9), count)
    kinds = rng.sample([(s, c) for s in SHAPES for c in COLOURS], rng.randint(1, count))
    chosen = [rng.choice(kinds) for _ in range(count)]
    return [(s, c, spot // 3, spot % 3) for (s, c), spot in zip(chosen, spots)]


class ShapeLayout:
    """The size and the offset in its ninth of each shape, the same in all frames of a clip."""

    def __init__(self, rng: random.Random, width: int, height: int) -> None:
        self.paper = tuple(rng.randint(236, 255) for _ in range(3))
        self.places: dict[Shape, tuple[float, float, float]] = {}
        self.draw = lambda: (
            min(width, height) * rng.uniform(0.09, 0.14),
            rng.uniform(-0.1, 0.1),
            rng.uniform(-0.1, 0.1),
        )

    def placement(self, shape: Shape) -> tuple[float, float, float]:
        """Radius in pixels, and offsets right and down in ninths of the picture."""
        return self.places.setdefault(shape, self.draw())


def draw_scene(
    rng: random.Random,
    width: int,
    height: int,
    shapes: Sequence[Shape],
    layout: ShapeLayout | None = None,
) -> Page:
    """Draws the shapes on a page and records their places and counts."""
    page = Page(width, height, rng, ["DejaVuSans"], plain=True)
    layout = layout or ShapeLayout(rng, width, height)
    page.picture.paste(layout.paper, (0, 0, width, height))
    for each in shapes:
        shape, colour, row, column = each
        radius, right, down = layout.placement(each)
        x, y = width * (column + 0.5 + right) / 3, height * (row + 0.5 + down) / 3
        draw_shape(page, shape, colour, x, y, radius)
        page.places[row, column] = (x, y, f"{colour} {shape}")
    record_counts(page, shapes)
    return page


def in_order(page: Page, shapes: Sequence[Any]) -> list[Any]:
    """Shapes or places in the order of the picture tokens of 32 pixels that hold their middles. Row
    and column are the last two values of each."""

    def token(each: Any) -> tuple[float, float]:
        x, y, _ = page.place_at(*each[-2:])
        return y // 32, x // 32

    return sorted(shapes, key=token)


def record_counts(page: Page, shapes: Sequence[Shape]) -> None:
    """Records for each shape how many of its shape, its colour and any kind there are up to it."""
    seen: list[str] = []
    for each in in_order(page, shapes):
        shape, colour, row, column = each
        seen += [shape, colour]
        x, y, _ = page.place_at(row, column)
        page.shape_counts.append((x, y, (seen.count(shape), seen.count(colour), len(seen) // 2)))


def count_answer(page: Page, shapes: Sequence[Shape], which: int = 0) -> str:
    """The number of these shapes, read at the last of them. which: the index of the page."""
    if not shapes:
        return "0"
    *_, (_, _, row, column) = in_order(page, shapes)
    return sourced("{}", (str(len(shapes)), which, row, column))


def record_changes(pages: list[Page], places: Sequence[Place] = NINTHS) -> list[Page]:
    """Records for each picture after the first, place by place, what the previous picture showed
    and how many places changed up to there. Returns the pages."""
    changes = 0
    for before, now in zip(pages, pages[1:]):
        for row, column in in_order(now, places):
            x, y, name = now.place_at(row, column)
            was = before.place_at(row, column)[2]
            changes += name != was
            now.changes.append((x, y, was, name, changes))
    return pages


def nothing_changed(pages: Sequence[Page], places: Sequence[Place] = NINTHS) -> SourcedAnswer:
    """The answer that nothing changes, read at the last place of the last picture."""
    return sourced("{}", ("Nothing.", len(pages) - 1, *in_order(pages[-1], places)[-1]))


def several(count: int, name: str) -> str:
    """The number in words and the noun in its singular or plural."""
    return f"{NUMBERS[count]} {name}{'' if count == 1 else 's'}"


def name_part(each: Shape, page: int = 0) -> Part:
    """The colour and name of a shape, as a part of an answer."""
    shape, colour, row, column = each
    return (f"{colour} {shape}", page, row, column)


def place_part(each: Shape, page: int = 0) -> Part:
    """The place of a shape, as a part of an answer."""
    _, _, row, column = each
    return (PLACES[row][column], page, row, column)


def caption(shapes: Sequence[Shape], page: int = 0) -> SourcedAnswer:
    """An answer that names every shape in reading order with its colour and place."""
    ordered = sorted(shapes, key=lambda s: (s[2], s[3]))
    parts = [make(each, page) for each in ordered for make in (name_part, place_part)]
    return sourced(", ".join(["{} ({})"] * len(ordered)), *parts)


def ask_all(page: Page, shapes: Sequence[Shape]) -> tuple[str, str]:
    """A question for the number of all shapes, and its answer."""
    return "How many shapes are there?", count_answer(page, shapes)


def ask_kind(page: Page, shapes: Sequence[Shape], shape: str) -> tuple[str, str]:
    """A question for the number of one shape, and its answer."""
    return f"How many {shape}s are there?", count_answer(page, [s for s in shapes if s[0] == shape])


def ask_colour(page: Page, shapes: Sequence[Shape], colour: str) -> tuple[str, str]:
    """A question for the number of shapes of one colour, and its answer."""
    alike = [s for s in shapes if s[1] == colour]
    return f"How many {colour} shapes are there?", count_answer(page, alike)


def scene_turns(
    rng: random.Random, page: Page, shapes: Sequence[Shape], count: int
) -> list[tuple[str, str]]:
    """`count` random questions about a scene with their answers."""
    turns = []
    for _ in range(count):
        each = rng.choice(shapes)
        shape, colour, row, column = each
        same = [s for s in shapes if s[0] == shape]
        unique = sum((s, c) == (shape, colour) for s, c, *_ in shapes) == 1
        options = [
            ask_all(page, shapes),
            ask_kind(page, shapes, shape),
            ask_colour(page, shapes, colour),
            ("Describe the picture.", caption(shapes)),
            (f"What is at the {PLACES[row][column]}?", sourced("a {}", name_part(each))),
        ]
        if len(same) == 1:
            options.append(
                (f"What colour is the {shape}?", sourced("{}", (colour, 0, row, column)))
            )
        if unique:
            options.append((f"Where is the {colour} {shape}?", sourced("{}", place_part(each))))
        turns.append(rng.choice(options))
    return turns


def scene(
    rng: random.Random, fonts: Sequence[str], width: int = 512, height: int = 512, turns: int = 4
) -> Sample:
    """A scene of one to six shapes with random questions."""
    shapes = place_shapes(rng, rng.randint(1, 6))
    page = draw_scene(rng, width, height, shapes)
    return Sample([page], scene_turns(rng, page, shapes, turns))


def counts(rng: random.Random, width: int, height: int, turns: int | None = None) -> Sample:
    """A scene with questions for the number of all shapes, of each shape and colour in it, and of
    one random shape and colour. turns: the number of questions, or None for all."""
    shapes = place_shapes(rng, rng.choice((1, 2, 3, 4, 5, 5, 6, 6)))
    page = draw_scene(rng, width, height, shapes)
    kinds, colours = (dict.fromkeys(each[i] for each in shapes) for i in (0, 1))
    kinds[rng.choice(SHAPES)] = colours[rng.choice(list(COLOURS))] = None
    asked = [ask_all(page, shapes)]
    asked += [ask_kind(page, shapes, shape) for shape in kinds]
    asked += [ask_colour(page, shapes, colour) for colour in colours]
    rng.shuffle(asked)
    return Sample([page], asked[:turns])


def pair(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    more: bool = False,
) -> Sample:
    """Two pictures: in the second one shape is moved, recoloured, added or removed, or nothing
    changes. more: at times one of the pictures is also to be described."""
    before = place_shapes(rng, rng.randint(2, 5))
    after = list(before)
    i = rng.randrange(len(before))
    shape, colour, row, column = before[i]
    free = [spot for spot in range(9) if all((r, c) != divmod(spot, 3) for _, _, r, c in before)]
    kind = rng.choice(("colour", "gone", "added", "moved", "same"))
    answer = None
    if kind == "colour":
        other = rng.choice([name for name in COLOURS if name != colour])
        after[i] = (shape, other, row, column)
        colours = (other, 1, row, column), (colour, 0, row, column)
        form = "The {} at the {} is {} instead of {}."
        answer = sourced(form, (shape, 1, row, column), place_part(before[i], 1), *colours)
    elif kind == "gone":
        after.pop(i)
        answer = sourced(
            "The {} at the {} is gone.", name_part(before[i], 1), place_part(before[i], 1)
        )
    elif kind != "same":
        r, c = divmod(rng.choice(free), 3)
        if kind == "added":
            shape, colour = rng.choice(SHAPES), rng.choice(list(COLOURS))
            after.append((shape, colour, r, c))
            answer = sourced(
                "A {} was added at the {}.", name_part(after[-1], 1), place_part(after[-1], 1)
            )
        else:
            after[i] = (shape, colour, r, c)
            places = place_part(before[i], 1), place_part(after[i], 1)
            answer = sourced("The {} moved from the {} to the {}.", name_part(after[i], 1), *places)
    pages = [draw_scene(rng, width, height, shapes) for shapes in (before, after)]
    turns = [
        (rng.choice(("What changed?", "What is different?")), answer or nothing_changed(pages))
    ]
    if more and rng.random() < 0.5:
        which = rng.randrange(2)
        name = ("first", "second")[which]
        turns.append((f"Describe the {name} picture.", caption((before, after)[which], which)))
        rng.shuffle(turns)
    return Sample(record_changes(pages), turns)


def captions(
    rng: random.Random,
    fonts: Sequence[str],
    width: int = 512,
    height: int = 512,
    frames: int = 4,
    gap: float | None = None,
) -> Sample:
    """Frames in which shapes move one after the other, to be captioned in order.

    gap: seconds between frames; the caption then gives times, else frame numbers.
    """
    shapes = place_shapes(rng, rng.randint(1, 2))
    layout, states, moves = ShapeLayout(rng, width, height), [list(shapes)], []
    for frame in range(1, frames):
        now = list(states[-1])
        if rng.random() < 0.6:
            i = rng.randrange(len(now))
            free = [s for s in range(9) if all((r, c) != divmod(s, 3) for *_, r, c in now)]
            before, (row, column) = now[i], divmod(rng.choice(free), 3)
            now[i] = (*before[:2], row, column)
            when = f"Frame {frame + 1}" if gap is None else f"{frame * gap:.2f} s"
            seen = frame, row, column
            moves.append(
                [
                    (when, *seen),
                    name_part(now[i], frame),
                    place_part(before, frame),
                    place_part(now[i], frame),
                ]
            )
        states.append(now)
    pages = [draw_scene(rng, width, height, state, layout) for state in states]
    # Whether another move follows is read where it is seen; that none follows, at the last place.
    last = len(pages) - 1, *in_order(pages[-1], NINTHS)[-1]
    ends = [(".\n", *move[0][1:]) for move in moves[1:]] + [(".", *last)]
    parts = [part for move, end in zip(moves, ends) for part in (*move, end)]
    form = "{}: the {} moves from the {} to the {}{}" * len(moves)
    answer = sourced(form, *parts) if moves else nothing_changed(pages)
    turns = [
        (rng.choice(("Caption the video.", "What happens when?")), answer),
        ("How often does something move?", sourced("{}", (str(len(moves)), *last))),
    ]
    return Sample(record_changes(pages), turns, clip=gap)


def clip(
    rng: random.Random, fonts: Sequence[str], width: int = 512, height: int = 512, frames: int = 4
) -> Sample:
    """Frames in which one shape moves, appears or disappears, or in which nothing happens."""
    resting = place_shapes(rng, rng.randint(2, 4))
    (shape, colour, row, column), *resting = resting
    free = [spot for spot in range(9) if all((r, c) != divmod(spot, 3) for _, _, r, c in resting)]
    free.remove(row * 3 + column)
    acting = (shape, colour, row, column)
    turn = rng.randint(1, frames - 1)
    parts = name_part(acting, turn), place_part(acting, turn)
    kind = rng.choice(("moves", "moves", "appears", "disappears", "nothing"))
    answer = None
    states = [[acting]] * frames
    if kind == "moves":
        r, c = divmod(rng.choice(free), 3)
        moved = (shape, colour, r, c)
        states = [[acting]] * turn + [[moved]] * (frames - turn)
        parts = name_part(moved, turn), place_part(acting, turn), place_part(moved, turn)
        answer = sourced("The {} moves from the {} to the {}.", *parts)
    elif kind == "appears":
        states = [[]] * turn + [[acting]] * (frames - turn)
        answer = sourced("A {} appears at the {}.", *parts)
    elif kind == "disappears":
        states = [[acting]] * turn + [[]] * (frames - turn)
        answer = sourced("The {} at the {} disappears.", *parts)
    layout = ShapeLayout(rng, width, height)
    pages = [draw_scene(rng, width, height, [*resting, *state], layout) for state in states]
    asked = rng.choice(("What happens?", "What happens in the video?"))
    turns: list[tuple[str, str]] = [(asked, answer or nothing_changed(pages))]
    count = count_answer(pages[-1], [*resting, *states[-1]], frames - 1)
    turns.append(("How many shapes are there at the end?", count))
    if kind != "nothing":
        turns.append(("In which frame does it happen?", str(turn + 1)))
    return Sample(record_changes(pages), turns, clip=rng.choice((0.5, 1, 2, None, None)))
