"""Tests of data/scenes.py."""

import random
import unittest

from vireo_training.data import scenes


class ScenesTest(unittest.TestCase):
    def test_kinds_and_colours_are_counted(self):
        rng = random.Random(3)
        for _ in range(20):
            sample = scenes.counts(rng, 192, 192)
            values = {ask: int(answer) for ask, answer in sample.turns}
            whole = values.pop("How many shapes are there?")
            self.assertIn(whole, range(1, 7))
            of_kinds = sum(n for ask, n in values.items() if " shapes " not in ask)
            of_colours = sum(n for ask, n in values.items() if " shapes " in ask)
            self.assertEqual((of_kinds, of_colours), (whole, whole))
