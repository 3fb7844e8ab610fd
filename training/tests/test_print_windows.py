"""Tests of data/print_windows.py."""

import random
import unittest

import numpy

from vireo_training.data import auxiliary_targets, print_windows
from vireo_training.data.page import CLASS_OF, TRAINING_FONTS, Page


class PrintWindowsTest(unittest.TestCase):
    def test_a_window_has_the_labels_and_extents_of_its_strings(self):
        class First:
            def randint(self, least, most):
                return least

        page = Page(512, 512, random.Random(1), TRAINING_FONTS)
        page.text(32, 48, "Total 12.5", 16)
        x1, y1, x2, y2 = page.boxes[0]
        held = [(x, y, CLASS_OF[letter], x1, y1, x2, y2) for x, y, letter in page.glyphs]
        picture = numpy.zeros((512, 512, 3), numpy.uint8)
        pixels, cells, extents = print_windows.window(picture, numpy.array(held), First())
        side = print_windows.SIDE
        self.assertEqual(pixels.shape, (side, side, 3))
        patches = slice(side // 16)
        wanted = auxiliary_targets.patch_labels(page, 512, 512)[:, patches, patches]
        self.assertEqual(cells.tolist(), wanted.tolist())
        row, column = numpy.argwhere(cells[0, ..., 0])[0]
        left, up, right, down = extents[row, column]
        self.assertEqual((row, column), (3, 2))
        self.assertEqual((left, up), (16 // 8, int((48 + 24 - y1) / 2)))
        self.assertEqual((right, down), (int((x2 - 32) / 8), int((y2 - 48) / 2)))
