"""Trains the vision tower alone to read: many more glyphs for the same work than a whole run sees.

python3 -m vireo_training.tower --minutes 60 --start /tmp/mini/run.pt --out /tmp/tower

Of pictures that hold little or no print the tower keeps what it said before, so that the language
model, which has no part in this, still knows shapes. What it is told of print it has to learn anew:
train.py with --freeze network.vision,glyphs,extents does that.
"""

import argparse
import copy
import json
import pathlib
import random
import time

import torch

from .batches import draw_batch, draw_print
from .data.mixture import FONTS
from .data.page import HAND_FONTS
from .data.print_windows import PrintedWindows
from .learner import TOWER, Learner
from .optim import optimisers
from .sizes import Sizes
from .tokenizer import Tokenizer
from .train import SAVED, beginning, mean_share, means, rate_at, save, state_of, with_memory_kept

# A step has so many windows of print, one piece of what answers are read from, as a tile has more
# places than a window, and one of what the tower keeps; what stands twice comes twice as often.
WINDOWS = 36
READ = [("stretched", 7), ("stretched", 7), ("page", 1), ("invoice", 1), ("tile", 1), ("paper", 1)]
KEPT = [("small_scene", 4), ("counts", 4), ("small_pair", 2), ("small_clip", 1), ("scene", 1)]
# Learning rate of the matrices, times that of optim.py.
RATE = 0.4


def drift(grid, before):
    """Mean square of what changed, in units of the mean square of what was."""
    return (grid - before).square().mean() / before.square().mean()


class TowerRun:
    """A tower, its heads, an average of both, and what they are taught."""

    def __init__(self, state, options):
        self.learner = Learner(Sizes())
        self.learner.load_state_dict(state, strict=False)
        self.first = copy.deepcopy(self.learner.network.vision)
        self.mine = [each for each in self.learner.named_parameters() if each[0].startswith(TOWER)]
        self.mean = {name: p.detach().clone() for name, p in self.mine}
        self.steppers = optimisers(self.mine)
        self.groups = [group for each in self.steppers for group in each.param_groups]
        self.base = [options.rate * RATE * group["lr"] for group in self.groups]
        self.rng, self.tokenizer = random.Random(options.seed), Tokenizer(options.tokenizer)
        self.windows = PrintedWindows(self.rng, 3 * FONTS + HAND_FONTS)
        self.keep, self.step = options.keep, 0

    def see(self, kinds):
        """A piece of one of the kinds: the batch, what the tower says of it, its glyph loss."""
        batch = draw_batch(*self.rng.choice(kinds), self.rng, self.tokenizer)
        grid = self.learner.look(batch)
        return batch, grid, self.learner.glyph_loss(grid, self.learner.tensor(batch["cells"]))

    def learn(self, progress):
        """One step; returns its losses by name."""
        for group, base in zip(self.groups, self.base):
            group["lr"] = base * rate_at(progress, self.step)
        losses = self.learner.see(draw_print(self.windows, WINDOWS, self.rng))
        batch, _, read = self.see(READ)
        losses[batch["kind"]] = 0.5 * read
        batch, grid, kept = self.see(KEPT)
        with torch.no_grad():
            before = self.learner.look(batch, self.first)
        losses["kept"], losses["drift"] = 0.3 * kept, self.keep * drift(grid, before)
        sum(losses.values()).backward()
        torch.nn.utils.clip_grad_norm_([p for _, p in self.mine], 1.0)
        for each in self.steppers:
            each.step()
            each.zero_grad()
        self.step += 1
        share = mean_share(self.step, 0.99)
        for name, p in self.mine:
            self.mean[name].lerp_(p.detach(), share)
        return {name: float(loss.detach()) for name, loss in losses.items()}


def main():
    options = options_of()
    folder = pathlib.Path(options.out)
    folder.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    state = state_of(pathlib.Path(options.start))["average"]
    run, reports = TowerRun(state, options), []
    # A run that train.py starts from: the rest as it was.
    write = lambda: save(folder / "run.pt", beginning({**state, **run.mean}))
    begun = shown = saved = time.time()
    while (passed := time.time() - begun) < 60 * options.minutes:
        reports.append(run.learn(passed / 60 / options.minutes))
        if time.time() - shown > 30:
            line = {"step": run.step, "minutes": round(passed / 60, 1), **means(reports, 3)}
            print(json.dumps(line), flush=True)
            shown, reports = time.time(), []
        if time.time() - saved > SAVED:
            write()
            saved = time.time()
    write()


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", required=True, help="folder of run.pt")
    parser.add_argument("--start", required=True, help="run.pt with heads, or a checkpoint")
    parser.add_argument("--rate", type=float, default=1, help="learning rate, times the usual")
    parser.add_argument("--keep", type=float, default=0.5, help="weight of what is kept")
    parser.add_argument("--tokenizer", default="../models/mini", help="folder of tokenizer.json")
    parser.add_argument("--seed", default="1")
    return parser.parse_args()


if __name__ == "__main__":
    with_memory_kept("tower")
    main()
