"""Tests of tower.py."""

import argparse
import unittest

import numpy
import torch

from support import MINI
from vireo_training import tower
from vireo_training.learner import TOWER_PREFIXES


class TowerTest(unittest.TestCase):
    def test_a_step_changes_the_tower_and_its_heads_only(self):
        options = argparse.Namespace(seed="1", rate=1, keep=0.5, tokenizer=MINI)
        run = tower.TowerRun({}, options)
        before = {name: p.detach().clone() for name, p in run.learner.named_parameters()}
        losses = run.train_step(progress=0.1)
        self.assertTrue(numpy.isfinite(list(losses.values())).all())
        for name, p in run.learner.named_parameters():
            self.assertEqual(
                name.startswith(TOWER_PREFIXES), not torch.equal(p, before[name]), name
            )
