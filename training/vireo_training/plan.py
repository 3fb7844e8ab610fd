"""What a run learns when: stages by the share of the run that has passed, and the batches of one
step, drawn in place or ahead by processes of their own."""

import multiprocessing
import random

from .batches import draw_batch, draw_print
from .data.mixture import FONTS
from .data.page import HAND_FONTS
from .data.print import PrintedWindows
from .tokenizer import Tokenizer

# Each stage: share of the run at which it begins, weight of the reading losses, windows of print
# that the vision tower alone sees in one step of one process, and what else that step holds.
STAGES = [
    (0.0, 0.7, 32, [("strip", 40), ("stretched", 8)]),
    (
        0.1,
        0.7,
        64,
        [("strip", 16), ("stretched", 4), ("quarter", 8), ("small_scene", 2), ("spoken", 2)],
    ),
    (
        0.36,
        0.4,
        32,
        [("strip", 4), ("stretched", 4), ("quarter", 6), ("small_print", 8), ("fields", 5)]
        + [("tile", 1), ("invoice", 1), ("small_scene", 2), ("small_pair", 4), ("small_clip", 2)]
        + [("spoken", 1)],
    ),
    (
        0.5,
        0.4,
        64,
        [("stretched", 3), ("small_print", 3), ("fields", 4), ("small_scene", 4)]
        + [("small_pair", 6), ("small_clip", 3)],
    ),
    (
        0.7,
        0.3,
        32,
        [("stretched", 3), ("small_print", 3), ("fields", 3), ("tile", 3), ("invoice", 2)]
        + [("small_scene", 3), ("scene", 2), ("small_pair", 2), ("small_clip", 1)]
        + [("pair", 1), ("small_captions", 2), ("paper", 2), ("spoken", 1)],
    ),
    (
        0.85,
        0.2,
        32,
        [("stretched", 3), ("tile", 5), ("invoice", 3), ("scene", 2), ("pair", 3), ("clip", 2)]
        + [("small_captions", 1), ("paper", 3), ("spoken", 1)],
    ),
]
PRINTED = 32  # windows of print in a batch


def stage_at(progress):
    return max(i for i, (start, *_) in enumerate(STAGES) if progress >= start)


class Drawing:
    """Draws the batches of one step after the other, `times` as large as the plan says."""

    def __init__(self, seed, tokenizer, times=1):
        self.rng, self.tokenizer, self.times = random.Random(seed), Tokenizer(tokenizer), times
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS)

    def step(self, stage):
        """(batches, batches of print for the vision tower alone)"""
        _, _, printed, recipe = STAGES[stage]
        batches = [
            draw_batch(kind, count * self.times, self.rng, self.tokenizer) for kind, count in recipe
        ]
        sizes = [min(PRINTED, printed - at) * self.times for at in range(0, printed, PRINTED)]
        return batches, [draw_print(self.windows, size, self.rng) for size in sizes]

    def close(self):
        pass


class DrawingAhead:
    """The same by several processes, for machines with cores to spare beside an accelerator. Made
    before anything touches the accelerator: the processes are forked."""

    def __init__(self, count, seed, tokenizer, times=1):
        self.stage = multiprocessing.Value("i", 0)
        self.ready = multiprocessing.Queue(maxsize=2 * count)
        self.processes = [
            multiprocessing.Process(
                target=self.work, args=(f"{seed}/{i}", tokenizer, times), daemon=True
            )
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
