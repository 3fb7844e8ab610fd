"""Trains the bundled model from random weights or from a checkpoint.

python3 -m vireo_training.train --minutes 90 --out /tmp/mini
"""

import argparse
import json
import multiprocessing
import os
import pathlib
import sys
import time
from typing import Any

import torch

from .batches import Batch
from .checkpoint import load
from .learner import RENAMED_HEADS, TOWER_PREFIXES, Learner
from .optim import cost_of, optimisers
from .plan import STAGES, BatchSource, PrefetchedBatches, Row, rows_of, stage_at
from .ranks import Ranks
from .sizes import Sizes

# Keeps the C library from returning freed memory to the system and faulting it in again.
MALLOC_SETTINGS = {
    "MALLOC_MMAP_THRESHOLD_": "8589934592",
    "MALLOC_TRIM_THRESHOLD_": "17179869184",
    "MALLOC_TOP_PAD_": "268435456",
}


# Seconds of training between two saves.
SAVE_SECONDS = 180

# Losses of one step: by kind of sample, then by name.
Report = dict[str, dict[str, float]]


def rate_at(progress: float, step: int, warm_steps: int = 50) -> float:
    """The learning rate as a share of the base rate: warm-up, then linear from 1 down to 0.02."""
    return min(1, (step + 1) / warm_steps) * (1 - 0.98 * min(1, progress))


def average_share(step: int, max_decay: float) -> float:
    """The share of a step in the exponential average of the weights; it falls to 1 - max_decay."""
    return 1 - min(max_decay, (step + 1) / (step + 11))


def save(path: pathlib.Path, state: Any) -> None:
    """Writes a file with torch.save, atomically."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


class Run:
    """One process of a training run, with all state that is saved and resumed."""

    def __init__(self, options: argparse.Namespace, learner: Learner, ranks: Ranks) -> None:
        self.options, self.learner, self.ranks = options, learner, ranks
        names = {id(p): name for name, p in learner.named_parameters()}
        owned = [(names[id(p)], p) for p in ranks.owned_parameters()]
        trained = [each for each in owned if not each[0].startswith(options.freeze)]
        self.optimisers = optimisers(trained, muon=options.optimizer == "muon")
        self.base_rates = [group["lr"] for each in self.optimisers for group in each.param_groups]
        self.step, self.seconds = 0, 0.0
        # A checkpoint's folder has a trained network without heads.
        self.untrained_heads = bool(options.start) and pathlib.Path(options.start).is_dir()
        self.folder = pathlib.Path(options.out)
        self.optimizer_file = self.folder / f"optimizer-{ranks.rank}-of-{ranks.world}.pt"

    def save(self) -> None:
        """Saves this process's optimisers and, in process 0, the weights and their average."""
        save(self.optimizer_file, [each.state_dict() for each in self.optimisers])
        if self.ranks.rank == 0:
            values, average = (
                {name: flat[span].view_as(p).clone().cpu() for (name, p), span in self.spans()}
                for flat in (self.ranks.values, self.ranks.average)
            )
            state = {"learner": values, "average": average, "step": self.step}
            save(self.folder / "run.pt", {**state, "seconds": self.seconds})

    def spans(self) -> list[tuple[tuple[str, torch.nn.Parameter], slice]]:
        """((name, parameter), its place in the flat arrays) of each parameter."""
        return list(zip(self.learner.named_parameters(), self.ranks.spans))

    def resume(self, path: pathlib.Path) -> None:
        """Loads the weights of a run or of a checkpoint's folder.

        Where `path` is this run's own save, it also restores the step, the time and the optimisers.
        """
        state = load_state(path)
        if self.options.tower and path != self.folder / "run.pt":
            tower = load_state(pathlib.Path(self.options.tower))["average"]
            tower = {name: p for name, p in tower.items() if name.startswith(TOWER_PREFIXES)}
            for weights in (state["learner"], state["average"]):
                weights.update(tower)
        if self.ranks.rank == 0:
            for (name, p), span in self.spans():
                if name in state["learner"] and state["learner"][name].numel() == p.numel():
                    self.ranks.values[span] = state["learner"][name].reshape(-1)
                    self.ranks.average[span] = state["average"][name].reshape(-1)
        if path == self.folder / "run.pt":
            self.step, self.seconds = state["step"], state["seconds"]
            if self.optimizer_file.exists():
                state = torch.load(self.optimizer_file, map_location=self.options.device)
                for each, held in zip(self.optimisers, state):
                    each.load_state_dict(held)
        self.ranks.barrier.wait()

    def progress(self) -> float:
        """The share of the run that has passed, from 0 to 1."""
        return self.seconds / 60 / self.options.minutes

    def set_rates(self) -> None:
        """Sets the learning rates; the network waits until untrained heads have learnt."""
        waits = self.options.heads_first if self.untrained_heads else 0
        for name, p in self.learner.named_parameters():
            learns = not name.startswith("network.") or self.step >= waits
            p.requires_grad_(learns and not name.startswith(self.options.freeze))
        groups = [group for each in self.optimisers for group in each.param_groups]
        for group, base in zip(groups, self.base_rates):
            steps = self.step if group["heads"] else self.step - waits
            rate = rate_at(self.progress(), steps) if steps >= 0 else 0
            group["lr"] = base * self.options.rate * rate

    def train_step(self, batches: list[Batch], printed: Batch | None) -> Report:
        """Trains one step; returns the losses and the share of right tokens of each kind.

        printed: a batch of print for the vision tower alone.
        """
        report: Report = {}
        self.set_rates()
        world = self.ranks.world
        auxiliary_weight = STAGES[stage_at(self.progress())].auxiliary_weight
        for batch in batches:
            loss, weight, count, right, auxiliary = self.learner(batch)
            whole = loss / weight + auxiliary_weight * sum(auxiliary.values())
            # A batch without pictures has no gradient while only the heads are trained.
            if whole.requires_grad:
                (whole / len(batches) / world).backward()
            losses = {"answers": loss / weight, **auxiliary}
            values = {name: float(each) for name, each in losses.items()}
            report[batch["kind"]] = {**values, "right": right / count}
        if printed is not None:
            losses = self.learner.vision_losses(printed)
            (sum(losses.values()) / world).backward()
            report["print"] = {name: float(each) for name, each in losses.items()}
        self.ranks.reduce_gradients(1.0)
        for each in self.optimisers:
            each.step()
        self.ranks.finish_step(average_share(self.step, 0.995))
        self.step += 1
        return report


