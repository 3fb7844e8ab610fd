"""Tests of learner.py."""

import random
import unittest

import torch

from support import MINI
from vireo_training.batches import draw_batch
from vireo_training.chat import NO_TARGET
from vireo_training.data import mixture
from vireo_training.learner import Learner
from vireo_training.sizes import Sizes
from vireo_training.tokenizer import Tokenizer


class LearnerTest(unittest.TestCase):
    def test_every_kind_has_targets_and_finite_losses(self):
        tokenizer, rng = Tokenizer(MINI), random.Random(5)
        learner = Learner(Sizes())
        for kind in mixture.SIZES:
            batch = draw_batch(kind, 2, rng, tokenizer)
            self.assertEqual((batch["targets"] != NO_TARGET).any(1).all(), True)
            loss, weight, _, _, auxiliary = learner(batch)
            (loss / weight + sum(auxiliary.values())).backward()
            self.assertTrue(torch.isfinite(loss))
