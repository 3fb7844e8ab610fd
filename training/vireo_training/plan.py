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
# that the vision tower alone sees in one step of one process, how many pieces of the recipe the
# step holds, and the recipe. A step is a few pieces of similar cost, other ones each time; what
# stands there twice comes twice as often.
STAGES = [
    (0.0, 0.7, 48, 2, [("strip", 8), ("strip", 8), ("stretched", 6)]),
    (
        0.1,
        0.7,
        48,
        2,
        [("strip", 8), ("stretched", 6), ("quarter", 3), ("quarter", 3)]
        + [("small_scene", 4), ("spoken", 3)],
    ),
    (
        0.36,
        0.4,
        32,
        2,
        [("strip", 8), ("stretched", 6), ("quarter", 3), ("small_print", 3), ("fields", 3)]
        + [("tile", 1), ("invoice", 1), ("small_scene", 5), ("small_pair", 3), ("small_clip", 1)]
        + [("spoken", 2)],
    ),
    (
        0.5,
        0.4,
        24,
        3,
        [("stretched", 7), ("stretched", 7), ("small_page", 3), ("quarter", 3), ("small_print", 3)]
        + [("fields", 2), ("fields", 2), ("grid", 2), ("thoughts", 4), ("bookings", 3)]
        + [("counts", 6), ("small_scene", 4), ("small_pair", 5), ("small_clip", 1)]
        + [("small_captions", 2), ("small_versions", 2), ("spoken", 3)],
    ),
    (
        0.66,
        0.3,
        24,
        3,
        [("stretched", 7), ("small_page", 3), ("small_print", 3), ("fields", 2), ("grid", 2)]
        + [("thoughts", 4), ("bookings", 3), ("small_versions", 2), ("small_captions", 2)]
        + [("counts", 6), ("small_pair", 5), ("small_scene", 4), ("small_clip", 1)]
        + [("tile", 1), ("tile", 1), ("invoice", 1), ("invoice", 1), ("paper", 1), ("paper", 1)]
        + [("scene", 1), ("spoken", 3)],
    ),
    (
        0.86,
        0.2,
        16,
        3,
        [("stretched", 7), ("small_page", 3), ("tile", 1), ("tile", 1), ("tile", 1)]
        + [("invoice", 1), ("invoice", 1), ("paper", 1), ("paper", 1), ("paper", 1)]
        + [("counts", 6), ("scene", 1), ("pair", 1), ("small_captions", 2), ("clip", 1)]
        + [("thoughts", 3), ("spoken", 3)],
    ),
]


def stage_at(progress):
    return max(i for i, (start, *_) in enumerate(STAGES) if progress >= start)


class Drawing:
    """Draws the batches of one step after the other, `times` as large as the plan says."""

    def __init__(self, seed, tokenizer, times=1, kinds=None):
        """kinds: seed of what a step holds: processes that wait for one another share it, so that
        their steps cost alike."""
        self.kinds = random.Random(kinds or f"{seed}/kinds")
        self.rng, self.tokenizer, self.times = random.Random(seed), Tokenizer(tokenizer), times
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS)

    def step(self, stage):
        """(batches, a batch of print for the vision tower alone)"""
        _, _, printed, pieces, recipe = STAGES[stage]
        batches = [
            draw_batch(kind, count * self.times, self.rng, self.tokenizer)
            for kind, count in self.kinds.sample(recipe, pieces)
        ]
        return batches, draw_print(self.windows, printed * self.times, self.rng)

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
