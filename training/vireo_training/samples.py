"""Draws the pictures that the README and the playground show, with fonts kept out of training.

python3 -m vireo_training.samples ../web/src/samples
"""

import pathlib
import random
import sys

from .data import business, figures, scenes
from .data.page import Page

FONTS = ["Carlito-Regular"]
# Seeds whose pictures look well beside each other.
INVOICE, TABLE, CHART, SHAPES = 1, 5, 3, 0


class WhitePage(Page):
    """Black on white, as people scan it."""

    def __init__(self, width, height, rng, fonts):
        super().__init__(width, height, rng, fonts, plain=True)


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    business.Page = figures.Page = WhitePage
    page, _ = business.draw_invoice(random.Random(INVOICE), FONTS, held_out=True, strength=0)
    page.picture.save(folder / "invoice.png", optimize=True)
    for name, draw, seed in (
        ("table", figures.table, TABLE),
        ("chart", figures.chart, CHART),
        ("shapes", scenes.scene, SHAPES),
    ):
        arguments = {} if name == "shapes" else {"strength": 0}
        sample = draw(random.Random(seed), FONTS, **arguments)
        sample.pages[0].picture.save(folder / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
