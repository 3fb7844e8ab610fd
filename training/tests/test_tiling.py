"""Tests of tiling.py."""

import unittest

import numpy
from PIL import Image

from vireo_training import tiling


class TilingTest(unittest.TestCase):
    def test_grids_are_those_of_the_published_processor(self):
        for size, most, grid in (
            ((481, 202), 12, (5, 2)),
            ((1178, 1779), 12, (2, 3)),
            ((724, 724), 12, (1, 1)),
            ((725, 725), 12, (2, 2)),
            ((640, 480), 12, (4, 3)),
            ((1920, 1080), 6, (2, 1)),
            ((300, 4000), 12, (1, 12)),
            ((4000, 300), 1, (1, 1)),
        ):
            self.assertEqual(tiling.grid_of(*size, 512, most), grid)

    def test_pictures_are_read_as_the_engine_reads_them(self):
        clear = Image.new("RGBA", (2, 2), (0, 0, 0, 0))
        deep = Image.fromarray(numpy.full((2, 2), 30000, numpy.uint16))
        for picture, seen in ((clear, 255), (deep, 30000 >> 8)):
            self.assertEqual(tiling.opaque(picture).getpixel((0, 0)), (seen, seen, seen))
