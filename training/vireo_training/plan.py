"""The plan of a training run: stages by the share of the run that has passed, and the batches of
each step, drawn in place or in advance by separate processes."""

import multiprocessing
import random
from dataclasses import dataclass
from pathlib import Path

from .batches import Batch, draw_batch, draw_print
from .data.mixture import FONTS, SIZES
from .data.page import HAND_FONTS
from .data.print_windows import PrintedWindows
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Piece:
    """One batch of a step: `count` samples of one kind (a key of mixture.SIZES)."""

    kind: str
    count: int


# The alternatives for one batch of a step; each step draws one of them.
Row = list[Piece]


@dataclass(frozen=True)
class Stage:
    """What a run trains from a given point on.

    A step contains one piece of each row; the rows are divided among the processes. A skill in a
    row of its own is part of every step. A skill that only some steps contain is lost among the
    others.
    """

    name: str
    # Share of the run at which the stage begins, from 0 to 1.
    begin: float
    # Weight of the sum of the auxiliary losses, next to the answer loss.
    auxiliary_weight: float
    # Windows of print for the vision tower alone, per step and process.
    print_windows: int
    rows: list[Row]


def rows_of(text: str) -> list[Row]:
    """Parses rows as the command line writes them: "counts:12 pair:1|small_pair:5" has two rows.

    Raises ValueError where a kind is unknown.
    """
    rows = [[piece.split(":") for piece in row.split("|")] for row in text.split()]
    unknown = {kind for row in rows for kind, _ in row} - set(SIZES)
    if unknown:
        raise ValueError(f"no kinds of samples: {', '.join(sorted(unknown))}")
    return [[Piece(kind, int(count)) for kind, count in row] for row in rows]


STAGES = [
    Stage(
        name="strips",
        begin=0.0,
        auxiliary_weight=0.7,
        print_windows=48,
        rows=rows_of("strip:8 strip:8|stretched:6 strip:8 strip:8|stretched:6"),
    ),
    Stage(
        name="quarters",
        begin=0.1,
        auxiliary_weight=0.7,
        print_windows=48,
        rows=rows_of("strip:8 stretched:6 quarter:3 small_scene:4|spoken:3"),
    ),
    Stage(
        name="tiles",
        begin=0.36,
        auxiliary_weight=0.4,
        print_windows=32,
        rows=rows_of(
            "strip:8|stretched:6 quarter:3|small_print:3|tile:1 fields:3|invoice:1 "
            "small_scene:5|small_pair:3|small_clip:1|spoken:2"
        ),
    ),
    Stage(
        name="all skills",
        begin=0.5,
        auxiliary_weight=0.4,
        print_windows=24,
        rows=rows_of(
            "counts:12 small_scene:5|scene:2|small_captions:2|spoken:3 "
            "small_pair:5|pair:2|small_clip:2|clip:1 stretched:7 stretched:7|line:1|tile:1 "
            "small_page:4 page:1 grid:3 table:2|chart:1|thoughts:4 places:5|fields:3 invoice:1 "
            "invoice:1|paper:1|bookings:3"
        ),
    ),
]


def stage_at(progress: float) -> int:
    """The index of the stage at a share of the run."""
    return max(i for i, stage in enumerate(STAGES) if progress >= stage.begin)


class BatchSource:
    """Draws the batches of one step after the other.

    times: multiplies the samples of each batch. rows: used in every step instead of the plan's.
    printed: whether there is print for the vision tower alone. rank, world: of `world` processes,
    this one draws every world-th row.
    """

    def __init__(
        self,
        seed: str,
        tokenizer: str | Path,
        times: int = 1,
        rows: list[Row] | None = None,
        printed: bool = True,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.rng, self.tokenizer, self.times = random.Random(seed), Tokenizer(tokenizer), times
        self.rows, self.share = rows, slice(rank, None, world)
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS) if printed else None

    def step(self, stage: int) -> tuple[list[Batch], Batch | None]:
        """The batches of one step, and the print for the vision tower alone or None."""
        planned = STAGES[stage]
        pieces = [self.rng.choice(row) for row in (self.rows or planned.rows)[self.share]]
        batches = [
            draw_batch(piece.kind, piece.count * self.times, self.rng, self.tokenizer)
            for piece in pieces
        ]
        if self.windows is None:
            return batches, None
        return batches, draw_print(self.windows, planned.print_windows * self.times, self.rng)

    def close(self) -> None:
        """Does nothing; PrefetchedBatches ends its processes here."""


class PrefetchedBatches:
    """A BatchSource that draws in several processes, for machines with cores to spare.

    Create it before anything touches the accelerator, because it forks the processes.
    """

    def __init__(
        self,
        count: int,
        seed: str,
        tokenizer: str | Path,
        times: int,
        rows: list[Row] | None,
        printed: bool,
    ) -> None:
        self.stage = multiprocessing.Value("i", 0)
        self.ready: multiprocessing.Queue = multiprocessing.Queue(maxsize=2 * count)
        self.processes = [
            multiprocessing.Process(
                target=self._draw,
                args=(f"{seed}/{i}", tokenizer, times, rows, printed),
                daemon=True,
            )
            for i in range(count)
        ]
        for process in self.processes:
            process.start()

    def _draw(
        self,
        seed: str,
        tokenizer: str | Path,
        times: int,
        rows: list[Row] | None,
        printed: bool,
    ) -> None:
        source = BatchSource(seed, tokenizer, times, rows, printed)
        while True:
            stage = self.stage.value
            self.ready.put((stage, *source.step(stage)))

    def step(self, stage: int) -> tuple[list[Batch], Batch | None]:
        """As BatchSource.step; discards steps that were drawn for another stage."""
        self.stage.value = stage
        while True:
            drawn, batches, printed = self.ready.get()
            if drawn == stage:
                return batches, printed

    def close(self) -> None:
        """Ends the drawing processes."""
        for process in self.processes:
            process.terminate()
