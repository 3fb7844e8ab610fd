"""Trains the vision tower alone on print, which shows it many more glyphs for the same work.

python3 -m vireo_training.tower --minutes 60 --start /tmp/mini/run.pt --out /tmp/tower

On pictures with little or no print, a drift loss keeps the features of the tower as they were, so
that the language model, which is not trained here, still recognises shapes. It has to adapt to the
new features of print afterwards: train.py with --freeze network.vision,glyphs,extents does that.
"""

import argparse
import copy
import json
import pathlib
import random
import time
from typing import Any

import torch

from .batches import Batch, draw_batch, draw_print
from .data.mixture import FONTS
from .data.page import HAND_FONTS
from .data.print_windows import PrintedWindows
from .learner import TOWER_PREFIXES, Learner
from .optim import optimisers
from .plan import Row, rows_of
from .sizes import Sizes
from .tokenizer import Tokenizer
from .train import (
    SAVE_SECONDS,
    average_share,
    initial_state,
    load_state,
    mean_losses,
    rate_at,
    restart_with_malloc_settings,
    save,
)

# A step contains this many windows of print, one piece to read, because a tile has more positions
# than a window, and one piece whose features are kept. A piece that is listed twice is drawn twice
# as often.
WINDOWS = 36
(READ,) = rows_of("stretched:7|stretched:7|page:1|invoice:1|tile:1|paper:1")
(KEPT,) = rows_of("small_scene:4|counts:4|small_pair:2|small_clip:1|scene:1")
# Factor of the learning rates of optim.py.
RATE = 0.4


def drift(grid: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
    """Mean square of the change of the features, relative to their mean square before."""
    return (grid - before).square().mean() / before.square().mean()


class TowerRun:
    """The state of a run: the tower and its heads, their average, and the source of samples."""

    def __init__(self, state: dict[str, torch.Tensor], options: argparse.Namespace) -> None:
        self.learner = Learner(Sizes())
        self.learner.load_state_dict(state, strict=False)
        self.original = copy.deepcopy(self.learner.network.vision)
        named = self.learner.named_parameters()
        self.trained = [each for each in named if each[0].startswith(TOWER_PREFIXES)]
        self.average = {name: p.detach().clone() for name, p in self.trained}
        self.optimisers = optimisers(self.trained)
        self.groups = [group for each in self.optimisers for group in each.param_groups]
        self.base_rates = [options.rate * RATE * group["lr"] for group in self.groups]
        self.rng, self.tokenizer = random.Random(options.seed), Tokenizer(options.tokenizer)
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS)
        self.keep, self.step = options.keep, 0

    def glyphs_of(self, pieces: Row) -> tuple[Batch, torch.Tensor, torch.Tensor]:
        """Draws one of the pieces; returns its batch, its features and its glyph loss."""
        piece = self.rng.choice(pieces)
        batch = draw_batch(piece.kind, piece.count, self.rng, self.tokenizer)
        grid = self.learner.vision_features(batch)
        labels = self.learner.to_device(batch["patch_labels"])
        return batch, grid, self.learner.glyph_loss(grid, labels)

    def train_step(self, progress: float) -> dict[str, float]:
        """Trains one step; returns its losses by name."""
        for group, base in zip(self.groups, self.base_rates):
            group["lr"] = base * rate_at(progress, self.step)
        losses = self.learner.vision_losses(draw_print(self.windows, WINDOWS, self.rng))
        batch, _, read = self.glyphs_of(READ)
        losses[batch["kind"]] = 0.5 * read
        batch, grid, kept = self.glyphs_of(KEPT)
        with torch.no_grad():
            before = self.learner.vision_features(batch, self.original)
        losses["kept"], losses["drift"] = 0.3 * kept, self.keep * drift(grid, before)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in self.trained], 1.0)
        for each in self.optimisers:
            each.step()
            each.zero_grad()
        self.step += 1
        share = average_share(self.step, 0.99)
        for name, p in self.trained:
            self.average[name].lerp_(p.detach(), share)
        return {name: float(loss.detach()) for name, loss in losses.items()}


def main() -> None:
    options = parse_options()
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    state: dict[str, Any] = load_state(pathlib.Path(options.start))["average"]
    run, reports = TowerRun(state, options), []
    # The written run is one that train.py can start from: all other weights are unchanged.
    write = lambda: save(folder / "run.pt", initial_state({**state, **run.average}))
    begun = shown = saved = time.time()
    while (passed := time.time() - begun) < 60 * options.minutes:
        reports.append(run.train_step(passed / 60 / options.minutes))
        if time.time() - shown > 30:
            line = {"step": run.step, "minutes": round(passed / 60, 1), **mean_losses(reports, 3)}
            print(json.dumps(line), flush=True)
            shown, reports = time.time(), []
        if time.time() - saved > SAVE_SECONDS:
            write()
            saved = time.time()
    write()


def parse_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", required=True, help="folder of run.pt")
    parser.add_argument("--start", required=True, help="run.pt with heads, or a checkpoint")
    parser.add_argument("--rate", type=float, default=1, help="factor of the usual learning rate")
    parser.add_argument("--keep", type=float, default=0.5, help="weight of the drift loss")
    parser.add_argument("--tokenizer", default="../models/mini", help="folder of tokenizer.json")
    parser.add_argument("--seed", default="1")
    return parser.parse_args()


if __name__ == "__main__":
    restart_with_malloc_settings("tower")
    main()
