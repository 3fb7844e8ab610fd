"""What several tests share: sizes, a distance, and a switch to float32."""

import pathlib

from torch import Tensor

from vireo_training import network
from vireo_training.sizes import Sizes, VisionSizes

MINI = pathlib.Path(__file__).parents[2] / "models" / "mini"
SMALL = Sizes(pattern="M*-", projector=64, intermediate=64, vision=VisionSizes(layers=1, mlp=64))


def off(a: Tensor, b: Tensor) -> float:
    """The distance of a from b, relative to the norm of b."""
    return float((a.float() - b.float()).norm() / b.float().norm())


class Exact:
    """A context in which all matrix products are float32."""

    def __enter__(self) -> None:
        network.Linear.exact = True

    def __exit__(self, *_: object) -> None:
        network.Linear.exact = False
