"""Tests of blend.py."""

import pathlib
import tempfile
import unittest

import torch

from support import MINI, off
from vireo_training import blend, train


class BlendTest(unittest.TestCase):
    def test_a_blend_lies_between_a_checkpoint_and_a_run(self):
        torch.manual_seed(4)
        with tempfile.TemporaryDirectory() as folder:
            run = pathlib.Path(folder) / "run.pt"
            weights = train.load_state(MINI)["average"]
            far = {name: p + torch.randn_like(p) for name, p in weights.items()}
            torch.save({"average": {**far, "text.weight": torch.ones(2)}}, run)
            for share in (0, 0.4, 1):
                made = blend.blended(run, MINI, share)["average"]
                for name, p in weights.items():
                    self.assertLess(off(made[name], p + share * (far[name] - p)), 1e-6)
                self.assertEqual(made["text.weight"].tolist(), [1, 1])
            with self.assertRaises(ValueError):
                blend.blended(run, MINI, 1.5)
