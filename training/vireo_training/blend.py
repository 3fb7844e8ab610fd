"""Weights on the way from a checkpoint to a run that went on from it.

A short run on few samples a step learns what is new and loses some of what it no longer sees; part
of the way keeps most of both. Heads, which the checkpoint has none of, are the run's.

python3 -m vireo_training.blend /tmp/mini/run.pt ../models/mini 0.4 /tmp/mini/blend.pt
"""

import pathlib
import sys

import torch

from .train import beginning, save, state_of


def blended(run, checkpoint, share):
    """A run's state whose weights are checkpoint + share · (run − checkpoint), share in 0..1."""
    if not 0 <= share <= 1:
        raise ValueError(f"the share is {share}; from 0, the checkpoint, to 1, the run")
    reached, begun = state_of(run)["average"], state_of(checkpoint)["average"]
    return beginning(
        {
            name: torch.lerp(begun[name].float(), p, share) if name in begun else p
            for name, p in reached.items()
        }
    )


def main(run, checkpoint, share, out):
    save(pathlib.Path(out), blended(pathlib.Path(run), pathlib.Path(checkpoint), float(share)))


if __name__ == "__main__":
    main(*sys.argv[1:])
