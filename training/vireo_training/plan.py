"""What a run learns when: stages by the share of the run that has passed, and the batches of one
step, drawn in place or ahead by processes of their own."""

import multiprocessing
import random

from .batches import draw_batch, draw_print
from .data.mixture import FONTS, SIZES
from .data.page import HAND_FONTS
from .data.print_windows import PrintedWindows
from .tokenizer import Tokenizer

# Each stage: share of the run at which it begins, weight of the reading losses, windows of print
# that the vision tower alone sees in one step of one process, and rows of pieces. A step holds one
# piece of each row, shared out among the processes: what is in a row of its own is in every step,
# as what few steps hold is drowned by the rest.
STAGES = [
    (0.0, 0.7, 48, 2 * [[("strip", 8)], [("strip", 8), ("stretched", 6)]]),
    (
        0.1,
        0.7,
        48,
        [
            [("strip", 8)],
            [("stretched", 6)],
            [("quarter", 3)],
            [("small_scene", 4), ("spoken", 3)],
        ],
    ),
    (
        0.36,
        0.4,
        32,
        [
            [("strip", 8), ("stretched", 6)],
            [("quarter", 3), ("small_print", 3), ("tile", 1)],
            [("fields", 3), ("invoice", 1)],
            [("small_scene", 5), ("small_pair", 3), ("small_clip", 1), ("spoken", 2)],
        ],
    ),
    (
        0.5,
        0.4,
        24,
        [
            [("counts", 12)],
            [("small_scene", 5), ("scene", 2), ("small_captions", 2), ("spoken", 3)],
            [("small_pair", 5), ("pair", 2), ("small_clip", 2), ("clip", 1)],
            [("stretched", 7)],
            [("stretched", 7), ("line", 1), ("tile", 1)],
            [("small_page", 4)],
            [("page", 1)],
            [("grid", 3)],
            [("table", 2), ("chart", 1), ("thoughts", 4)],
            [("places", 5), ("fields", 3)],
            [("invoice", 1)],
            [("invoice", 1), ("paper", 1), ("bookings", 3)],
        ],
    ),
]


def stage_at(progress):
    return max(i for i, (start, *_) in enumerate(STAGES) if progress >= start)


def rows_of(text):
    """Rows as they are written on a command line: "counts:12 pair:1|small_pair:5" are two."""
    rows = [[piece.split(":") for piece in row.split("|")] for row in text.split()]
    unknown = {kind for row in rows for kind, _ in row} - set(SIZES)
    if unknown:
        raise ValueError(f"no kinds of samples: {', '.join(sorted(unknown))}")
    return [[(kind, int(count)) for kind, count in row] for row in rows]


class Drawing:
    """Draws the batches of one step after the other, `times` as large as the plan says; of several
    processes, a share of their rows each."""

    def __init__(self, seed, tokenizer, times=1, rows=None, printed=True, rank=0, world=1):
        """rows: of every step, instead of the plan's. printed: whether there is print for the
        vision tower alone."""
        self.rng, self.tokenizer, self.times = random.Random(seed), Tokenizer(tokenizer), times
        self.rows, self.share = rows, slice(rank, None, world)
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS) if printed else None

    def step(self, stage):
        """(batches, a batch of print for the vision tower alone or None)"""
        _, _, printed, rows = STAGES[stage]
        pieces = [self.rng.choice(row) for row in (self.rows or rows)[self.share]]
        batches = [
            draw_batch(kind, count * self.times, self.rng, self.tokenizer) for kind, count in pieces
        ]
        windows = self.windows and draw_print(self.windows, printed * self.times, self.rng)
        return batches, windows

    def close(self):
        pass


class DrawingAhead:
    """The same by several processes, for machines with cores to spare beside an accelerator. Made
    before anything touches the accelerator: the processes are forked."""

    def __init__(self, count, seed, *drawing):
        self.stage = multiprocessing.Value("i", 0)
        self.ready = multiprocessing.Queue(maxsize=2 * count)
        self.processes = [
            multiprocessing.Process(target=self.work, args=(f"{seed}/{i}", *drawing), daemon=True)
            for i in range(count)
        ]
        for process in self.processes:
            process.start()

    def work(self, *drawing):
        drawing = Drawing(*drawing)
        while True:
            stage = self.stage.value
            self.ready.put((stage, *drawing.step(stage)))

    def step(self, stage):
        """Steps drawn for another stage are passed over."""
        self.stage.value = stage
        while True:
            drawn, batches, printed = self.ready.get()
            if drawn == stage:
                return batches, printed

    def close(self):
        for process in self.processes:
            process.terminate()
