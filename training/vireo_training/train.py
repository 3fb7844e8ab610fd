"""Trains the model in the box from nothing, or on from a checkpoint.

python3 -m vireo_training.train --minutes 90 --out /tmp/mini
"""

import argparse
import json
import math
import multiprocessing
import os
import pathlib
import random
import sys
import time

import numpy
import torch
import torch.nn.functional as F

from .batches import draw_batch, normalised
from .chat import NO_TARGET
from .checkpoint import load
from .data.clues import BOX, CHANGED, EARLIER, PARTNER, PLACE
from .data.page import CLASSES, SLOTS
from .network import RMS_NORM_EPS, Linear, Network
from .optim import optimisers
from .ranks import Ranks
from .sizes import Sizes
from .tokenizer import Tokenizer

# Each stage: share of the run at which it begins, weight of the reading losses, and what one step
# of one process holds.
STAGES = [
    (0.0, 0.7, [("strip", 40), ("stretched", 8)]),
    (0.1, 0.7, [("strip", 16), ("stretched", 4), ("quarter", 8), ("small_scene", 2), ("spoken", 2)]),
    (
        0.36,
        0.4,
        [("strip", 6), ("stretched", 4), ("quarter", 6), ("tile", 2), ("invoice", 1)]
        + [("small_scene", 2), ("small_pair", 4), ("small_clip", 2), ("spoken", 1)],
    ),
    (
        0.56,
        0.3,
        [("strip", 3), ("stretched", 3), ("quarter", 3), ("tile", 3), ("invoice", 2)]
        + [("scene", 2), ("middle_pair", 2), ("middle_clip", 1), ("small_clip", 1), ("spoken", 1)],
    ),
    (
        0.82,
        0.2,
        [("tile", 5), ("invoice", 3), ("scene", 1), ("pair", 2), ("clip", 1), ("spoken", 1)],
    ),
]
# The C library gives freed memory back and faults it in again unless told otherwise.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}


