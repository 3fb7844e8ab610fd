"""Trains the model in the box from nothing, or on from a checkpoint.

python3 -m vireo_training.train --minutes 90 --out /tmp/mini
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import time

import torch

from .checkpoint import load
from .learner import TOWER, Learner
from .optim import cost_of, optimisers
from .plan import STAGES, Drawing, DrawingAhead, rows_of, stage_at
from .ranks import Ranks
from .sizes import Sizes

# The C library gives freed memory back and faults it in again unless told otherwise.
KEEP_MEMORY = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}


# Seconds of training from one save to the next.
SAVED = 180


def rate_at(progress, step, warm_steps=50):
    """Warm-up, then a straight line from 1 down to 0.02."""
    return min(1, (step + 1) / warm_steps) * (1 - 0.98 * min(1, progress))


def mean_share(step, longest):
    """What a step adds to the mean of the weights: much at first, 1 - longest in the end."""
    return 1 - min(longest, (step + 1) / (step + 11))


def save(path, state):
    """Whole or not at all."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


class Run:
    """One process of a training run: everything that is saved and resumed."""

    def __init__(self, options, learner, ranks):
        self.options, self.learner, self.ranks = options, learner, ranks
        names = {id(p): name for name, p in learner.named_parameters()}
        named = [(names[id(p)], p) for p in ranks.mine()]
        mine = [each for each in named if not each[0].startswith(options.freeze)]
        self.optimisers = optimisers(mine, muon=options.optimizer == "muon")
        self.base = [group["lr"] for each in self.optimisers for group in each.param_groups]
        self.step, self.seconds = 0, 0.0
        # Whether the network was taught before and its heads were not.
        self.begun = bool(options.start) and pathlib.Path(options.start).is_dir()
        self.folder = pathlib.Path(options.out)
        self.mine = self.folder / f"optimizer-{ranks.rank}-of-{ranks.world}.pt"

    def save(self):
        save(self.mine, [each.state_dict() for each in self.optimisers])
        if self.ranks.rank == 0:
            values, mean = (
                {name: flat[span].view_as(p).clone().cpu() for (name, p), span in self.named()}
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
        if self.options.tower and path != self.folder / "run.pt":
            learnt = state_of(pathlib.Path(self.options.tower))["average"]
            learnt = {name: p for name, p in learnt.items() if name.startswith(TOWER)}
            for weights in (state["learner"], state["average"]):
                weights.update(learnt)
        if self.ranks.rank == 0:
            for (name, p), span in self.named():
                if name in state["learner"] and state["learner"][name].numel() == p.numel():
                    self.ranks.values[span] = state["learner"][name].reshape(-1)
                    self.ranks.mean[span] = state["average"][name].reshape(-1)
        if path == self.folder / "run.pt":
            self.step, self.seconds = state["step"], state["seconds"]
            if self.mine.exists():
                state = torch.load(self.mine, map_location=self.options.device)
                for each, held in zip(self.optimisers, state):
                    each.load_state_dict(held)
        self.ranks.barrier.wait()

    def progress(self):
        return self.seconds / 60 / self.options.minutes

    def set_rates(self):
        """Of the heads, and of the network, which waits for heads that are new to it."""
        waits = self.options.heads_first if self.begun else 0
        for name, p in self.learner.named_parameters():
            learns = not name.startswith("network.") or self.step >= waits
            p.requires_grad_(learns and not name.startswith(self.options.freeze))
        groups = [group for each in self.optimisers for group in each.param_groups]
        for group, base in zip(groups, self.base):
            steps = self.step if group["heads"] else self.step - waits
            rate = rate_at(self.progress(), steps) if steps >= 0 else 0
            group["lr"] = base * self.options.rate * rate

    def learn(self, batches, printed):
        """One step over its batches and those of the vision tower alone; returns per kind its
        losses and the share right."""
        report = {}
        self.set_rates()
        world = self.ranks.world
        _, reading_weight, *_ = STAGES[stage_at(self.progress())]
        for batch in batches:
            loss, weight, count, right, reading = self.learner(batch)
            whole = loss / weight + reading_weight * sum(reading.values())
            # Nothing does where only heads learn and a batch has no pictures.
            if whole.requires_grad:
                (whole / len(batches) / world).backward()
            losses = {"answers": loss / weight, **reading}
            told = {name: float(each) for name, each in losses.items()}
            report[batch["kind"]] = {**told, "right": right / count}
        if printed is not None:
            reading = self.learner.see(printed)
            (sum(reading.values()) / world).backward()
            report["print"] = {name: float(each) for name, each in reading.items()}
        self.ranks.combine(1.0)
        for each in self.optimisers:
            each.step()
        self.ranks.settle(mean_share(self.step, 0.995))
        self.step += 1
        return report


def state_of(path):
    if path.is_file():
        return torch.load(path, map_location="cpu")
    return beginning({f"network.{name}": p for name, p in load(path).named_parameters()})


def beginning(weights):
    """The state of a run that begins with these weights by name."""
    return {"learner": weights, "average": weights, "step": 0, "seconds": 0.0}


def options_of():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole run")
    parser.add_argument("--out", required=True, help="folder of run.pt; resumed if it is there")
    parser.add_argument("--start", help="run.pt of another run, or a checkpoint, to begin with")
    parser.add_argument("--tower", help="run.pt from which --start takes its vision tower instead")
    parser.add_argument("--begin", type=float, default=0, help="share of the plan to skip")
    parser.add_argument("--rate", type=float, default=1, help="learning rate, times the plan's")
    parser.add_argument(
        "--heads-first",
        type=int,
        default=100,
        help="steps in which only heads learn where --start has none: they would pull it about",
    )
    parser.add_argument("--rows", help="of each step, not the plan's: 'counts:12 pair:1|clip:1'")
    parser.add_argument(
        "--freeze",
        "--still",
        default="",
        help="name prefixes of the parameters that are not trained, separated by commas",
    )
    parser.add_argument("--tokenizer", default="../models/mini", help="folder of tokenizer.json")
    parser.add_argument("--ranks", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda with --ranks 1")
    parser.add_argument("--drawers", type=int, default=0, help="processes that draw ahead")
    parser.add_argument("--times", type=int, default=1, help="samples a step, times the plan's")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    options = parser.parse_args()
    if options.rows:
        options.rows = rows_of(options.rows)
    options.freeze = tuple(filter(None, options.freeze.split(",")))
    return options


def main():
    options = options_of()
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # Forked before anything touches the accelerator.
    ahead = None
    if options.drawers > 0:
        seed = f"{options.seed}/{time.time()}"
        ahead = DrawingAhead(options.drawers, seed, *drawn(options))
    learner = Learner(Sizes()).to(options.device)
    ranks = Ranks(learner, options.ranks, cost_of)
    others = [
        multiprocessing.Process(target=work, args=(options, learner, ranks, rank), daemon=True)
        for rank in range(1, options.ranks)
    ]
    for process in others:
        process.start()
    work(options, learner, ranks, 0, ahead)
    for process in others:
        process.join()
    if ahead is not None:
        ahead.close()


def work(options, learner, ranks, rank, ahead=None):
    """One process of the run; ahead: where its batches come from, if not drawn by itself."""
    ranks.join(rank)
    run = Run(options, learner, ranks)
    held = run.folder / "run.pt"
    if held.exists() or options.start:
        run.resume(held if held.exists() else pathlib.Path(options.start))
    run.seconds = max(run.seconds, options.begin * options.minutes * 60)
    torch.manual_seed(rank)
    seed = f"{options.seed}/{run.step}/{rank}"
    drawing = ahead or Drawing(seed, *drawn(options), rank, options.ranks)
    shown, reports = time.time(), []
    # All processes go by the first one's clock, or they would not stop at the same step.
    clock = ranks.clock
    if rank == 0:
        clock[0] = run.seconds
    ranks.barrier.wait()
    while clock[0] < options.minutes * 60:
        run.seconds, begun = float(clock[0]), time.time()
        reports.append(run.learn(*drawing.step(stage_at(run.progress()))))
        if rank == 0:
            clock[0] += time.time() - begun
        ranks.barrier.wait()
        if rank == 0 and time.time() - shown > 20:
            print(json.dumps(summary(run, reports)), flush=True)
            shown, reports = time.time(), []
        if clock[0] // SAVED != run.seconds // SAVED:
            run.save()
    run.seconds = float(clock[0])
    run.save()


def drawn(options):
    """What every process draws alike; no print for the tower alone where its glyphs rest."""
    printed = not "glyphs".startswith(options.freeze)
    return options.tokenizer, options.times, options.rows, printed


def summary(run, reports):
    """Means since the last line."""
    line = {"step": run.step, "minutes": round(run.seconds / 60, 1)}
    for kind in sorted({kind for report in reports for kind in report}):
        line[kind] = means([report[kind] for report in reports if kind in report], 2)
    return line


def means(reports, digits):
    """Of each loss, over the reports that have it."""
    told = {}
    for report in reports:
        for name, loss in report.items():
            told.setdefault(name, []).append(loss)
    return {name: round(sum(losses) / len(losses), digits) for name, losses in told.items()}


def with_memory_kept(module):
    """Starts this process anew with KEEP_MEMORY, once."""
    if any(os.environ.get(name) != value for name, value in KEEP_MEMORY.items()):
        os.environ.update(KEEP_MEMORY)
        command = [sys.executable, "-m", f"vireo_training.{module}", *sys.argv[1:]]
        os.execv(sys.executable, command)


if __name__ == "__main__":
    with_memory_kept("train")
    main()
