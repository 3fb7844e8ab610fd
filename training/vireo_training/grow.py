"""A run with more layers in its language model, which change nothing yet: their last matrix is 0.

python3 -m vireo_training.grow /tmp/mini/run.pt 'M-M*-M*-M[M*-]*-[*-]' /tmp/grown/run.pt

The layers in brackets are new. A run that goes on from there needs the whole pattern in sizes.py.
"""

import dataclasses
import pathlib
import sys

import torch

from .learner import Learner
from .sizes import Sizes
from .train import beginning, save, state_of

LAST = ("out_proj.weight", "o_proj.weight", "down_proj.weight")
LAYERS = "network.layers."


def places_of(marked):
    """(the pattern without brackets; of each layer the place that it had before, None if new)"""
    places, new, before = [], False, 0
    for letter in marked:
        if letter in "[]":
            new = letter == "["
            continue
        places.append(None if new else before)
        before += not new
    return marked.replace("[", "").replace("]", ""), places


def grown(state, marked, sizes):
    """Weights of a run of these sizes but for the pattern, with those of the new layers.

    Throws ValueError where the pattern keeps other layers than the run has.
    """
    pattern, places = places_of(marked)
    held = {name for name in state if name.startswith(LAYERS)}
    if len({name.split(".")[2] for name in held}) != len(places) - places.count(None):
        raise ValueError(f"{marked} keeps other layers than the run has")
    learner = Learner(dataclasses.replace(sizes, pattern=pattern))
    weights = {}
    for name, p in learner.named_parameters():
        before = name
        if name.startswith(LAYERS):
            at, _, rest = name.removeprefix(LAYERS).partition(".")
            before = f"{LAYERS}{places[int(at)]}.{rest}"
        new = torch.zeros_like(p) if name.endswith(LAST) else p.detach()
        weights[name] = state.get(before, new)
    return weights


def main(run, marked, out):
    weights = grown(state_of(pathlib.Path(run))["average"], marked, Sizes())
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    save(pathlib.Path(out), beginning(weights))


if __name__ == "__main__":
    main(*sys.argv[1:])
