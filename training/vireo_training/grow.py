"""Adds layers to the language model of a run. They start as identities: their last matrix is 0.

python3 -m vireo_training.grow /tmp/mini/run.pt 'M-M*-M*-M[M*-]*-[*-]' /tmp/grown/run.pt

The layers in brackets are new. To train the result, put the pattern without brackets into sizes.py.
"""

import dataclasses
import pathlib
import sys

import torch

from .learner import Learner
from .sizes import Sizes
from .train import initial_state, load_state, save

LAST = ("out_proj.weight", "o_proj.weight", "down_proj.weight")
LAYERS = "network.layers."


def previous_layers(marked: str) -> tuple[str, list[int | None]]:
    """The pattern without brackets, and for each layer its previous index or None if it is new."""
    places: list[int | None] = []
    new, before = False, 0
    for letter in marked:
        if letter in "[]":
            new = letter == "["
            continue
        places.append(None if new else before)
        before += not new
    return marked.replace("[", "").replace("]", ""), places


def grown(state: dict[str, torch.Tensor], marked: str, sizes: Sizes) -> dict[str, torch.Tensor]:
    """The weights of a run by name, with those of the new layers added.

    marked: the pattern with new layers in brackets; it replaces the pattern of `sizes`.
    Raises ValueError where the pattern keeps other layers than the run has.
    """
    pattern, places = previous_layers(marked)
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


def main(run: str, marked: str, out: str) -> None:
    weights = grown(load_state(pathlib.Path(run))["average"], marked, Sizes())
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    save(pathlib.Path(out), initial_state(weights))


if __name__ == "__main__":
    main(*sys.argv[1:])
