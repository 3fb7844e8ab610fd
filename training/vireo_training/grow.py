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
from .train import save, state_of

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


def grown(state, marked):
    """The weights of a run, with those of the new layers."""
    pattern, places = places_of(marked)
    held = {name for name in state if name.startswith(LAYERS)}
    if len({name.split(".")[2] for name in held}) != len(places) - places.count(None):
        raise ValueError(f"{marked} keeps other layers than the run has")
    learner = Learner(dataclasses.replace(Sizes(), pattern=pattern))
    weights = {}
    for name, p in learner.named_parameters():
        at, _, rest = name.removeprefix(LAYERS).partition(".")
        before = places[int(at)] if name.startswith(LAYERS) else None
        if before is not None:
            weights[name] = state[f"{LAYERS}{before}.{rest}"]
        elif not name.startswith(LAYERS):
            weights[name] = state.get(name, p.detach())
        else:
            weights[name] = torch.zeros_like(p) if name.endswith(LAST) else p.detach()
    return weights


def main(run, marked, out):
    weights = grown(state_of(pathlib.Path(run))["average"], marked)
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    save(pathlib.Path(out), {"learner": weights, "average": weights, "step": 0, "seconds": 0.0})


if __name__ == "__main__":
    main(*sys.argv[1:])
