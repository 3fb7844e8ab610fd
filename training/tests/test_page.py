"""Tests of data/page.py."""

import random
import unittest

from vireo_training.data.page import TRAINING_FONTS, Page, box_text


class PageTest(unittest.TestCase):
    def test_boxes_are_stated_in_coordinates_of_the_tile(self):
        page = Page(256, 96, random.Random(1), TRAINING_FONTS)
        box = page.text(32, 40, "Total", 16)
        top = box[1] / 96
        self.assertTrue(box_text(page, box).startswith(f"[125, {round(1000 * top)}, "))
        page.frame = (500, 250, 500, 187.5)
        self.assertTrue(box_text(page, box).startswith(f"[562, {round(250 + 187.5 * top)}, "))
