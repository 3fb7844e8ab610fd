"""Coloured shapes: counting, colours, places, captions, and two pictures that differ."""

import math

from ..chat import Sample
from .page import Page, told

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
NUMBERS = ("no", "one", "two", "three", "four", "five", "six")
PLACES = (
    ("top left", "top", "top right"),
    ("left", "middle", "right"),
    ("bottom left", "bottom", "bottom right"),
)
SPOTS = [divmod(i, 3) for i in range(9)]


def draw_shape(page, shape, colour, x, y, radius):
    page.name(x, y, f"{colour} {shape}")
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


def place_shapes(rng, count):
    """count different (shape, colour, row, column) on a three by three grid."""
    spots = rng.sample(range(9), count)
    kinds = rng.sample([(s, c) for s in SHAPES for c in COLOURS], rng.randint(1, count))
    chosen = [rng.choice(kinds) for _ in range(count)]
    return [(s, c, spot // 3, spot % 3) for (s, c), spot in zip(chosen, spots)]


class Spread:
    """Where on its spot each kind of shape stands and how large it is, the same in all frames of
    a clip."""

    def __init__(self, rng, width, height):
        self.paper = tuple(rng.randint(236, 255) for _ in range(3))
        self.places = {}
        self.draw = lambda: (
            min(width, height) * rng.uniform(0.09, 0.14),
            rng.uniform(-0.1, 0.1),
            rng.uniform(-0.1, 0.1),
        )

    def of(self, shape):
        return self.places.setdefault(shape, self.draw())


def draw_scene(rng, width, height, shapes, spread=None):
    page = Page(width, height, rng, ["DejaVuSans"], plain=True)
    spread = spread or Spread(rng, width, height)
    page.picture.paste(spread.paper, (0, 0, width, height))
    for each in shapes:
        shape, colour, row, column = each
        radius, right, down = spread.of(each)
        x, y = width * (column + 0.5 + right) / 3, height * (row + 0.5 + down) / 3
        draw_shape(page, shape, colour, x, y, radius)
        page.spots[row, column] = (x, y, f"{colour} {shape}")
    count_up(page, shapes)
    return page


def in_order(page, shapes):
    """Shapes or spots as the picture tokens of 32 pixels, in which their middles are, are read."""

    def token(each):
        x, y, _ = page.spot(*each[-2:])
        return y // 32, x // 32

    return sorted(shapes, key=token)


def count_up(page, shapes):
    """Each shape is taught with how many like it there are up to it."""
    seen = []
    for each in in_order(page, shapes):
        shape, colour, row, column = each
        seen += [shape, colour]
        x, y, _ = page.spot(row, column)
        page.counted.append((x, y, (seen.count(shape), seen.count(colour), len(seen) // 2)))


def counted(page, shapes, which=0):
    """How many these are, read at the last of them."""
    if not shapes:
        return "0"
    *_, (_, _, row, column) = in_order(page, shapes)
    return told("{}", (str(len(shapes)), which, row, column))


def remember(pages, spots=SPOTS):
    """Each picture after the first is taught with what stood in the one before, spot by spot, and
    with how many of them were another up to there."""
    changes = 0
    for before, now in zip(pages, pages[1:]):
        for row, column in in_order(now, spots):
            x, y, name = now.spot(row, column)
            was = before.spot(row, column)[2]
            changes += name != was
            now.past.append((x, y, was, name, changes))
    return pages


def nothing(pages, spots=SPOTS):
    """That nothing changes is read at the last spot of all."""
    return told("{}", ("Nothing.", len(pages) - 1, *in_order(pages[-1], spots)[-1]))


def several(count, name):
    return f"{NUMBERS[count]} {name}{'' if count == 1 else 's'}"


def named(each, page=0):
    """A shape's colour and name, as a piece of an answer."""
    shape, colour, row, column = each
    return (f"{colour} {shape}", page, row, column)


def placed(each, page=0):
    """A shape's place, as a piece of an answer."""
    _, _, row, column = each
    return (PLACES[row][column], page, row, column)


def caption(shapes, page=0):
    """Every shape in reading order with its colour and place."""
    ordered = sorted(shapes, key=lambda s: (s[2], s[3]))
    pieces = [make(each, page) for each in ordered for make in (named, placed)]
    return told(", ".join(["{} ({})"] * len(ordered)), *pieces)


def ask_all(page, shapes):
    return "How many shapes are there?", counted(page, shapes)


def ask_kind(page, shapes, shape):
    return f"How many {shape}s are there?", counted(page, [s for s in shapes if s[0] == shape])


def ask_colour(page, shapes, colour):
    alike = [s for s in shapes if s[1] == colour]
    return f"How many {colour} shapes are there?", counted(page, alike)


def scene_turns(rng, page, shapes, count):
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
            (f"What is at the {PLACES[row][column]}?", told("a {}", named(each))),
        ]
        if len(same) == 1:
            options.append((f"What colour is the {shape}?", told("{}", (colour, 0, row, column))))
        if unique:
            options.append((f"Where is the {colour} {shape}?", told("{}", placed(each))))
        turns.append(rng.choice(options))
    return turns


def scene(rng, fonts, width=512, height=512, turns=4):
    shapes = place_shapes(rng, rng.randint(1, 6))
    page = draw_scene(rng, width, height, shapes)
    return Sample([page], scene_turns(rng, page, shapes, turns))


def counts(rng, width, height, turns=None):
    """A scene of which all, every kind and every colour are counted, and a kind and a colour that
    may not be there; or so many turns of them."""
    shapes = place_shapes(rng, rng.choice((1, 2, 3, 4, 5, 5, 6, 6)))
    page = draw_scene(rng, width, height, shapes)
    kinds, colours = (dict.fromkeys(each[i] for each in shapes) for i in (0, 1))
    kinds[rng.choice(SHAPES)] = colours[rng.choice(list(COLOURS))] = None
    asked = [ask_all(page, shapes)]
    asked += [ask_kind(page, shapes, shape) for shape in kinds]
    asked += [ask_colour(page, shapes, colour) for colour in colours]
    rng.shuffle(asked)
    return Sample([page], asked[:turns])


def pair(rng, fonts, width=512, height=512, more=False):
    """Two pictures; the second has one shape moved, recoloured, added or gone, or is the same.
    more: what each of them shows is asked too."""
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
        answer = told(form, (shape, 1, row, column), placed(before[i], 1), *colours)
    elif kind == "gone":
        after.pop(i)
        answer = told("The {} at the {} is gone.", named(before[i], 1), placed(before[i], 1))
    elif kind != "same":
        r, c = divmod(rng.choice(free), 3)
        if kind == "added":
            shape, colour = rng.choice(SHAPES), rng.choice(list(COLOURS))
            after.append((shape, colour, r, c))
            answer = told("A {} was added at the {}.", named(after[-1], 1), placed(after[-1], 1))
        else:
            after[i] = (shape, colour, r, c)
            places = placed(before[i], 1), placed(after[i], 1)
            answer = told("The {} moved from the {} to the {}.", named(after[i], 1), *places)
    pages = [draw_scene(rng, width, height, shapes) for shapes in (before, after)]
    turns = [(rng.choice(("What changed?", "What is different?")), answer or nothing(pages))]
    if more and rng.random() < 0.5:
        which = rng.randrange(2)
        name = ("first", "second")[which]
        turns.append((f"Describe the {name} picture.", caption((before, after)[which], which)))
        rng.shuffle(turns)
    return Sample(remember(pages), turns)


def captions(rng, fonts, width=512, height=512, frames=4, gap=None):
    """Frames in which shapes move one after the other, told in order: with their times where the
    seconds between frames are known, else with their numbers."""
    shapes = place_shapes(rng, rng.randint(1, 2))
    spread, states, moves = Spread(rng, width, height), [list(shapes)], []
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
                [(when, *seen), named(now[i], frame), placed(before, frame), placed(now[i], frame)]
            )
        states.append(now)
    pages = [draw_scene(rng, width, height, state, spread) for state in states]
    # That another move follows is read where it is seen, that none does at the very last spot.
    last = len(pages) - 1, *in_order(pages[-1], SPOTS)[-1]
    ends = [(".\n", *move[0][1:]) for move in moves[1:]] + [(".", *last)]
    pieces = [piece for move, end in zip(moves, ends) for piece in (*move, end)]
    form = "{}: the {} moves from the {} to the {}{}" * len(moves)
    answer = told(form, *pieces) if moves else nothing(pages)
    turns = [
        (rng.choice(("Caption the video.", "What happens when?")), answer),
        ("How often does something move?", told("{}", (str(len(moves)), *last))),
    ]
    return Sample(remember(pages), turns, clip=gap)


def clip(rng, fonts, width=512, height=512, frames=4):
    """Frames in which one shape moves, appears or disappears, or in which nothing happens."""
    resting = place_shapes(rng, rng.randint(2, 4))
    (shape, colour, row, column), *resting = resting
    free = [spot for spot in range(9) if all((r, c) != divmod(spot, 3) for _, _, r, c in resting)]
    free.remove(row * 3 + column)
    acting = (shape, colour, row, column)
    turn = rng.randint(1, frames - 1)
    pieces = named(acting, turn), placed(acting, turn)
    kind = rng.choice(("moves", "moves", "appears", "disappears", "nothing"))
    answer = None
    states = [[acting]] * frames
    if kind == "moves":
        r, c = divmod(rng.choice(free), 3)
        moved = (shape, colour, r, c)
        states = [[acting]] * turn + [[moved]] * (frames - turn)
        pieces = named(moved, turn), placed(acting, turn), placed(moved, turn)
        answer = told("The {} moves from the {} to the {}.", *pieces)
    elif kind == "appears":
        states = [[]] * turn + [[acting]] * (frames - turn)
        answer = told("A {} appears at the {}.", *pieces)
    elif kind == "disappears":
        states = [[acting]] * turn + [[]] * (frames - turn)
        answer = told("The {} at the {} disappears.", *pieces)
    spread = Spread(rng, width, height)
    pages = [draw_scene(rng, width, height, [*resting, *state], spread) for state in states]
    asked = rng.choice(("What happens?", "What happens in the video?"))
    turns = [(asked, answer or nothing(pages))]
    count = counted(pages[-1], [*resting, *states[-1]], frames - 1)
    turns.append(("How many shapes are there at the end?", count))
    if kind != "nothing":
        turns.append(("In which frame does it happen?", str(turn + 1)))
    return Sample(remember(pages), turns, clip=rng.choice((0.5, 1, 2, None, None)))
