"""Tests of grow.py."""

import dataclasses
import unittest

import torch

from support import SMALL, Exact, off
from vireo_training import grow
from vireo_training.learner import Learner


class GrowTest(unittest.TestCase):
    def test_new_layers_are_identities(self):
        sizes = dataclasses.replace(SMALL, pattern="M*-")
        begun = Learner(sizes)
        self.assertEqual(grow.previous_layers("[M]M*[-]-"), ("MM*--", [None, 0, 1, None, 2]))
        state = {name: p.detach() for name, p in begun.named_parameters()}
        weights = grow.grown(state, "[M]M*[-]-", sizes)
        for marked in ("M*[-]", "M*--"):
            with self.assertRaises(ValueError):
                grow.grown(state, marked, sizes)
        more = Learner(dataclasses.replace(sizes, pattern="MM*--"))
        more.load_state_dict(weights)
        ids = torch.randint(0, 1000, (2, 9))
        with Exact():
            self.assertEqual(off(more.network.logits(ids), begun.network.logits(ids)), 0)
