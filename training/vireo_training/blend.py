"""Averages the weights of a checkpoint and of a run that started from it.

A short run with few samples per step learns new skills and loses some of those it no longer trains;
an average keeps most of both. The heads are the run's where the checkpoint has none.

python3 -m vireo_training.blend /tmp/mini/run.pt ../models/mini 0.4 /tmp/mini/blend.pt
"""

import pathlib
import sys
from typing import Any

import torch

from .train import initial_state, load_state, save


def blended(run: pathlib.Path, checkpoint: pathlib.Path, share: float) -> dict[str, Any]:
    """The state of a run with the weights checkpoint + share · (run − checkpoint).

    Raises ValueError where the share is not from 0 to 1.
    """
    if not 0 <= share <= 1:
        raise ValueError(
            f"the share is {share}, expected a number from 0 (the checkpoint) to 1 (the run)"
        )
    end, start = load_state(run)["average"], load_state(checkpoint)["average"]
    return initial_state(
        {
            name: torch.lerp(start[name].float(), p, share) if name in start else p
            for name, p in end.items()
        }
    )


def main(run: str, checkpoint: str, share: str, out: str) -> None:
    save(pathlib.Path(out), blended(pathlib.Path(run), pathlib.Path(checkpoint), float(share)))


if __name__ == "__main__":
    main(*sys.argv[1:])