def load_state(path: pathlib.Path) -> dict[str, Any]:
    """The state of a run from its run.pt, or a new state from a checkpoint's folder.

    Renames the heads of older runs.
    """
    if not path.is_file():
        return initial_state({f"network.{name}": p for name, p in load(path).named_parameters()})
    state = torch.load(path, map_location="cpu")
    for key in {"learner", "average"} & state.keys():
        state[key] = {RENAMED_HEADS.get(name, name): p for name, p in state[key].items()}
    return state


def initial_state(weights: dict[str, torch.Tensor]) -> dict[str, Any]:
    """The state of a run that starts with these weights by name."""
    return {"learner": weights, "average": weights, "step": 0, "seconds": 0.0}


def parse_options() -> argparse.Namespace:
    """The command line, with rows parsed and the frozen prefixes as a tuple."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=90, help="length of the whole run")
    parser.add_argument("--out", required=True, help="folder of run.pt; an existing run is resumed")
    parser.add_argument("--start", help="run.pt of another run, or a checkpoint, to start from")
    parser.add_argument("--tower", help="run.pt whose vision tower replaces that of --start")
    parser.add_argument("--begin", type=float, default=0, help="share of the plan to skip")
    parser.add_argument("--rate", type=float, default=1, help="factor of the plan's learning rate")
    parser.add_argument(
        "--heads-first",
        type=int,
        default=100,
        help="steps in which only the heads learn, if --start is a checkpoint without heads",
    )
    parser.add_argument(
        "--rows", help="rows of every step instead of the plan's: 'counts:12 pair:1|clip:1'"
    )
    parser.add_argument(
        "--freeze",
        "--still",
        default="",
        help="name prefixes of the parameters that are not trained, separated by commas",
    )
    parser.add_argument("--tokenizer", default="../models/mini", help="folder of tokenizer.json")
    parser.add_argument("--ranks", type=int, default=2, help="processes, one thread each")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda with --ranks 1")
    parser.add_argument(
        "--drawers", type=int, default=0, help="processes that draw batches in advance"
    )
    parser.add_argument(
        "--times", type=int, default=1, help="factor of the plan's samples per step"
    )
    parser.add_argument("--seed", default="1")
    parser.add_argument("--optimizer", choices=("muon", "adamw"), default="muon")
    options = parser.parse_args()
    if options.rows:
        options.rows = rows_of(options.rows)
    options.freeze = tuple(filter(None, options.freeze.split(",")))
    return options


def main() -> None:
    options = parse_options()
    pathlib.Path(options.out).mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(1)
    torch.manual_seed(0)
    # The drawing processes are forked, so they must start before anything touches the accelerator.
    prefetched = None
    if options.drawers > 0:
        seed = f"{options.seed}/{time.time()}"
        prefetched = PrefetchedBatches(options.drawers, seed, *source_arguments(options))
    learner = Learner(Sizes()).to(options.device)
    ranks = Ranks(learner, options.ranks, cost_of)
    others = [
        multiprocessing.Process(target=work, args=(options, learner, ranks, rank), daemon=True)
        for rank in range(1, options.ranks)
    ]
    for process in others:
        process.start()
    work(options, learner, ranks, 0, prefetched)
    for process in others:
        process.join()
    if prefetched is not None:
        prefetched.close()


def work(
    options: argparse.Namespace,
    learner: Learner,
    ranks: Ranks,
    rank: int,
    prefetched: PrefetchedBatches | None = None,
) -> None:
    """Runs one process of the training; it draws its own batches unless they are prefetched."""
    ranks.join(rank)
    run = Run(options, learner, ranks)
    held = run.folder / "run.pt"
    if held.exists() or options.start:
        run.resume(held if held.exists() else pathlib.Path(options.start))
    run.seconds = max(run.seconds, options.begin * options.minutes * 60)
    torch.manual_seed(rank)
    seed = f"{options.seed}/{run.step}/{rank}"
    source = prefetched or BatchSource(seed, *source_arguments(options), rank, options.ranks)
    shown, reports = time.time(), []
    # All processes use the clock of process 0, so that they stop at the same step.
    clock = ranks.clock
    if rank == 0:
        clock[0] = run.seconds
    ranks.barrier.wait()
    while clock[0] < options.minutes * 60:
        run.seconds, begun = float(clock[0]), time.time()
        reports.append(run.train_step(*source.step(stage_at(run.progress()))))
        if rank == 0:
            clock[0] += time.time() - begun
        ranks.barrier.wait()
        if rank == 0 and time.time() - shown > 20:
            print(json.dumps(summary(run, reports)), flush=True)
            shown, reports = time.time(), []
        if clock[0] // SAVE_SECONDS != run.seconds // SAVE_SECONDS:
            run.save()
    run.seconds = float(clock[0])
    run.save()


def source_arguments(
    options: argparse.Namespace,
) -> tuple[str, int, list[Row] | None, bool]:
    """The arguments that the BatchSources of all processes share: tokenizer, times, rows, and
    whether print is drawn, which it is not where the glyph head is frozen."""
    printed = not "glyphs".startswith(options.freeze)
    return options.tokenizer, options.times, options.rows, printed


def summary(run: Run, reports: list[Report]) -> dict[str, Any]:
    """A line of the log: mean losses of each kind since the previous line."""
    line: dict[str, Any] = {"step": run.step, "minutes": round(run.seconds / 60, 1)}
    for kind in sorted({kind for report in reports for kind in report}):
        line[kind] = mean_losses([report[kind] for report in reports if kind in report], 2)
    return line


def mean_losses(reports: list[dict[str, float]], digits: int) -> dict[str, float]:
    """The mean of each loss over the reports that contain it, rounded to so many digits."""
    values: dict[str, list[float]] = {}
    for report in reports:
        for name, loss in report.items():
            values.setdefault(name, []).append(loss)
    return {name: round(sum(losses) / len(losses), digits) for name, losses in values.items()}


def restart_with_malloc_settings(module: str) -> None:
    """Restarts this process once with MALLOC_SETTINGS in its environment."""
    if any(os.environ.get(name) != value for name, value in MALLOC_SETTINGS.items()):
        os.environ.update(MALLOC_SETTINGS)
        command = [sys.executable, "-m", f"vireo_training.{module}", *sys.argv[1:]]
        os.execv(sys.executable, command)


if __name__ == "__main__":
    restart_with_malloc_settings("train")
    main()