class Learner(torch.nn.Module):
    """The network, and heads that are not exported (data/clues.py says what they are taught)."""

    def __init__(self, sizes):
        super().__init__()
        self.network = Network(sizes)
        self.glyphs = torch.nn.Linear(sizes.vision.hidden, SLOTS * CLASSES)
        self.earlier = Linear(sizes.hidden, 4 * sizes.vocabulary)
        self.partner = Linear(sizes.hidden, 2 * sizes.vocabulary)
        self.box = Linear(sizes.hidden, 8 * 11)
        self.changed = Linear(sizes.hidden, 2)
        self.place = Linear(sizes.hidden, 2 * sizes.tile_px // 32)
        self.where = Linear(sizes.hidden, 2 * sizes.tile_px // 32)
        # What answers shall find must be there before the last attention layer looks for it.
        last = sizes.pattern.rindex("M", 0, sizes.pattern.rindex("*"))
        self.network.layers[last].register_forward_pre_hook(self.keep_middle)

    def keep_middle(self, _, inputs):
        (x,) = inputs
        self.middle = x * torch.rsqrt(x.square().mean(-1, keepdim=True) + RMS_NORM_EPS)

    def forward(self, batch):
        """(weighted sum of answer losses, sum of the weights, answer tokens, right ones, reading
        losses by name). A token weighs less the longer its answer is: 1/√n.

        The reading losses teach to see and to find before answers can. The vision tower names the
        glyphs of every patch. The language model names, at each picture token, the text tokens
        whose glyphs end there, and what belongs to them elsewhere; attention then finds what it
        looks for already spelt. It says where on the page a picture token stands, and where it
        reads what it writes.
        """
        ids, targets = tensor(batch["ids"]), tensor(batch["targets"])
        reading, visual, places = {}, None, None
        if "pixels" in batch:
            pixels = torch.from_numpy(normalised(batch["pixels"]))
            grid = self.network.vision(pixels, batch["corner"])
            reading["glyphs"] = self.glyph_loss(grid, tensor(batch["cells"]))
            visual = self.network.projector(grid)
            visual, places = visual.reshape(-1, visual.shape[-1]), tensor(batch["places"])
        rows = self.network.hidden_rows(ids, visual, places)
        if places is not None:
            seen, clues = rows[places], tensor(batch["clues"])
            reading["text"] = named(self.network.lm_head, seen, clues[:, :1])
            reading["earlier"] = named(self.earlier, seen, clues[:, EARLIER])
            found = self.middle[places]
            reading["partner"] = named(self.partner, found, clues[:, PARTNER])
            reading["box"] = 0.5 * named(self.box, found, clues[:, BOX])
            reading["changed"] = named(self.changed, found, clues[:, CHANGED])
            reading["place"] = named(self.place, found, clues[:, PLACE])
            where = tensor(batch["where"]).flatten(0, 1)
            reading["where"] = named(self.where, rows.flatten(0, 1), where)
        wanted = targets != NO_TARGET
        logits = self.network.lm_head(rows[wanted]).float()
        losses = F.cross_entropy(logits, targets[wanted], reduction="none")
        weights = wanted.sum(1, keepdim=True).clamp(min=1).rsqrt().expand_as(wanted)[wanted]
        right = (logits.argmax(-1) == targets[wanted]).sum()
        return (losses * weights).sum(), weights.sum(), len(losses), int(right), reading

    def glyph_loss(self, grid, cells):
        """Mean over glyphs, and a fifth of the mean over empty slots."""
        weight, bias = self.glyphs.weight.bfloat16(), self.glyphs.bias.bfloat16()
        logits = F.linear(grid.bfloat16(), weight, bias).float().view(-1, CLASSES)
        cells = cells.view(-1)
        # Of the many empty slots one in eight is enough.
        chosen = (cells > 0) | (torch.rand(cells.shape) < 0.125)
        logits, cells = logits[chosen], cells[chosen]
        loss = F.cross_entropy(logits, cells, reduction="none")
        full = (cells > 0).float()
        empty = 1 - full
        share = lambda mask: (loss * mask).sum() / mask.sum().clamp(min=1)
        return share(full) + 0.2 * share(empty)


def named(head, rows, wanted):
    """Mean loss of a head that names k classes for each row; wanted [rows, k], -1 for none."""
    chosen = (wanted >= 0).any(1)
    if not chosen.any():
        return torch.zeros(())
    classes = wanted[chosen]
    logits = head(rows[chosen]).float().view(classes.numel(), -1)
    return F.cross_entropy(logits, classes.reshape(-1), ignore_index=-1)


def tensor(array):
    return torch.from_numpy(numpy.ascontiguousarray(array))


def weight_of(batch):
    """Sum of the weights of a batch's answer tokens: √n for each sample of n."""
    return float(numpy.sqrt((batch["targets"] != NO_TARGET).sum(1)).sum())


def stage_at(progress):
    return max(i for i, (start, *_) in enumerate(STAGES) if progress >= start)


def rate_at(progress, step, warm_steps=50):
    """Warm-up, then a cosine from 1 to 0.02."""
    cosine = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
    return min(1, (step + 1) / warm_steps) * cosine


def save(path, state):
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


class Run:
    """One process of a training run: everything that is saved and resumed."""

    def __init__(self, options, learner, ranks):
        self.options, self.learner, self.ranks = options, learner, ranks
        named = {id(p): name for name, p in learner.named_parameters()}
        mine = [(named[id(p)], p) for p in ranks.mine()]
        self.optimisers = optimisers(mine, muon=options.optimizer == "muon")
        self.base = [group["lr"] for each in self.optimisers for group in each.param_groups]
        self.step, self.seconds = 0, 0.0
        self.folder = pathlib.Path(options.out)
        self.mine = self.folder / f"optimizer-{ranks.rank}-of-{ranks.world}.pt"

    def save(self):
        save(self.mine, [each.state_dict() for each in self.optimisers])
        if self.ranks.rank == 0:
            values, mean = (
                {name: flat[span].view_as(p).clone() for (name, p), span in self.named()}
                for flat in (self.ranks.values, self.ranks.mean)
            )
            state = {"learner": values, "average": mean, "step": self.step}
            save(self.folder / "run.pt", {**state, "seconds": self.seconds})

    def named(self):
        return list(zip(self.learner.named_parameters(), self.ranks.spans))

    def resume(self, path):
        """Weights of a run or of a checkpoint's folder; the optimiser's state too where this
        process has one of the same run."""
        state = state_of(path)
        if self.ranks.rank == 0:
            for (name, p), span in self.named():
                if name in state["learner"] and state["learner"][name].numel() == p.numel():
                    self.ranks.values[span] = state["learner"][name].reshape(-1)
                    self.ranks.mean[span] = state["average"][name].reshape(-1)
        if path == self.folder / "run.pt":
            self.step, self.seconds = state["step"], state["seconds"]
            if self.mine.exists():
                for each, held in zip(self.optimisers, torch.load(self.mine)):
                    each.load_state_dict(held)
        self.ranks.barrier.wait()

    def progress(self):
        return self.seconds / 60 / self.options.minutes

    def learn(self, batches):
        """One step over its batches; returns per kind its losses and the share right."""
        rate, report = rate_at(self.progress(), self.step), {}
        groups = [group for each in self.optimisers for group in each.param_groups]
        for group, base in zip(groups, self.base):
            group["lr"] = base * rate
        world = self.ranks.world
        _, reading_weight, _ = STAGES[stage_at(self.progress())]
        answers = world * sum(weight_of(batch) for batch in batches)
        tiles = world * sum(len(batch["pixels"]) for batch in batches if "pixels" in batch)
        for batch in batches:
            loss, weight, count, right, reading = self.learner(batch)
            share = len(batch["pixels"]) / tiles if "pixels" in batch else 0
            (loss / answers + reading_weight * share * sum(reading.values())).backward()
            beside = {name: float(each) for name, each in reading.items()}
            report[batch["kind"]] = {"answers": float(loss / weight), **beside, "right": right / count}
        self.ranks.combine(1.0)
        for each in self.optimisers:
            each.step()
        self.ranks.settle(1 - min(0.99, (self.step + 1) / (self.step + 11)))
        self.step += 1
        return report


def state_of(path):
    if path.is_file():
        return torch.load(path)
    values = {f"network.{name}": p for name, p in load(path).named_parameters()}
    return {"learner": values, "average": values}


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole run")
    parser.add_argument("--out", required=True, help="folder of run.pt; resumed if it is there")
    parser.add_argument("--start", help="run.pt of another run, or a checkpoint, to begin with")
    parser.add_argument("--begin", type=float, default=0, help="share of the plan to skip")
    parser.add_argument("--tokenizer", default="../models/mini", help="folder of tokenizer.json")
    parser.add_argument("--ranks", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    return parser.parse_args()


def main():
    options = options_of()
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    learner = Learner(Sizes())
    ranks = Ranks(learner, options.ranks)
    others = [
        multiprocessing.Process(target=work, args=(options, learner, ranks, rank), daemon=True)
        for rank in range(1, options.ranks)
    ]
    for process in others:
        process.start()
    work(options, learner, ranks, 0)
    for process in others:
        process.join()


def work(options, learner, ranks, rank):
    ranks.join(rank)
    run = Run(options, learner, ranks)
    held = run.folder / "run.pt"
    if held.exists() or options.start:
        run.resume(held if held.exists() else pathlib.Path(options.start))
    run.seconds = max(run.seconds, options.begin * options.minutes * 60)
    torch.manual_seed(rank)
    rng = random.Random(f"{options.seed}/{run.step}/{rank}")
    tokenizer = Tokenizer(options.tokenizer)
    shown, reports = time.time(), []
    # All processes go by the first one's clock, or they would not stop at the same step.
    clock = ranks.clock
    if rank == 0:
        clock[0] = run.seconds
    ranks.barrier.wait()
    while clock[0] < options.minutes * 60:
        run.seconds = float(clock[0])
        begun = time.time()
        *_, recipe = STAGES[stage_at(run.progress())]
        reports.append(run.learn([draw_batch(*each, rng, tokenizer) for each in recipe]))
        if rank == 0:
            clock[0] += time.time() - begun
        ranks.barrier.wait()
        if rank == 0 and time.time() - shown > 20:
            print(json.dumps(summary(run, reports)), flush=True)
            shown, reports = time.time(), []
        if run.step % 100 == 0:
            run.save()
    run.seconds = float(clock[0])
    run.save()


def summary(run, reports):
    """Means since the last line."""
    line = {"step": run.step, "minutes": round(run.seconds / 60, 1)}
    for kind in sorted({kind for report in reports for kind in report}):
        rows = [report[kind] for report in reports if kind in report]
        line[kind] = {name: round(sum(row[name] for row in rows) / len(rows), 2) for name in rows[0]}
    return line


if __name__ == "__main__":
    if any(os.environ.get(name) != value for name, value in KEEP_MEMORY.items()):
        os.environ.update(KEEP_MEMORY)
        module = [sys.executable, "-m", "vireo_training.train", *sys.argv[1:]]
        os.execv(sys.executable, module)
    main()
